"""An outbox over a database of its own, and what it is told."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from tests.outbox.receiver import Clock, Inbox
from tests.support import lay_schema
from upload_guard.outbox.messages import Outbox
from upload_guard.signing import Credentials
from upload_guard.storage.database import Database, open_database


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return open_database(lay_schema(f"sqlite:///{tmp_path / 'data' / 'test.sqlite3'}"))


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def outbox(database: Database, clock: Clock) -> Outbox:
    return Outbox(database, timedelta(hours=72), clock)


@pytest.fixture
def inbox() -> Inbox:
    return Inbox(Credentials("0123456789abcdef", "an-example-secret-that-opens-nothing"))
