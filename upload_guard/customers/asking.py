"""Asks customers what became of their hits, while there is still time; each hit once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import exists, select

from upload_guard.customers.hits import Hits
from upload_guard.moments import utc_now
from upload_guard.storage.customer_tables import CustomerHit
from upload_guard.storage.database import Database
from upload_guard.storage.events import Event, EventKind, note_event
from upload_guard.storage.outbox_tables import OutboxEvent

_ASKED = "hit"
# What is older has been asked about, or came before there was anybody to ask.
_NO_LONGER = timedelta(days=7)
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Asking:
    """Of hits that are still open `after` so long; something should be told within `deadline` of the hit.

    Hits are forgotten when they are `kept` no more.
    """

    hits: Hits
    after: timedelta
    deadline: timedelta
    kept: timedelta
    now: Callable[[], datetime] = field(default=utc_now)

    @property
    def database(self) -> Database:
        return self.hits.database

    def look(self) -> None:
        """Note what is to be asked, for the outbox to tell; forget what is old. Raises `StorageFailed`."""
        now = self.now()
        asked = exists().where(OutboxEvent.once == (f"{_ASKED} " + CustomerHit.id))
        silent = (
            select(CustomerHit)
            .where(
                CustomerHit.followed_at.is_(None),
                CustomerHit.asked_at <= now - self.after,
                CustomerHit.asked_at > now - self.after - _NO_LONGER,
                ~asked,
            )
            .order_by(CustomerHit.asked_at)
            .limit(_AT_ONCE)
        )
        with self.database.session() as session:
            for hit in session.scalars(silent):
                said = {
                    "hit": hit.id,
                    "category": hit.category,
                    "asked_at": hit.asked_at.isoformat(timespec="seconds"),
                    "due_at": (hit.asked_at + self.deadline).isoformat(timespec="seconds"),
                }
                once = f"{_ASKED} {hit.id}"
                note_event(session, Event(EventKind.HIT_OPEN, site=hit.site, details=said, once=once))
        self.hits.forget(now - self.kept)
