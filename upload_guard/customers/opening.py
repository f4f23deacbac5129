"""Builds what looks after customers' hits from settings."""

from __future__ import annotations

from datetime import timedelta

from upload_guard.customers.asking import Asking
from upload_guard.customers.hits import HitKeys, Hits
from upload_guard.customers.outcomes import Outcomes
from upload_guard.keyring import open_keyring
from upload_guard.settings import Settings
from upload_guard.storage.database import Database


def hits_in(settings: Settings, database: Database) -> Hits:
    """Raises `MasterKeyError`."""
    return Hits(database, HitKeys(open_keyring(settings)))


def outcomes_in(settings: Settings, database: Database) -> Outcomes:
    """Raises `MasterKeyError`."""
    return Outcomes(database, HitKeys(open_keyring(settings)))


def asking_in(settings: Settings, database: Database) -> Asking:
    """Raises `MasterKeyError`."""
    own = settings.follow_up
    return Asking(
        hits_in(settings, database),
        after=timedelta(hours=own.ask_hours),
        deadline=timedelta(hours=own.hours),
        kept=timedelta(days=own.keep_days),
    )
