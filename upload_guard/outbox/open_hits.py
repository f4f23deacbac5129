"""Asks a customer of this check service what became of a hit: which, in which category, and until when."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy.orm import Session

from upload_guard.outbox.messages import Draft, MessageKind
from upload_guard.outbox.routing import Noted
from upload_guard.storage.events import EventKind

HIT_OPEN = "hit.open"


@dataclass(frozen=True, slots=True)
class OpenHitRoute:
    """A webhook for the customer of each open hit, if it listens; it goes out as those of cases do."""

    sites: frozenset[str]
    kinds: frozenset[EventKind] = frozenset({EventKind.HIT_OPEN})
    pause: timedelta = timedelta()

    def drafts(self, session: Session, events: Sequence[Noted]) -> Iterator[Draft]:  # noqa: ARG002 - as routes are
        """See `Route`."""
        for event in events:
            if event.site in self.sites:
                body = {"event": HIT_OPEN, "site": event.site, **event.details}
                yield Draft(MessageKind.WEBHOOK, event.site, body, subject=f"hit {event.details['hit']}")
