"""What lies on this machine: rows, lists, bank, cases. Each opener raises `StorageFailed`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from upload_guard.compose.rules import is_manual, known_categories
from upload_guard.errors import ConfigError
from upload_guard.records import SignalType
from upload_guard.settings import Settings

if TYPE_CHECKING:
    from upload_guard.audit.log import AuditWatch
    from upload_guard.lists.bank.benign import BenignStore
    from upload_guard.lists.log.signal_log import LogReader
    from upload_guard.lists.store import ListStore
    from upload_guard.lists.sync.rows import ExchangeState
    from upload_guard.lists.sync.run import Sync
    from upload_guard.quarantine.cases import Cases
    from upload_guard.quarantine.custody.exports import Exports
    from upload_guard.quarantine.custody.holds import Holds
    from upload_guard.storage.database import Database
    from upload_guard.vault.vault import Vault


def open_database_of(settings: Settings) -> Database:
    """The rows of this machine. Raises `StorageFailed`."""
    from upload_guard.audit.opening import open_audited

    return open_audited(settings)


def open_audit(settings: Settings) -> AuditWatch:
    """What people have done on this machine. Raises `StorageFailed`."""
    from upload_guard.audit.log import AuditWatch
    from upload_guard.audit.opening import audit_log

    return AuditWatch(open_database_of(settings), audit_log(settings))


def open_lists(settings: Settings) -> ListStore:
    """The hash lists of this machine. Raises `StorageFailed`."""
    return lists_in(settings, open_database_of(settings))


def lists_not_active(settings: Settings, lists: ListStore) -> tuple[str, ...]:
    """Lists that somebody has written settings for, and that nothing is checked against."""
    active = {version.list_name for version in lists.versions() if version.active}
    return tuple(sorted(settings.lists.keys() - active))


def open_benign(settings: Settings) -> BenignStore:
    """The benign bank of this machine. Raises `StorageFailed`."""
    return benign_in(settings, open_database_of(settings))


def open_signal_log(settings: Settings, since: datetime) -> LogReader:
    """The uploads in this machine's log from `since` on. Raises `StorageFailed` and `MasterKeyError`."""
    from upload_guard.keyring import open_keyring
    from upload_guard.lists.log.signal_log import LogReader

    return LogReader(open_database_of(settings), open_keyring(settings), since)


def open_cases(settings: Settings) -> Cases:
    """The cases of this machine. Raises `StorageFailed`."""
    from upload_guard.quarantine.cases import Cases

    database = open_database_of(settings)
    return Cases(database, vault_in(settings, database))


def open_holds(settings: Settings) -> Holds:
    """What keeps cases from expiring. Raises `StorageFailed`."""
    from upload_guard.quarantine.custody.holds import Holds

    return Holds(open_database_of(settings))


def open_exports(settings: Settings) -> Exports:
    """What hands cases to authorities. Raises `StorageFailed` and `MasterKeyError`."""
    from upload_guard.quarantine.custody.exports import Exports

    cases = open_cases(settings)
    return Exports(cases.database, cases, settings.spool_dir)


def exchange_states(settings: Settings) -> Mapping[str, ExchangeState]:
    """How the exchanges of this machine are doing, by list. Raises `StorageFailed`."""
    from upload_guard.lists.sync.rows import exchange_states

    return exchange_states(open_database_of(settings))


def build_sync(settings: Settings, name: str, person: str) -> Sync:
    """What fetches a list from its exchange. Raises `ConfigError` where it has none, and `StorageFailed`."""
    from upload_guard.lists.sync.run import FOLDER, Sync, SyncOrder
    from upload_guard.upstreams.choose import exchange_of

    own = settings.lists.get(name)
    if own is None or own.exchange is None:
        raise ConfigError(f"list {name!r} has no exchange: write one into [lists.{name}.exchange]")
    order = SyncOrder(name, own.exchange.origin, own.exchange.category, person, is_manual(settings, name))
    store = open_lists(settings)
    exchange = exchange_of(own.exchange, own.public_key, store.folder / FOLDER / f"{name}.fetched")
    return Sync(exchange, store, order, known_categories(settings, name))


def vault_in(settings: Settings, database: Database) -> Vault:
    """Where bytes are held. Raises `MasterKeyError` and `ConfigError`."""
    from upload_guard.keyring import open_keyring
    from upload_guard.vault.object_place import object_place
    from upload_guard.vault.places import FolderPlace
    from upload_guard.vault.vault import Vault

    url = settings.quarantine.vault
    place = object_place(url) if url else FolderPlace(settings.vault_dir)
    return Vault(database, open_keyring(settings), place, settings.vault_dir, settings.spool_dir)


def lists_in(settings: Settings, database: Database) -> ListStore:
    from upload_guard.lists.snapshots import SnapshotFolder
    from upload_guard.lists.store import ListStore

    bank = benign_in(settings, database).load
    computed = frozenset((*SignalType, *settings.signal_types.values()))
    return ListStore(database, settings.lists_dir, SnapshotFolder(settings.snapshots_dir), bank, computed)


def benign_in(settings: Settings, database: Database) -> BenignStore:
    from upload_guard.lists.bank.benign import BenignStore
    from upload_guard.lists.bank.shipped import ShippedBank

    return BenignStore(database, ShippedBank() if settings.benign.shipped else None)
