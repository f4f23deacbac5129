"""How the exchange of each list is doing, on record for those who look after it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from upload_guard.storage.database import Database
from upload_guard.storage.sync_tables import ExchangeRun


class Stage(StrEnum):
    """How far what was fetched has come."""

    FETCHING = "fetching"
    FETCHED = "fetched"
    SETTLED = "settled"


@dataclass(frozen=True, slots=True)
class ExchangeState:
    """One exchange as it is shown; see `storage.sync_tables.ExchangeRun`."""

    list_name: str
    checkpoint: str
    stage: Stage
    fault: str
    begun_at: datetime
    tried_at: datetime
    succeeded_at: datetime | None
    version: int | None
    content: bytes | None

    def age(self, now: datetime) -> timedelta:
        """Since the list was last known to be as its exchange has it; since the first try if it never was."""
        return now - (self.succeeded_at or self.begun_at)

    def stale(self, after: timedelta, now: datetime) -> bool:
        """Whether that is too long ago: the last version goes on working, and somebody should know."""
        return self.age(now) > after

    def due(self, every: timedelta, now: datetime) -> bool:
        """Whether it is time for a run; always, where the last one failed or was killed."""
        return bool(self.fault) or self.stage is not Stage.SETTLED or now - self.tried_at >= every


@dataclass(frozen=True, slots=True)
class ExchangeRows:
    """The row of one list's exchange, made by `tried`."""

    database: Database
    list_name: str

    def tried(self) -> ExchangeState:
        """A run begins; how the exchange is doing up to now."""
        now = datetime.now(UTC)
        with self.database.session() as session:
            row = _row_of(session, self.list_name)
            if row is None:
                row = ExchangeRun(
                    list_name=self.list_name, checkpoint="", state=Stage.FETCHING, fault="", begun_at=now
                )
                session.add(row)
            row.tried_at = now
            session.flush()
            return _state_of(row)

    def fetched(self, checkpoint: str, stage: Stage) -> None:
        """A page is kept, or all of them are."""
        with self._row() as row:
            row.checkpoint, row.state = checkpoint, stage

    def became(self, version: int, content: bytes) -> None:
        """All that was fetched is a version now."""
        with self._row() as row:
            row.version, row.content = version, content

    def settled(self) -> None:
        """The run went well: the list is as its exchange has it, or waits because people want it so."""
        with self._row() as row:
            row.state, row.fault, row.succeeded_at = Stage.SETTLED, "", datetime.now(UTC)

    def failed(self, fault: str) -> None:
        with self._row() as row:
            row.fault = fault

    @contextmanager
    def _row(self) -> Iterator[ExchangeRun]:
        with self.database.session() as session:
            yield session.scalars(select(ExchangeRun).where(ExchangeRun.list_name == self.list_name)).one()


def exchange_states(database: Database) -> Mapping[str, ExchangeState]:
    """Every exchange that was ever tried, by the name of its list."""
    with database.session() as session:
        return {row.list_name: _state_of(row) for row in session.scalars(select(ExchangeRun))}


def _row_of(session: Session, list_name: str) -> ExchangeRun | None:
    return session.scalar(select(ExchangeRun).where(ExchangeRun.list_name == list_name))


def _state_of(row: ExchangeRun) -> ExchangeState:
    return ExchangeState(
        list_name=row.list_name,
        checkpoint=row.checkpoint,
        stage=Stage(row.state),
        fault=row.fault,
        begun_at=row.begun_at,
        tried_at=row.tried_at,
        succeeded_at=row.succeeded_at,
        version=row.version,
        content=row.content,
    )
