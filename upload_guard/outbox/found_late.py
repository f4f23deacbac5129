"""Tells a site that an upload of its own which had passed has a case now: which upload, and which case."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy.orm import Session

from upload_guard.outbox.messages import Draft, MessageKind
from upload_guard.outbox.routing import Noted
from upload_guard.storage.events import EventKind

UPLOAD_FOUND = "upload.found"


@dataclass(frozen=True, slots=True)
class FoundLateRoute:
    """A webhook for the site of each such upload, if it listens; it goes out as those of cases do."""

    sites: frozenset[str]
    kinds: frozenset[EventKind] = frozenset({EventKind.FOUND_LATE})
    pause: timedelta = timedelta()

    def drafts(self, session: Session, events: Sequence[Noted]) -> Iterator[Draft]:  # noqa: ARG002 - as routes are
        """See `Route`."""
        for event in events:
            if event.site in self.sites:
                body = {"event": UPLOAD_FOUND, "site": event.site, "case": event.case, **event.details}
                yield Draft(
                    MessageKind.WEBHOOK, event.site, body, subject=f"upload {event.details['upload']}"
                )
