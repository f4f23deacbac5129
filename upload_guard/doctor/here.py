"""What lies on this machine: lists, quarantine, spool, keys, as a server of it would use them."""

from __future__ import annotations

import os
import pwd
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from upload_guard.checkers.upstreams.trying import try_out
from upload_guard.compose import (
    lists_not_active,
    live_snapshot,
    open_cases,
    open_lists,
    stale_lists,
    upstream_of,
)
from upload_guard.doctor.steps import Said, Step, broken, odd, skipped, taken, well
from upload_guard.intake.body import Spool
from upload_guard.lists.versions import VersionInfo
from upload_guard.machine_keys.opening import open_keys
from upload_guard.moments import utc_now
from upload_guard.settings import Settings

_FOLDER = "give the folder to the account that the server runs as (chown -R), and see that its disk has room"
_LISTS = "import the list again, or roll it back: 'upload-guard list show', 'upload-guard list rollback NAME'"
_UPSTREAMS = "'upload-guard upstream test NAME' asks again; look at its url, user and password or key"
_KEYS = "give the master key back from a backup, or 'upload-guard key revoke' what was made under it"


def owner_of_data(settings: Settings) -> str:
    """Whose the data folder is, where that is another account than this one; as that one it has to be run.

    Files made by another account would be out of the server's reach.
    """
    try:
        owner = settings.data_dir.stat().st_uid
    except OSError:
        return ""
    if owner == os.geteuid():
        return ""
    try:
        return pwd.getpwuid(owner).pw_name
    except KeyError:
        return f"#{owner}"


def steps_here(settings: Settings) -> Iterator[Step]:
    yield taken("lists", lambda: _lists(settings), _LISTS)
    if settings.upstreams:
        yield taken("upstreams", lambda: _upstreams(settings), _UPSTREAMS)
    yield taken("quarantine", lambda: _quarantine(settings), _FOLDER)
    yield spool_step(settings)
    yield taken("keys", lambda: _keys(settings), _KEYS)


def spool_step(settings: Settings) -> Step:
    return taken("spool", lambda: _spool(settings), _FOLDER)


def _lists(settings: Settings) -> Said:
    store = open_lists(settings)
    active = [version for version in store.versions() if version.active]
    missing = lists_not_active(settings, store)
    if not active and settings.upstreams:
        return skipped("no list is active: uploads are checked by check services alone")
    if not active:
        return odd(
            "NO LIST IS ACTIVE: every upload passes unchecked",
            "'upload-guard list import NAME FILE --origin WHO --category CATEGORY', 'list activate NAME'",
        )
    loaded = live_snapshot(store)()
    told = f"{', '.join(map(_described, active))}; {loaded.size} entries are loaded"
    computed = settings.signal_types.values()
    if unmet := [kind for kind in loaded.looks if kind.plugged and kind not in computed]:
        return odd(
            f"{told}; nothing computes {', '.join(unmet)}, so that no upload can meet such an entry",
            f"write [signals.{unmet[0].rpartition('-')[0]}] into the settings again: docs/signal-types.md",
        )
    if missing:
        return odd(
            f"{told}; configured and not active: {', '.join(missing)}",
            f"'upload-guard list activate {missing[0]}', or remove its section",
        )
    if stale := stale_lists(settings):
        return odd(
            f"{told}; stale: {', '.join(stale)}",
            f"'upload-guard sync run {stale[0]}' says why it is not fetched",
        )
    return well(told)


def _upstreams(settings: Settings) -> Said:
    tried = {
        name: try_out(upstream_of(name, own, settings)) for name, own in sorted(settings.upstreams.items())
    }
    told = "; ".join(f"{name} {one.words}" for name, one in tried.items())
    return well(told) if all(one.answered for one in tried.values()) else broken(told, _UPSTREAMS)


def _described(version: VersionInfo) -> str:
    age = datetime.now(UTC) - version.imported_at
    return f"{version.list_name} version {version.number} ({_days(age)} old)"


def _days(age: timedelta) -> str:
    return f"{age.days} days" if age.days else f"{age.seconds // 3600} hours"


def _quarantine(settings: Settings) -> Said:
    open_cases(settings).vault.probe()
    return well(f"{settings.quarantine.vault or settings.vault_dir} can be written")


def _spool(settings: Settings) -> Said:
    Spool(settings.spool_dir).close()
    return well(f"{settings.spool_dir} can be written")


def _keys(settings: Settings) -> Said:
    keys = open_keys(settings)
    keys.probe()
    living = sum(not key.fault(utc_now()) for key in keys.show())
    if not living:
        return skipped("no machine key was made: only a sidecar needs one ('upload-guard key new SITE')")
    return well(f"the master key opens {living} machine key{'s' if living > 1 else ''}")
