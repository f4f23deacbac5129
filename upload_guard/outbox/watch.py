"""Notes what nobody does and time brings: cases that wait, files about to expire, no list, the day's end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from upload_guard.moments import utc_now
from upload_guard.outbox.digest import UNDECIDED
from upload_guard.quarantine.custody.holds import is_kept_by_law
from upload_guard.quarantine.custody.retention import Retention, due
from upload_guard.quarantine.states import CaseState
from upload_guard.storage.database import Database
from upload_guard.storage.events import Event, EventKind, note_event
from upload_guard.storage.outbox_tables import OutboxEvent
from upload_guard.storage.tables import Case, HashList
from upload_guard.storage.vault_tables import Preservation

_LATE, _EXPIRING, _ENDING = "late", "expiring", "preservation"
# Somebody may still want the file of these, be it as evidence.
_WANTED = frozenset({*UNDECIDED, CaseState.CONFIRMED})
_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class Watch:
    """Looks at rows. `late` is how long a case may wait, `ahead` how early an expiry is told of.

    `by_lists`: nobody else checks uploads, so that one without any active list is news.
    `local` gives a moment in the machine's own time zone, by which `digest_hour` is meant.
    """

    database: Database
    retention: Retention
    late: timedelta
    ahead: timedelta
    digest_hour: int
    now: Callable[[], datetime] = field(default=utc_now)
    local: Callable[[datetime], datetime] = field(default=datetime.astimezone)
    by_lists: bool = True

    def look(self) -> None:
        """Note what is new; each thing once. Raises `StorageFailed`."""
        now = self.now()
        self._note_expiring(now)
        with self.database.session() as session:
            self._note_late(session, now)
            self._note_ending(session, now)
            if self.by_lists:
                self._note_no_list(session, now)
            self._note_digest(session, now)

    def _note_late(self, session: Session, now: datetime) -> None:
        told = exists().where(OutboxEvent.once == (f"{_LATE} " + Case.number))
        late = (
            select(Case)
            .where(Case.state.in_(UNDECIDED), Case.created_at <= now - self.late, ~told)
            .order_by(Case.id)
            .limit(_AT_ONCE)
        )
        for case in session.scalars(late):
            once = f"{_LATE} {case.number}"
            note_event(session, Event(EventKind.CASE_LATE, case.number, case.site, once=once))

    def _note_expiring(self, now: datetime) -> None:
        soon = now + self.ahead
        for case in due(self.database, self.retention, soon):
            if case.state not in _WANTED:
                continue
            with self.database.session() as session:
                if not is_kept_by_law(session, case.number, soon):
                    once = f"{_EXPIRING} {case.number}"
                    note_event(session, Event(EventKind.BYTES_EXPIRING, case.number, case.site, once=once))

    def _note_ending(self, session: Session, now: datetime) -> None:
        ending = select(Preservation).where(Preservation.until > now, Preservation.until <= now + self.ahead)
        for row in session.scalars(ending):
            once = f"{_ENDING} {row.id}"
            note_event(session, Event(EventKind.PRESERVATION_ENDING, row.case_number, once=once))

    def _note_no_list(self, session: Session, now: datetime) -> None:
        active = select(HashList.id).where(HashList.active_number.is_not(None)).limit(1)
        if session.scalar(active) is None:
            # Again every day, for every upload passes.
            note_event(session, Event(EventKind.NO_LIST, once=f"no list {now:%Y-%m-%d}"))

    def _note_digest(self, session: Session, now: datetime) -> None:
        here = self.local(now)
        if here.hour >= self.digest_hour:
            note_event(session, Event(EventKind.DIGEST, once=f"digest {here:%Y-%m-%d}"))
