"""Tables of the statistics: uploads checked by day, and the lists that each case was held by."""

from __future__ import annotations

from datetime import date

from sqlalchemy import Date, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from upload_guard.storage.api_tables import LateOutcome
from upload_guard.storage.tables import Base, Case


class UploadStatistic(Base):
    """How many uploads of a site were checked in one day (UTC), and what came of it.

    `reason` says why a file could not be read or checked, and is empty for other results.
    """

    __tablename__ = "upload_statistics"

    day: Mapped[date] = mapped_column(Date, primary_key=True)
    site: Mapped[str] = mapped_column(String(64), primary_key=True)
    result: Mapped[str] = mapped_column(String(16), primary_key=True)
    action: Mapped[str] = mapped_column(String(16), primary_key=True)
    reason: Mapped[str] = mapped_column(String(64), primary_key=True)
    uploads: Mapped[int]


class CaseList(Base):
    """A list whose entry held a case when that came in.

    Each case that was looked at has a row without a name, too.
    """

    __tablename__ = "case_lists"

    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id", ondelete="CASCADE"), primary_key=True)
    list_name: Mapped[str] = mapped_column(String(64), primary_key=True, index=True)


# What the statistics ask of other tables, by time.
Index("ix_cases_came", Case.created_at, Case.site)
Index("ix_cases_standing", Case.state, Case.created_at)
Index("ix_late_outcomes_told_at", LateOutcome.told_at)
