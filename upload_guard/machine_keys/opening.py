"""Builds the keys and the ledger of an installation from its settings."""

from __future__ import annotations

from datetime import timedelta

from upload_guard.audit.opening import open_audited
from upload_guard.keyring import open_keyring
from upload_guard.machine_keys.keys import KeyStore
from upload_guard.machine_keys.ledger import KeyLimits, RowLedger
from upload_guard.settings import Settings
from upload_guard.storage.database import open_for_requests


def open_keys(settings: Settings) -> KeyStore:
    """The machine keys of this installation. Raises `StorageFailed` or `MasterKeyError`."""
    return KeyStore(open_audited(settings), open_keyring(settings))


def open_for_door(settings: Settings) -> tuple[KeyStore, RowLedger]:
    """The keys, and what all workers know of requests just made, for a worker: open them after the fork.

    Raises `StorageFailed` or `MasterKeyError`.
    """
    own = settings.limits
    limits = KeyLimits(own.rate, own.burst, own.bad_signatures, timedelta(seconds=own.lock_out))
    database = open_for_requests(settings.database_url, settings.database.lock_wait)
    return KeyStore(database, open_keyring(settings)), RowLedger(database, limits)
