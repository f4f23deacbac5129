"""Whether anything has changed, asked without reading."""

from __future__ import annotations

import os
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.support import lay_schema
from upload_guard.errors import StorageFailed
from upload_guard.storage import changes as module
from upload_guard.storage.changes import Changes
from upload_guard.storage.database import Database, open_database
from upload_guard.storage.tables import HashList


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "rows.sqlite3"
    lay_schema(f"sqlite:///{file}")
    return file


@pytest.fixture
def database(file: Path) -> Database:
    return open_database(f"sqlite:///{file}")


@pytest.fixture
def changes(file: Path) -> Iterator[Changes]:
    changes = Changes(file)
    yield changes
    changes.close()


def add(database: Database, name: str) -> None:
    with database.session() as session:
        session.add(HashList(name=name, origin="origin", created_at=datetime.now(UTC)))


def names(session: Session) -> tuple[str, ...]:
    return tuple(session.scalars(select(HashList.name).order_by(HashList.name)))


def opened(file: Path) -> list[str]:
    """What of the database this process has open."""
    links = list(Path("/proc/self/fd").iterdir())
    found = (str(link.readlink()) for link in links if link.is_symlink())
    return [one for one in found if one.startswith(str(file))]


def test_the_mark_stays_while_nothing_is_committed(database: Database, changes: Changes) -> None:
    before = changes.mark()
    with database.session() as session:
        names(session)
    assert changes.mark() == before


def test_each_commit_of_anybody_else_is_another_mark(database: Database, changes: Changes) -> None:
    marks = [changes.mark()]
    for name in ("one", "two", "three"):
        add(database, name)
        marks.append(changes.mark())
    assert len(set(marks)) == 4


def test_a_commit_while_another_connection_stays_open_is_another_mark(file: Path, changes: Changes) -> None:
    """What is committed lies in the log alone then, and the file itself is as it was."""
    with closing(sqlite3.connect(file)) as kept:
        kept.execute("SELECT count(*) FROM hash_lists").fetchall()
        before, age = changes.mark(), file.stat().st_mtime_ns
        kept.execute("INSERT INTO used_nonces VALUES ('key', 'nonce', '2026-01-01')")
        kept.commit()
        assert file.stat().st_mtime_ns == age
        assert changes.mark() != before


def test_what_was_undone_is_no_change(database: Database, changes: Changes) -> None:
    before = changes.mark()
    with database.session() as session:
        session.add(HashList(name="one", origin="origin", created_at=datetime.now(UTC)))
        session.flush()
        session.rollback()
    assert changes.mark() == before


def test_a_backup_that_takes_the_file_s_place_is_another_mark(
    file: Path, database: Database, changes: Changes
) -> None:
    backup = file.with_name("backup.sqlite3")
    backup.write_bytes(file.read_bytes())
    add(database, "later")
    before = changes.mark()
    database.forget_deleted()
    backup.replace(file)
    for log in ("-wal", "-shm"):
        file.with_name(file.name + log).unlink(missing_ok=True)
    restored = changes.mark()
    assert restored != before
    assert changes.mark() == restored
    # The new file is watched from now on, and in it what is committed to the log alone.
    with closing(sqlite3.connect(file)) as kept:
        kept.execute("SELECT count(*) FROM hash_lists").fetchall()
        add(database, "in the new one")
        assert changes.mark() != restored
    with database.session() as session:
        assert names(session) == ("in the new one",)


def test_a_backup_that_is_copied_into_the_file_is_another_mark(
    file: Path, database: Database, changes: Changes
) -> None:
    backup = file.read_bytes()
    add(database, "later")
    database.forget_deleted()
    os.utime(file, (1, 1))
    before = changes.mark()
    file.write_bytes(backup)
    assert changes.mark() != before


def test_where_there_is_no_file_no_mark_is_like_another_and_none_is_made(tmp_path: Path) -> None:
    changes = Changes(tmp_path / "none.sqlite3")
    assert changes.mark() != changes.mark()
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_comes_back_is_watched_again(file: Path, changes: Changes) -> None:
    away = file.rename(file.with_name("away"))
    assert changes.mark() != changes.mark()
    away.rename(file)
    assert changes.mark() == changes.mark()


def test_no_checkpoint_waits_for_who_has_asked(file: Path, database: Database, changes: Changes) -> None:
    changes.mark()
    add(database, "one")
    changes.mark()
    with database.engine.connect() as connection:
        busy, *_ = connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").one()
    assert busy == 0
    assert file.with_name(f"{file.name}-wal").stat().st_size == 0


def test_a_child_has_no_connection_of_its_parent_s(file: Path, database: Database, changes: Changes) -> None:
    before = changes.mark()
    assert opened(file)
    child = os.fork()
    if child == 0:
        signal.alarm(20)
        there = opened(file)
        mark = changes.mark()
        add(database, "of the child")
        os._exit(0 if not there and changes.mark() != mark else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert changes.mark() != before
    assert changes.mark() == changes.mark()


def test_after_the_end_nothing_is_open_and_nothing_opened_again(file: Path, changes: Changes) -> None:
    changes.mark()
    changes.close()
    assert opened(file) == []
    assert changes.mark() != changes.mark()
    assert opened(file) == []
    assert not file.with_name(f"{file.name}-wal").exists()


def test_what_rows_said_is_asked_again_only_after_a_change(database: Database) -> None:
    asked = []

    def ask(session: Session) -> tuple[str, ...]:
        asked.append(names(session))
        return asked[-1]

    assert database.remembered(ask) == database.remembered(ask) == ()
    assert len(asked) == 1
    add(database, "one")
    assert database.remembered(ask) == database.remembered(ask) == ("one",)
    assert len(asked) == 2


def test_what_is_committed_while_rows_are_read_is_asked_about_again(file: Path, database: Database) -> None:
    other = open_database(f"sqlite:///{file}")

    def ask(session: Session) -> tuple[str, ...]:
        said = names(session)
        if not said:
            add(other, "meanwhile")
        return said

    assert database.remembered(ask) == ()
    assert database.remembered(ask) == ("meanwhile",)


def test_a_fault_is_not_remembered(database: Database) -> None:
    faults = [StorageFailed("a fault")]

    def ask(session: Session) -> tuple[str, ...]:
        if faults:
            raise faults.pop()
        return names(session)

    with pytest.raises(StorageFailed):
        database.remembered(ask)
    assert database.remembered(ask) == ()


def test_rows_are_read_again_some_time_later_in_any_case(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    def ask(_session: Session) -> int:
        asked.append(1)
        return len(asked)

    assert database.remembered(ask) == database.remembered(ask) == 1
    monkeypatch.setattr(module, "ASKS_ANEW", 0.0)
    assert database.remembered(ask) == 2
