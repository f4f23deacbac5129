"""What the rows and files of the data folder say, as they are: nothing is made, migrated or repaired."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from upload_guard.doctor.caution import Caution
from upload_guard.errors import StorageFailed
from upload_guard.keyring import KEY_FILE
from upload_guard.lists.versions import VersionInfo, all_versions
from upload_guard.machine_keys.keys import living_keys
from upload_guard.outbox.standing import outbox_standing
from upload_guard.settings import Settings
from upload_guard.storage.database import Database, look_at_database

_IMPORT = "upload-guard list import NAME FILE --origin WHO --category CATEGORY"


def cautions_of_rows(settings: Settings) -> Iterator[Caution]:
    """Nothing where another machine has the rows."""
    if settings.service.url:
        return
    try:
        database = look_at_database(settings.database_url)
        versions = _versions(database)
        keys = living_keys(database, datetime.now(UTC)) if database else 0
        undelivered = outbox_standing(database).warnings if database else ()
    except StorageFailed as fault:
        yield Caution("database", str(fault), "see that this account may read it; start the server once")
        return
    yield from _lists(settings, versions)
    yield from _master_key(settings, keys)
    yield from map(_undelivered, undelivered)


def _versions(database: Database | None) -> tuple[VersionInfo, ...]:
    if database is None:
        return ()
    with database.session() as session:
        return all_versions(session)


def _lists(settings: Settings, versions: tuple[VersionInfo, ...]) -> Iterator[Caution]:
    active = {one.list_name for one in versions if one.active}
    known = {one.list_name for one in versions}
    if not active and not settings.upstreams:
        yield Caution(
            "no_list",
            "no list is active: every upload passes unchecked",
            f"'{_IMPORT}', then 'upload-guard list activate NAME'",
        )
    for name in sorted(settings.lists.keys() - active):
        step = f"'upload-guard list activate {name}'" if name in known else _first_version(settings, name)
        yield Caution(
            "list_not_active", f"[lists.{name}] is configured, and nothing is checked against it", step
        )


def _first_version(settings: Settings, name: str) -> str:
    if settings.lists[name].exchange:
        return f"'upload-guard sync run {name}', then 'upload-guard list activate {name}'"
    return f"'{_IMPORT.replace('NAME', name)}', then 'upload-guard list activate {name}'"


def _undelivered(warning: str) -> Caution:
    code, _, told = warning.partition(": ")
    return Caution(code, told, "mend what it says, then 'upload-guard outbox retry'")


def _master_key(settings: Settings, sealed: int) -> Iterator[Caution]:
    given = settings.keys.master.get_secret_value() or settings.keys.command
    file = settings.data_dir / KEY_FILE
    if sealed and not given and not file.exists():
        yield Caution(
            "master_key_missing",
            f"{file} is missing, and {sealed} machine keys lie sealed under it: the sidecar will not start",
            "give the file back from a backup, or 'upload-guard key revoke' the keys and make new ones",
        )
