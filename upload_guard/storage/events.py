"""What happened here that somebody outside may want to know of, noted in the transaction in which it did.

Whether anybody is told, who and how is decided above, by settings (`outbox`): no room that notes an event
knows of messages.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from upload_guard.storage.outbox_tables import OutboxEvent


class EventKind(StrEnum):
    """What happened. Of the first three a case's site, a list's supplier or a person may hear; of an open hit
    the customer that had it, and of a follow-up the check service that knew what was found."""

    CASE_OPENED = "case_opened"
    CASE_CHANGED = "case_changed"
    OPINION = "opinion"
    BREAKER_TRIPPED = "breaker_tripped"
    LIST_HELD = "list_held"
    AUDIT_BROKEN = "audit_broken"
    NO_LIST = "no_list"
    CASE_LATE = "case_late"
    BYTES_EXPIRING = "bytes_expiring"
    PRESERVATION_ENDING = "preservation_ending"
    UNDELIVERED = "undelivered"
    HIT_OPEN = "hit_open"
    FOLLOWED_UP = "followed_up"
    NOTICE_RECEIVED = "notice_received"
    NOTICE_LATE = "notice_late"
    NOTICE_CLOSED = "notice_closed"
    STATEMENT_READY = "statement_ready"
    MAILBOX_SILENT = "mailbox_silent"
    OVERDUE = "overdue"
    FOUND_LATE = "found_late"
    APPEALED = "appealed"
    REPORT_FAILED = "report_failed"
    DIGEST = "digest"


@dataclass(frozen=True, slots=True)
class Event:
    """`details` are plain JSON; what they hold of entries is for `OPINION` only, which no person is sent.

    `once` names an event that is told a single time, however often it is noted.
    """

    kind: EventKind
    case: str = ""
    site: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)
    once: str = ""


def note_event(session: Session, event: Event) -> None:
    """Note `event`, to be told once this transaction is committed."""
    if event.once and session.scalar(select(OutboxEvent.id).where(OutboxEvent.once == event.once)):
        return
    session.add(
        OutboxEvent(
            kind=event.kind.value,
            at=datetime.now(UTC),
            case_number=event.case,
            site=event.site,
            details=dict(event.details),
            once=event.once or None,
        )
    )
