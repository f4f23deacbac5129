"""Tables of reports going out: what was drafted of which case, who approved it, and how far it got."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from upload_guard.storage.tables import Base, UtcDateTime


class Report(Base):
    """One report of one case to one recipient (a name in the settings). `state`:
    `reports.states.ReportState`.

    `sealed` is the paper, of which the very bytes are approved and sent, under the master key. `slot` names
    case and recipient as long as the report stands: there is one at most. `claim` is whoever sends it now.
    `withdraw_since`: it has gone out, and its case is confirmed no more. `progress` is what the sender has
    reached with the other side (`reports.papers.Progress`): a retry goes on instead of reporting twice.
    """

    __tablename__ = "reports"

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(String(32), unique=True)
    case_number: Mapped[str] = mapped_column(String(32), index=True)
    recipient: Mapped[str] = mapped_column(String(64))
    paper_format: Mapped[str] = mapped_column(String(32))
    state: Mapped[str] = mapped_column(String(16), index=True)
    drafted_at: Mapped[datetime] = mapped_column(UtcDateTime)
    drafted_by: Mapped[str] = mapped_column(String(64))
    approved_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    approved_by: Mapped[str] = mapped_column(String(64), server_default="")
    sent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    acknowledged_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    withdrawn_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    withdrawn_by: Mapped[str] = mapped_column(String(64), server_default="")
    because: Mapped[str] = mapped_column(String(1024), server_default="")
    reference: Mapped[str] = mapped_column(String(255), server_default="")
    attempts: Mapped[int] = mapped_column(server_default="0")
    next_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    fault: Mapped[str] = mapped_column(Text, server_default="")
    progress: Mapped[dict[str, Any]] = mapped_column(JSON)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    slot: Mapped[str | None] = mapped_column(String(128), unique=True)
    claim: Mapped[str] = mapped_column(String(32), server_default="")
    claimed_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    withdraw_since: Mapped[datetime | None] = mapped_column(UtcDateTime)


class CaseUploader(Base):
    """Who uploaded the file of a case, as its site or a person told: sealed under the master key."""

    __tablename__ = "case_uploaders"

    case_number: Mapped[str] = mapped_column(String(32), primary_key=True)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    told_at: Mapped[datetime] = mapped_column(UtcDateTime)
    told_by: Mapped[str] = mapped_column(String(64))


class CaseClass(Base):
    """What a person says that the file of a case is: a word of `reports.states.CLASSES`, and in short why."""

    __tablename__ = "case_classes"

    case_number: Mapped[str] = mapped_column(String(32), primary_key=True)
    classification: Mapped[str] = mapped_column(String(16))
    summary: Mapped[str] = mapped_column(String(1024))
    chosen_at: Mapped[datetime] = mapped_column(UtcDateTime)
    chosen_by: Mapped[str] = mapped_column(String(64))
