"""Tables of what is told outside: events, the messages made of them, who gets those, and bytes given back."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from upload_guard.storage.tables import Base, UtcDateTime


class OutboxEvent(Base):
    """Something that happened, see `storage.events`; written in the transaction in which it did.

    Without `routed_at` no messages have been made of it yet. `once` is of one event for good.
    """

    __tablename__ = "outbox_events"

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(32))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    case_number: Mapped[str] = mapped_column(String(32))
    site: Mapped[str] = mapped_column(String(64))
    details: Mapped[dict[str, Any]] = mapped_column(JSON)
    once: Mapped[str | None] = mapped_column(String(160), unique=True)
    routed_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)


class OutboxMessage(Base):
    """One message for one recipient. `id` goes along, so that whoever gets it twice takes it once.

    Whoever sends it has written a word of its own into `claimed_by`, and holds it until `claimed_until`.
    `subject` is what a newer message to the same recipient takes the place of.
    """

    __tablename__ = "outbox_messages"
    __table_args__ = (Index("ix_outbox_messages_waiting", "kind", "state"),)

    number: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[str] = mapped_column(String(32), unique=True)
    kind: Mapped[str] = mapped_column(String(16))
    recipient: Mapped[str] = mapped_column(String(64))
    subject: Mapped[str] = mapped_column(String(160), index=True)
    body: Mapped[dict[str, Any]] = mapped_column(JSON)
    state: Mapped[str] = mapped_column(String(16))
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)
    attempts: Mapped[int]
    claimed_by: Mapped[str | None] = mapped_column(String(32))
    claimed_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    settled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    fault: Mapped[str] = mapped_column(String(255))


class OutboxRecipient(Base):
    """One that could not be reached lately: nothing is tried again before `paused_until`."""

    __tablename__ = "outbox_recipients"

    kind: Mapped[str] = mapped_column(String(16), primary_key=True)
    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    failures: Mapped[int]
    failing_since: Mapped[datetime] = mapped_column(UtcDateTime)
    paused_until: Mapped[datetime] = mapped_column(UtcDateTime)
    fault: Mapped[str] = mapped_column(String(255))


class Handover(Base):
    """The bytes of a released case on their way to its site: `given_at` where they have all left.

    Before that, whoever holds the `claim` may be sending them, until `claimed_until`.
    """

    __tablename__ = "handovers"

    case_number: Mapped[str] = mapped_column(String(32), primary_key=True)
    key_id: Mapped[str] = mapped_column(String(64))
    claim: Mapped[str] = mapped_column(String(32))
    claimed_until: Mapped[datetime] = mapped_column(UtcDateTime)
    given_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
