"""Where the files of cases lie on their sites, and which of them were taken away."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from upload_guard.storage.tables import Base, UtcDateTime


class PlacedFile(Base):
    """One place that holds, or held, the file of a case: see `holdings.holdings` for locators.

    `state` is one of `holdings.placements.PlaceState`. `leftover` is what it takes to put the file back as it
    was. `noted_at` is when somebody found out that it lies there: the clock of its removal starts then.
    """

    __tablename__ = "placed_files"
    __table_args__ = (UniqueConstraint("case_number", "locator"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    case_number: Mapped[str] = mapped_column(String(32), index=True)
    site: Mapped[str] = mapped_column(String(64))
    locator: Mapped[str] = mapped_column(String(2048))
    sha256: Mapped[bytes] = mapped_column(LargeBinary(32))
    state: Mapped[str] = mapped_column(String(16), index=True)
    noted_at: Mapped[datetime] = mapped_column(UtcDateTime)
    noted_by: Mapped[str] = mapped_column(String(64))
    leftover: Mapped[dict[str, Any]] = mapped_column(JSON)
    removed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    removed_by: Mapped[str] = mapped_column(String(64), server_default="")
    restored_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    restored_by: Mapped[str] = mapped_column(String(64), server_default="")
    fault: Mapped[str] = mapped_column(String(255), server_default="")
