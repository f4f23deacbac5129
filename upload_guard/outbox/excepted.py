"""A file on which a person has decided passes when it comes again: what finds it again is told so again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from upload_guard.moments import utc_now
from upload_guard.records import Findings, Outcome, Upload
from upload_guard.storage.database import Database
from upload_guard.storage.events import Event, EventKind, note_event

EXCEPTED = "excepted"
"""What was done: as was decided on the case that excepts the file."""


@dataclass(frozen=True, slots=True)
class ExceptedAgain:
    """An observer. A check service counts a hit for each day (UTC), so once a day is enough."""

    database: Database
    now: Callable[[], datetime] = field(default=utc_now)

    def note(self, upload: Upload, outcome: Outcome, findings: Findings) -> None:
        """See `guard.Observer`."""
        if not findings.excepted or outcome.verdict.action.refuses:
            return
        said = {"done": EXCEPTED}
        once = f"excepted {findings.excepted} {self.now():%Y-%m-%d}"
        with self.database.session() as session:
            note_event(
                session,
                Event(EventKind.FOLLOWED_UP, findings.excepted, upload.source.site, said, once=once),
            )
