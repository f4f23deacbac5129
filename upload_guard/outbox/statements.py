"""Tells a site that there is a statement of reasons for the uploader of a case: which, and not what it says.

The site fetches the text when it passes it on, so that no message that waits holds the link of an appeal.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy.orm import Session

from upload_guard.outbox.messages import Draft, MessageKind
from upload_guard.outbox.routing import Noted
from upload_guard.storage.events import EventKind

STATEMENT_READY = "case.statement"


@dataclass(frozen=True, slots=True)
class StatementRoute:
    """A message for the site of each case whose statement is ready, if it listens."""

    sites: frozenset[str]
    kinds: frozenset[EventKind] = frozenset({EventKind.STATEMENT_READY})
    pause: timedelta = timedelta()

    def drafts(self, session: Session, events: Sequence[Noted]) -> Iterator[Draft]:  # noqa: ARG002 - as routes are
        """See `Route`."""
        for event in events:
            if event.site not in self.sites:
                continue
            body = {
                "event": STATEMENT_READY,
                "site": event.site,
                "case": event.case,
                "at": event.at.isoformat(timespec="milliseconds"),
            }
            yield Draft(MessageKind.WEBHOOK, event.site, body, subject=f"statement {event.case}")
