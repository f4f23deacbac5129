"""What became of files that had passed before they were found on a list, as their sites tell it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from upload_guard.quarantine.telling import tell_done
from upload_guard.storage.api_tables import LateOutcome
from upload_guard.storage.database import Database
from upload_guard.storage.tables import Case


class LateAction(StrEnum):
    """What the site did: `removed` the file, has it `hidden` from visitors, left it in place (`kept`), found
    it `gone` already, or tried and `failed`."""

    REMOVED = "removed"
    HIDDEN = "hidden"
    KEPT = "kept"
    GONE = "gone"
    FAILED = "failed"


def done_late(action: LateAction) -> str:
    """What `tell_done` is told of it."""
    return f"late {action.value}"


@dataclass(frozen=True, slots=True)
class Told:
    """One such word on a case. `reference` is the site's own name for the file, if it gave one."""

    case: str
    action: LateAction
    reference: str
    at: datetime
    by: str


@dataclass(frozen=True, slots=True)
class LateOutcomes:
    """Rows in `database`. Raises `StorageFailed`."""

    database: Database

    def note(self, case: str, action: LateAction, reference: str, by: str) -> Told:
        """Write it down; what was told before stands as it was told first. `by` is a machine key's id."""
        with self.database.session() as session:
            row = session.scalar(
                select(LateOutcome).where(
                    LateOutcome.case_number == case, LateOutcome.outcome == action.value
                )
            )
            if row is None:
                row = LateOutcome(
                    case_number=case,
                    outcome=action.value,
                    reference=reference[:200],
                    told_at=datetime.now(UTC),
                    told_by=by,
                )
                session.add(row)
                _tell(session, case, action)
        return _told(row)

    def on(self, case: str) -> tuple[Told, ...]:
        """All that was told of a case, oldest first."""
        with self.database.session() as session:
            rows = session.scalars(
                select(LateOutcome).where(LateOutcome.case_number == case).order_by(LateOutcome.id)
            )
            return tuple(map(_told, rows))


def _tell(session: Session, number: str, action: LateAction) -> None:
    case = session.scalar(select(Case).where(Case.number == number))
    if case is not None:
        tell_done(session, case, done_late(action))


def _told(row: LateOutcome) -> Told:
    return Told(row.case_number, LateAction(row.outcome), row.reference, row.told_at, row.told_by)
