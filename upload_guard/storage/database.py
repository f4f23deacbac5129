"""The database: opened once a process, brought up to date under a lock, its faults in our own words."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

from sqlalchemy import Engine, Select, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool, QueuePool

from upload_guard.errors import StorageFailed
from upload_guard.storage.changes import Changes
from upload_guard.storage.journal import Journal, info_with
from upload_guard.storage.locks import exclusive_lock

_Row = TypeVar("_Row")
_Key = TypeVar("_Key")
_Said = TypeVar("_Said")

_MIGRATIONS = Path(__file__).parent / "migrations"
LOCK_WAIT = 30.0
"""Seconds for which a locked database is waited for."""


@dataclass(frozen=True, slots=True)
class Database:
    """Sessions on one engine. A connection lives as long as its session, so a fork carries none along.

    `journal` takes what `note_act` is given in a session. `changes` is None where nothing may be opened for
    long.
    """

    engine: Engine
    journal: Journal | None = None
    changes: Changes | None = None

    def mark(self) -> object:
        """See `Changes.mark`."""
        return self.changes.mark() if self.changes else object()

    def remembered(self, ask: Callable[[Session], _Said]) -> _Said:
        """What `ask` says of rows, asked again once any may be another; known by itself, so no closure."""

        def asked() -> _Said:
            with self.session() as session:
                return ask(session)

        return self.changes.remembered(ask, asked) if self.changes else asked()

    def forget_deleted(self) -> None:
        """Have what was deleted leave the disk: SQLite keeps it in its log until then.

        Raises `StorageFailed`. Where another process reads, the log goes on a little longer.
        """
        if self.engine.dialect.name != "sqlite":
            return
        try:
            with self.engine.connect() as connection:
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        except SQLAlchemyError as error:
            raise StorageFailed(f"database {self.engine.url}: {_cause(error)}") from error

    @contextmanager
    def session(self) -> Iterator[Session]:
        """A transaction: committed at the end, undone by any exception. Raises `StorageFailed`."""
        try:
            with self._begun() as session:
                yield session
        except SQLAlchemyError as error:
            raise StorageFailed(f"database {self.engine.url}: {_cause(error)}") from error

    @contextmanager
    def _begun(self) -> Iterator[Session]:
        with (
            Session(self.engine, expire_on_commit=False, info=info_with(self.journal)) as session,
            session.begin(),
        ):
            yield session


def open_database(url: str, wait: float = LOCK_WAIT) -> Database:
    """The SQLite database at `url`, made if it is missing and migrated to the newest schema.

    A transaction waits `wait` seconds for others. Raises `StorageFailed`.
    """
    file = Path(make_url(url).database or "")
    engine = create_engine(url, poolclass=NullPool, hide_parameters=True)
    event.listen(engine, "connect", _configured(wait))
    try:
        if not (file.exists() and _revision(engine) == _newest()):
            with exclusive_lock(file.parent / "migrate.lock"):
                _migrate(engine)
    except SQLAlchemyError as error:
        raise StorageFailed(f"database {file}: {_cause(error)}") from error
    except OSError as error:
        raise StorageFailed(f"database {file}: {error.strerror}") from error
    return Database(engine, changes=Changes(file))


def row_of(session: Session, table: type[_Row], number: int) -> _Row | None:
    """The row of a number that somebody named; None as well for one that is too large for any row."""
    return session.get(table, number) if number < 1 << 63 else None


def counts_of(session: Session, counted: Select[_Key, int]) -> dict[_Key, int]:
    """What a query of pairs has counted, by what it is counted for."""
    return {row[0]: row[1] for row in session.execute(counted)}


def look_at_database(url: str) -> Database | None:
    """The same as it is, for reading only: nothing is made or migrated. None where there is none yet.

    Raises `StorageFailed` where it cannot be read, or has another schema than this release.
    """
    file = Path(make_url(url).database or "")
    try:
        if not file.exists():
            return None
    except OSError as error:
        raise StorageFailed(f"database {file}: {error.strerror}") from error
    # Where nobody has it open there is no log to read along, and SQLite would make one to write nothing to.
    how = "mode=ro" if file.with_name(f"{file.name}-wal").exists() else "immutable=1"
    engine = create_engine(f"sqlite:///file:{quote(str(file))}?{how}&uri=true", poolclass=NullPool)
    try:
        here = _revision(engine)
    except SQLAlchemyError as error:
        raise StorageFailed(f"database {file}: {_cause(error)}") from error
    if here != _newest():
        raise StorageFailed(f"database {file}: its schema is {here}, that of this release {_newest()}")
    return Database(engine)


def open_for_requests(url: str, wait: float = LOCK_WAIT) -> Database:
    """The same database for rows that every request reads and writes.

    Its connections stay open, so make it after a fork only: the last one to close would have SQLite tidy up
    each time. The disk is not waited for (in WAL mode, synchronous NORMAL): a killed process loses nothing, a
    power cut the last moments. Raises `StorageFailed`.
    """
    open_database(url, wait)
    engine = create_engine(url, poolclass=QueuePool, hide_parameters=True)
    event.listen(engine, "connect", _configured(wait))
    event.listen(engine, "connect", _wait_for_no_disk)
    return Database(engine)


def _revision(engine: Engine) -> str | None:
    """As Alembic notes it; None where nothing was migrated yet."""
    with engine.connect() as connection:
        noted = "SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'"
        if connection.execute(text(noted)).first() is None:
            return None
        return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


@cache
def _newest() -> str:
    """The schema of this release, by the names of its steps: `0027_retro.py` leads to 0027."""
    return max(step.name.partition("_")[0] for step in _MIGRATIONS.glob("versions/[0-9]*.py"))


def _migrate(engine: Engine) -> None:
    # What takes longest to import in a process that has nothing to migrate, as nearly all have.
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    # Alembic announces every step; that is news only where something is wrong.
    logging.getLogger("alembic").setLevel(logging.WARNING)
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    try:
        with engine.begin() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    except CommandError as error:
        cause = f"its schema is not of this release ({error})"
        raise StorageFailed(f"database {engine.url.database}: {cause}") from error


def _configured(wait: float) -> Callable[[Any, Any], None]:
    def configure(connection: Any, _record: Any) -> None:
        cursor = connection.cursor()
        for pragma in (
            f"busy_timeout = {int(wait * 1000)}",
            "journal_mode = WAL",
            "synchronous = FULL",
            "foreign_keys = ON",
            # A key that was deleted must not lie on in a free page.
            "secure_delete = ON",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    return configure


def _wait_for_no_disk(connection: Any, _record: Any) -> None:
    connection.execute("PRAGMA synchronous = NORMAL").close()


def _cause(error: SQLAlchemyError) -> str:
    """The driver's own words without the statement, whose parameters are nobody's business in a log."""
    return str(getattr(error, "orig", None) or type(error).__name__)
