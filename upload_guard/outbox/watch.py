"""Notes what nobody does and time brings: deadlines, files about to expire, no list, the day's end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from upload_guard.moments import utc_now
from upload_guard.outbox.deadlines import Deadlines
from upload_guard.outbox.digest import UNDECIDED
from upload_guard.quarantine.custody.holds import is_kept_by_law
from upload_guard.quarantine.custody.retention import Retention, due
from upload_guard.quarantine.states import CaseState
from upload_guard.storage.database import Database
from upload_guard.storage.events import Event, EventKind, note_event
from upload_guard.storage.tables import HashList
from upload_guard.storage.vault_tables import Preservation

_EXPIRING, _ENDING = "expiring", "preservation"
# Somebody may still want the file of these, be it as evidence.
_WANTED = frozenset({*UNDECIDED, CaseState.CONFIRMED})


@dataclass(frozen=True, slots=True)
class Watch:
    """Looks at rows. `ahead` is how early an expiry is told of.

    `by_lists`: nobody else checks uploads, so that one without any active list is news.
    `local` gives a moment in the machine's own time zone, by which `digest_hour` is meant.
    """

    database: Database
    retention: Retention
    deadlines: Deadlines
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
            self.deadlines.note(session, now)
            self._note_ending(session, now)
            if self.by_lists:
                self._note_no_list(session, now)
            self._note_digest(session, now)

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
