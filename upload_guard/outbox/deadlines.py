"""Notes what nears its deadline and what has passed it: cases, notices, files that still lie on a site.

First when it is `late`, which leaves time to act; once more when the deadline itself has passed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import exists, or_, select
from sqlalchemy.orm import Session

from upload_guard.outbox.digest import UNDECIDED
from upload_guard.quarantine.states import CaseState
from upload_guard.storage.events import Event, EventKind, note_event
from upload_guard.storage.notice_tables import Notice
from upload_guard.storage.outbox_tables import OutboxEvent
from upload_guard.storage.placement_tables import PlacedFile
from upload_guard.storage.tables import Case

LATE, OVERDUE, IN_PLACE = "late", "overdue", "in place"
_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class Deadlines:
    """`late` is how long a case or a notice may wait before it is told of, `norm` how long it should at most.

    A notice has its own deadline, and is late as long before that as a case is before its norm.
    """

    late: timedelta
    norm: timedelta

    def note(self, session: Session, now: datetime) -> None:
        """Each thing once for each of the two, however often it is asked."""
        for event in (
            *self._cases(session, now - self.late, EventKind.CASE_LATE, LATE),
            *self._cases(session, now - self.norm, EventKind.OVERDUE, OVERDUE),
            *self._notices(session, now + self.norm - self.late, EventKind.NOTICE_LATE, LATE),
            *self._notices(session, now, EventKind.OVERDUE, OVERDUE),
            *self._in_place(session, now - self.norm),
        ):
            note_event(session, event)

    def _cases(self, session: Session, came_by: datetime, kind: EventKind, word: str) -> Iterator[Event]:
        told = exists().where(OutboxEvent.once == (f"{word} " + Case.number))
        waiting = select(Case.number, Case.site).where(
            Case.state.in_(UNDECIDED), Case.created_at <= came_by, ~told
        )
        for number, site in session.execute(waiting.order_by(Case.id).limit(_AT_ONCE)):
            yield Event(kind, number, site, once=f"{word} {number}")

    def _notices(self, session: Session, due_by: datetime, kind: EventKind, word: str) -> Iterator[Event]:
        told = exists().where(OutboxEvent.once == (f"{word} " + Notice.number))
        waiting = select(Notice.number, Notice.site).where(
            Notice.closed_at.is_(None), Notice.deadline <= due_by, ~told
        )
        for number, site in session.execute(waiting.order_by(Notice.id).limit(_AT_ONCE)):
            yield Event(kind, site=site, details={"notice": number}, once=f"{word} {number}")

    def _in_place(self, session: Session, noted_by: datetime) -> Iterator[Event]:
        """Confirmed cases whose file is still where it was found. Undecided ones were told of above."""
        told = exists().where(OutboxEvent.once == (f"{IN_PLACE} " + PlacedFile.case_number))
        lying = or_(PlacedFile.removed_at.is_(None), PlacedFile.restored_at >= PlacedFile.removed_at)
        still_there = (
            select(PlacedFile.case_number, PlacedFile.site)
            .join(Case, Case.number == PlacedFile.case_number)
            .where(Case.state == CaseState.CONFIRMED, lying, PlacedFile.noted_at <= noted_by, ~told)
            .distinct()
        )
        for number, site in session.execute(still_there.limit(_AT_ONCE)):
            yield Event(EventKind.OVERDUE, number, site, once=f"{IN_PLACE} {number}")
