"""Where a report stands, and the words by which a person says what a file is."""

from __future__ import annotations

from enum import StrEnum


class ReportState(StrEnum):
    """`failed`: an attempt did not arrive; tried again when its time comes, or given up where it has none."""

    DRAFT = "draft"
    APPROVED = "approved"
    SENT = "sent"
    ACKNOWLEDGED = "acknowledged"
    FAILED = "failed"
    WITHDRAWN = "withdrawn"


UNSENT = frozenset({ReportState.DRAFT, ReportState.APPROVED, ReportState.FAILED})
TO_SEND = frozenset({ReportState.APPROVED, ReportState.FAILED})
OUT = frozenset({ReportState.SENT, ReportState.ACKNOWLEDGED})

CLASSES = ("baseline", "A1", "A2", "B1", "B2")
"""As XARF v4 has them, and lists of NCMEC: baseline is what every country forbids; A prepubescent, B
pubescent; 1 a sex act, 2 a lascivious exhibition."""
