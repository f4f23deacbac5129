"""A mailbox that cannot be read is told of, for otherwise nobody would ever know what lies there."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from tests.notices.mail.taker import Taker
from tests.outbox.receiver import Clock
from upload_guard.errors import TransportError
from upload_guard.notices.mail.mailboxes import Fetcher
from upload_guard.notices.mail.maildir import Maildir
from upload_guard.notices.mail.watching import Watched
from upload_guard.storage.database import Database, open_database
from upload_guard.storage.outbox_tables import OutboxEvent


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return open_database(f"sqlite:///{tmp_path / 'test.sqlite3'}")


def told(database: Database) -> list[str]:
    with database.session() as session:
        return [f"{one.kind} {one.details['recipient']}" for one in session.scalars(select(OutboxEvent))]


def test_an_hour_of_silence_is_told_once_a_day_and_a_short_one_is_not(
    database: Database, tmp_path: Path
) -> None:
    clock, folder = Clock(), tmp_path / "box"
    watched = Watched(Fetcher("abuse", Maildir(folder), Taker().take), database, clock)

    def fail_for(hours: float) -> None:
        with pytest.raises(TransportError):
            watched.run()
        clock.pass_by(timedelta(hours=hours))

    fail_for(0.9)
    (folder / "new").mkdir(parents=True)
    (folder / "cur").mkdir()
    assert watched.run() == 0
    (folder / "new").rmdir()
    fail_for(0.9)
    fail_for(0.2)
    assert told(database) == []
    fail_for(0.2)
    fail_for(0.2)
    assert told(database) == ["mailbox_silent abuse"]
    clock.pass_by(timedelta(days=1))
    fail_for(0)
    assert told(database) == ["mailbox_silent abuse"] * 2
