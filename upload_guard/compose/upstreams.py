"""Check services as settings name them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from upload_guard.errors import ConfigError
from upload_guard.records import SignalType
from upload_guard.settings import Settings
from upload_guard.upstream_settings import KINDS, UpstreamSettings

if TYPE_CHECKING:
    from requests.auth import AuthBase

    from upload_guard.checkers.upstreams.asking import Upstreams
    from upload_guard.checkers.upstreams.contact import Contact
    from upload_guard.checkers.upstreams.upstream import Upstream
    from upload_guard.upstreams.services.outcomes import OutcomeTaker
    from upload_guard.upstreams.services.service import CheckService


def build_upstreams(settings: Settings) -> Upstreams:
    """All that uploads are asked about; none where settings name none.

    Raises `ConfigError` and `MasterKeyError`.
    """
    from upload_guard.checkers.upstreams.asking import Upstreams

    if not settings.upstreams:
        return Upstreams()
    from upload_guard.keyring import open_keyring

    key = open_keyring(settings).subkey("upstream answers")
    return Upstreams(
        tuple(_contact(name, own, settings, key) for name, own in sorted(settings.upstreams.items()))
    )


def _contact(name: str, own: UpstreamSettings, settings: Settings, key: bytes) -> Contact:
    from upload_guard.checkers.upstreams.cache import AnswerCache, AnswerLimits
    from upload_guard.checkers.upstreams.circuit import Circuit
    from upload_guard.checkers.upstreams.contact import Contact
    from upload_guard.checkers.upstreams.rate import Rate
    from upload_guard.checkers.upstreams.tally import Tally

    return Contact(
        upstream=upstream_of(name, own, settings),
        cache=AnswerCache(key, AnswerLimits(own.positive_seconds, own.negative_seconds, own.cache_entries)),
        rate=Rate(own.rate_in_force),
        circuit=Circuit(own.failures, own.pause),
        tally=Tally(name),
    )


def upstream_of(name: str, own: UpstreamSettings, settings: Settings) -> Upstream:
    """One of them by itself. Raises `ConfigError`."""
    from upload_guard.checkers.upstreams.upstream import Meaning, OnFailure, Upstream

    kind = KINDS[own.kind]
    limit = settings.trust.pdq_limit if own.pdq_limit is None else own.pdq_limit
    return Upstream(
        name=name,
        origin=own.origin,
        service=_service_of(name, own, limit),
        sends=frozenset(SignalType(one) for one in own.sent if one != "file"),
        sends_file="file" in own.sent,
        meaning=Meaning(own.category, own.words()),
        on_failure=OnFailure(own.failure),
        timeout=own.timeout,
        per_hash=kind.per_hash,
        variants=own.variants,
        pdq_limit=limit,
    )


def _service_of(name: str, own: UpstreamSettings, pdq_limit: int) -> CheckService:
    """The one module that knows this kind of system."""
    from upload_guard.signing import Credentials
    from upload_guard.upstreams.asking import Asker
    from upload_guard.upstreams.services.arachnid import ArachnidShield
    from upload_guard.upstreams.services.hashcheckservice import HashCheckService
    from upload_guard.upstreams.services.hma import Hma
    from upload_guard.upstreams.services.photodna import PhotoDna
    from upload_guard.upstreams.services.sidecar import Sidecar

    if own.ca_file and not own.ca_file.is_file():
        raise ConfigError(f"[upstreams.{name}] ca_file {own.ca_file}: there is no such file")
    if own.kind == "upload_guard":
        key = Credentials(own.user, own.password.get_secret_value())
        return Sidecar(Asker(None, own.ca_file), own.url, key)
    if own.kind in {"private", "ranges"}:
        return _private_service(name, own)
    asker = Asker(_auth_of(own), own.ca_file)
    if own.kind == "eokm":
        return HashCheckService(asker, own.url, own.test_path)
    if own.kind == "arachnid":
        return ArachnidShield(asker, own.url)
    if own.kind == "photodna":
        return PhotoDna(asker, own.url)
    types = frozenset(SignalType(one) for one in own.sent if one != "file")
    return Hma(asker, own.url, types, own.banks, pdq_limit)


def _private_service(name: str, own: UpstreamSettings) -> CheckService:
    from upload_guard.signing import Credentials
    from upload_guard.upstreams.asking import Asker
    from upload_guard.upstreams.services.private_door import PrivateDoor
    from upload_guard.upstreams.services.private_ranges import RangeService

    key = Credentials(own.user, own.password.get_secret_value())
    door = PrivateDoor(Asker(None, own.ca_file), own.url, key)
    if own.kind == "ranges":
        return RangeService(door)
    try:
        from upload_guard.upstreams.services.private import ObliviousService
    except (ImportError, OSError) as error:
        raise ConfigError(
            f"[upstreams.{name}] kind: private takes rbcl ({error}): pip install 'upload-guard[private]'"
        ) from error
    return ObliviousService(door)


def _auth_of(own: UpstreamSettings) -> AuthBase | None:
    from upload_guard.upstreams.asking import Key
    from upload_guard.upstreams.client import Login
    from upload_guard.upstreams.services.photodna import KEY_HEADER

    key = own.key.get_secret_value()
    if key:
        return Key(KEY_HEADER, key) if own.kind == "photodna" else Key("Authorization", f"Bearer {key}")
    return Login(own.user, own.password.get_secret_value()) if own.user else None


def outcome_taker(own: UpstreamSettings) -> OutcomeTaker:
    """Where one of them hears what became of its hits, by the key that asks it."""
    from upload_guard.signing import Credentials
    from upload_guard.upstreams.asking import Asker
    from upload_guard.upstreams.client import Login
    from upload_guard.upstreams.services.outcomes import OutcomeTaker

    password = own.password.get_secret_value()
    if own.kind == "upload_guard":
        return OutcomeTaker(Asker(ca_file=own.ca_file), own.url, Credentials(own.user, password))
    return OutcomeTaker(Asker(Login(own.user, password), own.ca_file), own.url)
