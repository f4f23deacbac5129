"""How much each machine key has asked privately, by day."""

from __future__ import annotations

from datetime import date

from sqlalchemy import Date, String
from sqlalchemy.orm import Mapped, mapped_column

from upload_guard.storage.tables import Base


class PrivateEvaluation(Base):
    """Evaluations of one key in one day (UTC)."""

    __tablename__ = "private_evaluations"

    key_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    used: Mapped[int]
