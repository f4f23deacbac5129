"""Delays of statements: an authority asks that an uploader hears nothing while it investigates."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session

from upload_guard.errors import UsageError
from upload_guard.lists.opinions import hold_opinions
from upload_guard.moments import utc_now
from upload_guard.quarantine.cases import found_case
from upload_guard.storage.database import Database
from upload_guard.storage.journal import Act, note_act
from upload_guard.storage.statement_tables import Statement, StatementDelay
from upload_guard.storage.tables import Case, Decision

_BECAUSE = 1024


@dataclass(frozen=True, slots=True)
class Delay:
    """One in force."""

    until: datetime
    because: str
    placed_by: str


@dataclass(frozen=True, slots=True)
class Delays:
    """Rows in `database`. Raises `UsageError` where it cannot be, and `StorageFailed`."""

    database: Database
    now: Callable[[], datetime] = field(default=utc_now)

    def place(self, number: str, until: datetime, person: str, because: str) -> None:
        """Nothing is told of the case before `until`. What the site was told already cannot be untold."""
        if not because.strip():
            raise UsageError("a delay needs a reason: who asked for it, and under which reference")
        if until <= self.now():
            raise UsageError("a delay ends in the future")
        with self.database.session() as session:
            # Nothing is told meanwhile.
            hold_opinions(session)
            found_case(session, number)
            if session.scalar(_told(number)) is not None:
                raise UsageError(f"too late: the site was told of the statement of {number} already")
            session.add(
                StatementDelay(
                    case_number=number,
                    until=until,
                    because=because[:_BECAUSE],
                    placed_at=self.now(),
                    placed_by=person,
                )
            )
            said: dict[str, str | int] = {"until": until.isoformat(), "because": because[:_BECAUSE]}
            note_act(session, Act(person, "statement.delayed", number, said))

    def lift(self, number: str, person: str) -> None:
        """End every delay of the case now."""
        now = self.now()
        with self.database.session() as session:
            rows = list(session.scalars(select(StatementDelay).where(_of(number), in_force(now))))
            if not rows:
                raise UsageError(f"nothing delays the statement of case {number}")
            for row in rows:
                row.lifted_at, row.lifted_by = now, person
            note_act(session, Act(person, "statement.delay_lifted", number))

    def of(self, number: str) -> Delay | None:
        """The one that lasts longest."""
        with self.database.session() as session:
            return longest(session, number, self.now())


def longest(session: Session, number: str, now: datetime) -> Delay | None:
    """The delay of a case that is in force and lasts longest."""
    wanted = select(StatementDelay).where(_of(number), in_force(now)).order_by(StatementDelay.until.desc())
    row = session.scalar(wanted.limit(1))
    return Delay(row.until, row.because, row.placed_by) if row else None


def in_force(now: datetime) -> ColumnElement[bool]:
    return (StatementDelay.until > now) & StatementDelay.lifted_at.is_(None)


def _told(number: str) -> Select[int]:
    """The statement of the last decision on the case, if it was told; one before it does not count."""
    newest = (
        select(func.max(Decision.id)).join(Case, Case.id == Decision.case_id).where(Case.number == number)
    )
    return select(Statement.id).where(
        Statement.told_at.is_not(None), Statement.decision_id == newest.scalar_subquery()
    )


def _of(number: str) -> ColumnElement[bool]:
    return StatementDelay.case_number == number
