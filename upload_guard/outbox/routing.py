"""From events to messages: who is to be told of what, and in how many words."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from upload_guard.moments import utc_now
from upload_guard.outbox.messages import Draft, put
from upload_guard.storage.database import Database
from upload_guard.storage.events import EventKind
from upload_guard.storage.outbox_tables import OutboxEvent

KEPT = timedelta(days=30)
"""How long events and settled messages are remembered."""
# What is named by its day, such as a digest, is noted on no other one.
_OF_A_DAY = "% ____-__-__"
_TOGETHER = 5000
# Uploads wait for the transaction that makes messages, one each.
_AT_ONCE = 200

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Noted:
    """An event as it was noted."""

    kind: EventKind
    at: datetime
    case: str
    site: str
    details: Mapping[str, Any]


class Route(Protocol):
    """Makes messages of some kinds of events."""

    @property
    def kinds(self) -> frozenset[EventKind]: ...

    @property
    def pause(self) -> timedelta:
        """What happens within so long of the last message of a kind waits, and is told together."""
        ...

    def drafts(self, session: Session, events: Sequence[Noted]) -> Iterable[Draft]:
        """The messages to be made of `events`, which are of one kind and at least one, oldest first."""
        ...


@dataclass(frozen=True, slots=True)
class Router:
    """Each kind of event has one route at most; what has none is told to nobody."""

    database: Database
    routes: Sequence[Route]
    now: Callable[[], datetime] = field(default=utc_now)

    def run(self) -> int:
        """Make messages of what happened since; how many. Killed half way, it begins again where it was."""
        by_kind = {kind: route for route in self.routes for kind in route.kinds}
        waiting = select(OutboxEvent.kind).where(OutboxEvent.routed_at.is_(None)).distinct()
        with self.database.session() as session:
            kinds = [EventKind(kind) for kind in session.scalars(waiting)]
        return sum(self._route(kind, by_kind.get(kind)) for kind in sorted(kinds))

    def purge(self) -> None:
        """Forget what was told long ago, but for what is told a single time: it may be noted again."""
        recurs = OutboxEvent.once.is_(None) | OutboxEvent.once.like(_OF_A_DAY)
        with self.database.session() as session:
            session.execute(delete(OutboxEvent).where(OutboxEvent.routed_at < self.now() - KEPT, recurs))

    def _route(self, kind: EventKind, route: Route | None) -> int:
        now = self.now()
        with self.database.session() as session:
            if route is not None and route.pause and not _rested(session, kind, now - route.pause):
                return 0
            # With the messages made of them in one transaction: neither without the other.
            events = _taken(session, kind, now, _TOGETHER if route is None or route.pause else _AT_ONCE)
            if not events or route is None:
                return 0
            drafts = list(route.drafts(session, events))
            for draft in drafts:
                put(session, draft, now)
            return len(drafts)


def _rested(session: Session, kind: EventKind, since: datetime) -> bool:
    told = select(func.max(OutboxEvent.routed_at)).where(OutboxEvent.kind == kind.value)
    last = session.scalar(told)
    return last is None or last <= since


def _taken(session: Session, kind: EventKind, now: datetime, most: int) -> list[Noted]:
    """Events that nobody else routes, oldest first."""
    some = (
        select(OutboxEvent.id)
        .where(OutboxEvent.kind == kind.value, OutboxEvent.routed_at.is_(None))
        .order_by(OutboxEvent.id)
        .limit(most)
    )
    rows = session.scalars(
        update(OutboxEvent)
        .where(OutboxEvent.id.in_(some), OutboxEvent.routed_at.is_(None))
        .values(routed_at=now)
        .returning(OutboxEvent)
    ).all()
    return [
        Noted(EventKind(row.kind), row.at, row.case_number, row.site, dict(row.details))
        for row in sorted(rows, key=lambda row: row.id)
    ]
