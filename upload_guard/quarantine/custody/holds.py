"""What keeps bytes from expiring: a legal hold, and the time for which a report has to be preserved."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from upload_guard.errors import UsageError
from upload_guard.quarantine.cases import found_case
from upload_guard.storage.database import Database
from upload_guard.storage.journal import Act, note_act
from upload_guard.storage.tables import Case
from upload_guard.storage.vault_tables import LegalHold, Preservation
from upload_guard.vault.vault import claim


@dataclass(frozen=True, slots=True)
class Holds:
    """Rows in `database`. Each method raises `UsageError` where it cannot be, and `StorageFailed`."""

    database: Database

    def place(self, number: str, person: str, because: str) -> int:
        """Nothing of the case is shredded until this is lifted; the hold's own number."""
        _needs_a_reason(because)
        with self.database.session() as session:
            _refuse_gone(session, found_case(session, number))
            hold = LegalHold(
                case_number=number, placed_at=datetime.now(UTC), placed_by=person, because=because[:1024]
            )
            session.add(hold)
            session.flush()
            note_act(
                session, Act(person, "hold.placed", number, {"hold": hold.id, "because": because[:1024]})
            )
            return hold.id

    def lift(self, number: str, hold: int | None, person: str, because: str) -> None:
        """End one hold; which one may stay open only where there is one."""
        _needs_a_reason(because)
        with self.database.session() as session:
            rows = [row for row in _in_force(session, number) if hold is None or row.id == hold]
            if not rows:
                raise UsageError(f"no such hold is on case {number}")
            if len(rows) > 1:
                numbers = ", ".join(str(row.id) for row in rows)
                raise UsageError(f"case {number} has several holds ({numbers}): say which with --hold")
            (row,) = rows
            row.lifted_at, row.lifted_by, row.lifted_because = datetime.now(UTC), person, because[:1024]
            note_act(session, Act(person, "hold.lifted", number, {"hold": row.id, "because": because[:1024]}))

    def preserve(self, number: str, report: str, submitted_at: datetime, person: str) -> datetime:
        """A report of the case was submitted: it is kept for a year from then, which is returned.

        18 U.S.C. 2258A(h), as the REPORT Act of 2024 has it.
        """
        until = a_year_after(submitted_at)
        with self.database.session() as session:
            _refuse_gone(session, found_case(session, number))
            session.add(
                Preservation(case_number=number, report=report[:255], submitted_at=submitted_at, until=until)
            )
            note_act(session, Act(person, "case.preserved", number, {"until": until.isoformat()}))
        return until


def is_kept_by_law(session: Session, number: str, now: datetime) -> bool:
    """Whether a hold or a preservation period forbids shredding at `now`."""
    preserved = select(Preservation.id).where(Preservation.case_number == number, Preservation.until > now)
    return bool(_in_force(session, number)) or session.scalar(preserved.limit(1)) is not None


def a_year_after(moment: datetime) -> datetime:
    """The same day of the next year, or 1 March after a 29 February."""
    try:
        return moment.replace(year=moment.year + 1)
    except ValueError:
        return moment.replace(year=moment.year + 1, month=3, day=1)


def _in_force(session: Session, number: str) -> list[LegalHold]:
    held = select(LegalHold).where(LegalHold.case_number == number, LegalHold.lifted_at.is_(None))
    return list(session.scalars(held.order_by(LegalHold.id)))


def _refuse_gone(session: Session, case: Case) -> None:
    name = case.vault_name
    # An expiry of the same case waits here, or this waits for it, and then the case names nothing any more.
    claimed = claim(session, name)
    session.refresh(case)
    if not claimed or case.vault_name != name:
        raise UsageError(f"the bytes of case {case.number} are not held (any more), so they cannot be kept")


def _needs_a_reason(because: str) -> None:
    if not because.strip():
        raise UsageError("a hold needs a reason")
