"""Private checks: which lists they are about, what is prepared for them, and who answers them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

from upload_guard.compose.rules import build_trust
from upload_guard.errors import ConfigError
from upload_guard.list_settings import Disclosure
from upload_guard.moments import utc_now
from upload_guard.policy import Trust
from upload_guard.records import Action, Standing
from upload_guard.settings import Settings

if TYPE_CHECKING:
    from upload_guard.keyring import Keyring
    from upload_guard.lists.orders import BuildOrder
    from upload_guard.lists.store import ListStore
    from upload_guard.matching.delta import ListedValue
    from upload_guard.private.building import Disclosed, SetOrder
    from upload_guard.private.checks import PrivateChecks
    from upload_guard.private.oprf import KeyPair

_KEY_OF = b"upload_guard private checks"


def disclosed_lists(settings: Settings) -> Mapping[str, Disclosure]:
    """The lists that customers may ask about without telling, and how."""
    return {name: own.disclose for name, own in sorted(settings.lists.items()) if own.disclose != "never"}


def open_private_checks(settings: Settings) -> PrivateChecks | None:
    """Who answers private checks; None where no list may be asked about.

    Raises `ConfigError` without the extra, `MasterKeyError` and `StorageFailed`.
    """
    lists = disclosed_lists(settings)
    if not lists:
        return None
    require_oprf(lists)
    from upload_guard.keyring import open_keyring
    from upload_guard.private.checks import PrivateChecks
    from upload_guard.private.quota import Quota
    from upload_guard.private.sets import SetFolder
    from upload_guard.storage.database import open_for_requests

    keyring = open_keyring(settings)
    database = open_for_requests(settings.database_url, settings.database.lock_wait)
    return PrivateChecks(
        sets=SetFolder(settings.private_dir),
        quota=Quota(database, settings.private.evaluations_per_day),
        lists=lists,
        key_of=lru_cache(4)(lambda period: _pair(keyring, period)),
        narrowed={name: own.lists for name, own in settings.customers.items() if own.lists},
    )


def require_oprf(lists: Mapping[str, Disclosure]) -> None:
    """Raises `ConfigError` where what private checks take is not there."""
    try:
        import upload_guard.private.group  # noqa: F401
    except (ImportError, OSError) as error:
        raise ConfigError(
            f"lists.{min(lists)}.disclose takes rbcl ({error}): pip install 'upload-guard[private]'"
        ) from error


def private_set_is_due(settings: Settings, lists: ListStore) -> bool:
    """Whether what is in force is not what is offered. Raises `StorageFailed` and `MasterKeyError`."""
    from upload_guard.private.sets import SetFolder

    sets = SetFolder(settings.private_dir)
    sets.clear_up()
    epoch = _ingredients(settings, lists).order.epoch
    return sets.current_epoch() != epoch or not sets.is_whole(epoch)


def prepare_private_set(settings: Settings, lists: ListStore) -> None:
    """Make a set of what is in force now, and offer that.

    Raises `ListError`, `StorageFailed` and `MasterKeyError`.
    """
    from upload_guard.private.building import write_set
    from upload_guard.private.known import Known
    from upload_guard.private.sets import SetFolder

    sets = SetFolder(settings.private_dir)
    made_of = _ingredients(settings, lists)
    order, before, known = made_of.order, sets.current_epoch(), Known()
    if sets.is_whole(before):
        manifest = sets.of_epoch(before).manifest
        if manifest.public_key == order.pair.public.hex():
            known = Known.read(sets.folder / before, manifest.known_sha256)
    entries = _entries(made_of, build_trust(settings))
    sets.put(order.epoch, lambda folder: write_set(folder, order, entries, known))


@dataclass(frozen=True, slots=True)
class _Ingredients:
    """Of a set: what is said of it, the versions of its lists, and which of their entries are disputed."""

    order: SetOrder
    lists: BuildOrder
    disputed: frozenset[ListedValue]


def _ingredients(settings: Settings, lists: ListStore) -> _Ingredients:
    from upload_guard.keyring import open_keyring
    from upload_guard.lists.opinions import OpinionStore
    from upload_guard.private.building import SetOrder

    allowed, keyring = dict(disclosed_lists(settings)), open_keyring(settings)
    whole = lists.order()
    chosen = replace(
        whole,
        versions=tuple(one for one in whole.versions if one.list_name in allowed),
        changes=tuple(one for one in whole.changes if one.list_name in allowed),
    )
    standings = OpinionStore(lists.database).load().standings
    disputed = frozenset(
        one for one, standing in standings.items() if standing is Standing.DISPUTED and one[0] in allowed
    )
    period = int(utc_now().timestamp()) // (86400 * settings.private.rotate_days)
    said = [
        allowed,
        chosen.generation,
        sorted([name, kind.value, value.hex()] for name, kind, value in disputed),
        settings.trust.model_dump(mode="json"),
        {name: settings.lists[name].actions for name in allowed},
        [period, settings.private.rotate_days],
        keyring.fingerprint.hex(),
    ]
    generation = hashlib.sha256(json.dumps(said).encode()).hexdigest()
    pair = _pair(keyring, period)
    return _Ingredients(SetOrder(generation, allowed, bool(chosen.versions), period, pair), chosen, disputed)


def _entries(made_of: _Ingredients, trust: Trust) -> Iterator[Disclosed]:
    """What can do something here: nothing disputed, and nothing of a category that is ignored."""
    from upload_guard.private.building import Disclosed

    for one in made_of.lists.entries():
        if (one.list_name, one.signal_type, one.value) in made_of.disputed:
            continue
        if trust.ceiling(one.list_name, one.category) is not Action.ALLOW:
            ranged = made_of.order.lists[one.list_name] == "ranges"
            yield Disclosed(one.signal_type, one.value, one.category, ranged)


def _pair(keyring: Keyring, period: int) -> KeyPair:
    from upload_guard.private.marks import OBLIVIOUS

    return OBLIVIOUS.key_pair(keyring.subkey(f"private checks, period {period}"), _KEY_OF)
