"""Rows of the sidecar's API: checks that are polled for, and what sites told of late matches."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from upload_guard.storage.tables import Base, UtcDateTime


class CheckTicket(Base):
    """A check that nobody waits for. It has an `answer` or the code of a `fault` when it is done.

    One that has neither at `due_at` is lost with its process; after `expires_at` it is forgotten.
    """

    __tablename__ = "check_tickets"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    site: Mapped[str] = mapped_column(String(64), index=True)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    answer: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    fault: Mapped[str | None] = mapped_column(String(64))


class LateOutcome(Base):
    """What a site did with a file that had passed before it was found on a list. Once for each outcome."""

    __tablename__ = "late_outcomes"
    __table_args__ = (UniqueConstraint("case_number", "outcome"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    case_number: Mapped[str] = mapped_column(String(32))
    outcome: Mapped[str] = mapped_column(String(16))
    reference: Mapped[str] = mapped_column(String(200))
    told_at: Mapped[datetime] = mapped_column(UtcDateTime)
    told_by: Mapped[str] = mapped_column(String(64))
