"""A check service's rows, under a clock that stands still until a test moves it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.support import lay_schema
from upload_guard.customers.hits import HitKeys, Hits
from upload_guard.keyring import Keyring
from upload_guard.storage.database import Database, open_database


@dataclass
class Clock:
    """What time it is."""

    at: datetime = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.at

    def advance(self, **by: float) -> None:
        self.at += timedelta(**by)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return open_database(lay_schema(f"sqlite:///{tmp_path / 'data' / 'test.sqlite3'}"))


@pytest.fixture
def keys() -> HitKeys:
    return HitKeys(Keyring(b"m" * 32))


@pytest.fixture
def hits(database: Database, keys: HitKeys, clock: Clock) -> Hits:
    return Hits(database, keys, clock)
