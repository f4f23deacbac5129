"""Tables of what uploaders are told of decisions, of what delays that, and of their appeals."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from upload_guard.storage.tables import Base, UtcDateTime

APPEAL_WAITS = "open"
"""The state of an appeal that nobody has settled."""


class Statement(Base):
    """One statement of reasons: of one decision on one case. Its text is written when it is asked for.

    It is nobody's before `due_at`; `told_at` is when the site was told that it is there. `sealed` is the
    secret of its link under the master key, `secret_digest` SHA-256 of it.
    """

    __tablename__ = "statements"

    id: Mapped[int] = mapped_column(primary_key=True)
    case_number: Mapped[str] = mapped_column(String(32), index=True)
    decision_id: Mapped[int] = mapped_column(unique=True)
    decided_at: Mapped[datetime] = mapped_column(UtcDateTime)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    told_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)
    appeal_until: Mapped[datetime] = mapped_column(UtcDateTime)
    secret_digest: Mapped[bytes] = mapped_column(LargeBinary(32))
    sealed: Mapped[bytes] = mapped_column(LargeBinary)


class StatementDelay(Base):
    """An authority has asked that the uploader of a case hears nothing until then."""

    __tablename__ = "statement_delays"

    id: Mapped[int] = mapped_column(primary_key=True)
    case_number: Mapped[str] = mapped_column(String(32), index=True)
    until: Mapped[datetime] = mapped_column(UtcDateTime)
    because: Mapped[str] = mapped_column(String(1024))
    placed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    placed_by: Mapped[str] = mapped_column(String(64))
    lifted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    lifted_by: Mapped[str] = mapped_column(String(64), server_default="")


class Appeal(Base):
    """An appeal: one of a statement. `state` is one of `statements.appeals.AppealState`.

    `sealed` is what the appellant wrote, under the master key; `answer` is what the appellant is told.
    """

    __tablename__ = "appeals"

    id: Mapped[int] = mapped_column(primary_key=True)
    statement_id: Mapped[int] = mapped_column(ForeignKey("statements.id"), unique=True)
    case_number: Mapped[str] = mapped_column(String(32), index=True)
    state: Mapped[str] = mapped_column(String(16), index=True)
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)
    settled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    settled_by: Mapped[str] = mapped_column(String(64), server_default="")
    answer: Mapped[str] = mapped_column(String(2000), server_default="")
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
