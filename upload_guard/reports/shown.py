"""Reports as persons are shown them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from upload_guard.errors import UsageError
from upload_guard.keyring import Keyring
from upload_guard.reports.papers import Paper
from upload_guard.reports.states import ReportState
from upload_guard.storage.report_tables import Report

PURPOSE = "reports"
_BETWEEN = b"\x00"


@dataclass(frozen=True, slots=True)
class ReportInfo:
    """One report, as its row has it. `next_at`: when it is tried again.

    `withdraw_since`: a person should take it back, for since then its case is confirmed no more.
    """

    number: str
    case: str
    recipient: str
    format: str
    state: ReportState
    drafted_at: datetime
    drafted_by: str
    approved_at: datetime | None
    approved_by: str
    sent_at: datetime | None
    acknowledged_at: datetime | None
    withdrawn_at: datetime | None
    withdrawn_by: str
    because: str
    reference: str
    attempts: int
    next_at: datetime | None
    fault: str
    withdraw_since: datetime | None
    progress: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def begun(self) -> bool:
        """Whether the other side may know of it."""
        return bool(self.progress)


def info_of(row: Report) -> ReportInfo:
    return ReportInfo(
        number=row.number,
        case=row.case_number,
        recipient=row.recipient,
        format=row.paper_format,
        state=ReportState(row.state),
        drafted_at=row.drafted_at,
        drafted_by=row.drafted_by,
        approved_at=row.approved_at,
        approved_by=row.approved_by,
        sent_at=row.sent_at,
        acknowledged_at=row.acknowledged_at,
        withdrawn_at=row.withdrawn_at,
        withdrawn_by=row.withdrawn_by,
        because=row.because,
        reference=row.reference,
        attempts=row.attempts,
        next_at=row.next_at,
        fault=row.fault,
        withdraw_since=row.withdraw_since,
        progress=dict(row.progress),
    )


def found_report(session: Session, number: str) -> Report:
    """Its row. Raises `UsageError`."""
    row = session.scalar(select(Report).where(Report.number == number))
    if row is None:
        raise UsageError(f"there is no report {number[:32]!r}: 'upload-guard reports list' names them")
    return row


def sealed_paper(keyring: Keyring, paper: Paper, number: str) -> bytes:
    """A paper as its row keeps it: it says who uploaded what, and so lies nowhere in the open."""
    head = f"{paper.format}\n{paper.media_type}\n{paper.file_name}".encode()
    return keyring.seal(PURPOSE, head + _BETWEEN + paper.content, number.encode())


def paper_of(keyring: Keyring, row: Report) -> Paper:
    """Raises `SealBroken`."""
    plain = keyring.open_sealed(PURPOSE, row.sealed, row.number.encode())
    head, _, content = plain.partition(_BETWEEN)
    written_as, media_type, file_name = head.decode().split("\n")
    return Paper(written_as, media_type, file_name, content)


def mark_of(paper: Paper) -> str:
    """What tells one paper from another: whoever approves says it of what they have read."""
    return sha256(paper.content).hexdigest()[:16]
