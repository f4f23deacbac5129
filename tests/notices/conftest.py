"""A desk over a database of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.notices.site import NotedSite, noted_site
from tests.notices.tellers import Clock
from upload_guard.keyring import Keyring
from upload_guard.notices.desk import Desk
from upload_guard.storage.database import Database, open_database


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return open_database(f"sqlite:///{tmp_path / 'data' / 'test.sqlite3'}")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def keyring() -> Keyring:
    return Keyring(bytes(32))


@pytest.fixture
def desk(database: Database, keyring: Keyring, clock: Clock) -> Desk:
    return Desk(database, keyring, "blog", now=clock, trusted=frozenset({"hotline@example.org"}))


@pytest.fixture(scope="package")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NotedSite]:
    """Shared: each test has files of its own in it."""
    made = noted_site(tmp_path_factory.mktemp("noted"))
    yield made
    made.station.sandbox.close()
