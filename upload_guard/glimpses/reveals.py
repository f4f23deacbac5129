"""Showing people something of a held file: one step at a time, for a reason, and noted before it is shown."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from upload_guard.errors import UsageError
from upload_guard.glimpses.blur import blurred
from upload_guard.glimpses.looking import Hindrance, Looker, Sight
from upload_guard.glimpses.tickets import Tickets
from upload_guard.quarantine.cases import CaseInfo
from upload_guard.storage.database import Database
from upload_guard.storage.journal import Act, note_act
from upload_guard.storage.vault_tables import AuditRow

REVEALED, REFUSED, FAILED = "case.revealed", "case.reveal_refused", "case.reveal_failed"
THUMBNAIL = "case.thumbnail_shown"
HOUR = timedelta(hours=1)


class Refusal(StrEnum):
    """Why a step may not be taken."""

    BEYOND = "beyond"
    SKIPPING = "skipping"
    TOO_MANY = "too_many"


class RevealRefused(UsageError):
    """A step that may not be taken. `number` is the last step of the role, the next step, or the limit."""

    code = "reveal_refused"

    def __init__(self, refusal: Refusal, number: int) -> None:
        super().__init__(f"step refused: {refusal} ({number})")
        self.refusal, self.number = refusal, number


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who wants to see: `bearer` names the session that alone may fetch the picture, `most` is the last step
    that the person's role may take."""

    person: str
    bearer: str
    most: int


@dataclass(frozen=True, slots=True)
class Revealed:
    """`ticket` fetches the picture once. `matched` and `whole` as in `Sight`."""

    ticket: str
    step: int
    view: str
    matched: bool
    whole: bool


@dataclass(frozen=True, slots=True)
class Shown:
    """How often something of a case was shown on request, and to whom last."""

    times: int = 0
    last_by: str = ""
    last_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Reveals:
    """What was shown is told by the audit log alone; `per_hour` is for one person.

    Each method raises `StorageFailed`; those that show raise `AuditBroken`, and then nothing is shown.
    """

    database: Database
    looker: Looker
    per_hour: int

    def reveal(self, case: CaseInfo, step: int, viewer: Viewer, because: str) -> Revealed | Hindrance:
        """Take the next step for a reason. Raises `RevealRefused`, and `UsageError` without a reason."""
        if not because.strip():
            raise UsageError("viewing needs a reason")
        try:
            return self._revealed(case, step, viewer, because.strip()[:1024])
        except RevealRefused as refused:
            said: dict[str, str | int] = {"step": step, "why": refused.refusal.value}
            self._note(Act(viewer.person, REFUSED, case.number, said))
            raise

    def thumbnail(self, case: CaseInfo, viewer: Viewer) -> Revealed | Hindrance:
        """The first step without asking, where settings allow it; noted all the same, and not limited."""
        sight = self.looker.look(case)
        if isinstance(sight, Hindrance):
            return sight
        with self.database.session() as session:
            note_act(session, Act(viewer.person, THUMBNAIL, case.number))
            return self._issued(session, 1, viewer, sight)

    def fetch(self, ticket: str, bearer: str) -> bytes | None:
        """The picture that a ticket stands for, once: a PNG file."""
        return self._tickets.redeem(ticket, bearer)

    def shown(self, number: str) -> Shown:
        of_case = select(AuditRow).where(AuditRow.case_number == number, AuditRow.act == REVEALED)
        with self.database.session() as session:
            rows = session.scalars(of_case.order_by(AuditRow.sequence)).all()
        return Shown(len(rows), rows[-1].person, rows[-1].at) if rows else Shown()

    def next_step(self, number: str, viewer: Viewer) -> int:
        """The step that the person may take now; 0 where that was the last one."""
        with self.database.session() as session:
            step = _reached(session, number, viewer.person) + 1
        return step if step <= viewer.most else 0

    @property
    def _tickets(self) -> Tickets:
        return Tickets(self.database)

    def _revealed(self, case: CaseInfo, step: int, viewer: Viewer, because: str) -> Revealed | Hindrance:
        with self.database.session() as session:
            self._refuse(session, case.number, step, viewer)
        said: dict[str, str | int] = {"step": step, "because": because}
        sight = self.looker.look(case)
        if isinstance(sight, Hindrance):
            self._note(Act(viewer.person, FAILED, case.number, said | {"why": sight.value}))
            return sight
        with self.database.session() as session:
            # First, since it has others wait who are noting something at the same time.
            note_act(session, Act(viewer.person, REVEALED, case.number, said))
            if _count(session, viewer.person) > self.per_hour:
                raise RevealRefused(Refusal.TOO_MANY, self.per_hour)
            return self._issued(session, step, viewer, sight)

    def _refuse(self, session: Session, number: str, step: int, viewer: Viewer) -> None:
        if not 0 < step <= viewer.most:
            raise RevealRefused(Refusal.BEYOND, viewer.most)
        next_step = _reached(session, number, viewer.person) + 1
        if step > next_step:
            raise RevealRefused(Refusal.SKIPPING, next_step)
        if _count(session, viewer.person) >= self.per_hour:
            raise RevealRefused(Refusal.TOO_MANY, self.per_hour)

    def _issued(self, session: Session, step: int, viewer: Viewer, sight: Sight) -> Revealed:
        """A ticket in the transaction of its note: without the one there is not the other."""
        ticket = self._tickets.issue(session, blurred(sight.glimpse, step), viewer.bearer)
        return Revealed(ticket, step, sight.glimpse.view, sight.matched, sight.whole)

    def _note(self, act: Act) -> None:
        with self.database.session() as session:
            note_act(session, act)


def _reached(session: Session, number: str, person: str) -> int:
    """The farthest step that the person took on this case within the hour."""
    rows = session.scalars(
        select(AuditRow).where(*_within_the_hour(person, REVEALED), AuditRow.case_number == number)
    )
    return max((int(row.details["step"]) for row in rows), default=0)


def _count(session: Session, person: str) -> int:
    """How often within the hour; what came to nothing counts too, for it cost as much."""
    counted = _within_the_hour(person, REVEALED, FAILED)
    return session.scalar(select(func.count(AuditRow.sequence)).where(*counted)) or 0


def _within_the_hour(person: str, *acts: str) -> tuple[ColumnElement[bool], ...]:
    since = datetime.now(UTC) - HOUR
    return AuditRow.act.in_(acts), AuditRow.person == person[:64], AuditRow.at > since
