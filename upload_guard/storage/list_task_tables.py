"""The table of what people asked for on the pages that takes longer than a page may."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from upload_guard.storage.tables import Base, UtcDateTime


class ListTask(Base):
    """Something to be done with a version of a list, by a process of its own. `act` is one of `TaskAct`.

    `outcome` is what came of it, empty until it `ended_at`; `fault` the sentence of what went wrong.
    """

    __tablename__ = "list_tasks"

    id: Mapped[int] = mapped_column(primary_key=True)
    act: Mapped[str] = mapped_column(String(16))
    list_name: Mapped[str] = mapped_column(String(64), index=True)
    number: Mapped[int]
    against: Mapped[int | None]
    person: Mapped[str] = mapped_column(String(64))
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    begun_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)
    fault: Mapped[str] = mapped_column(Text, default="")
    outcome: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
