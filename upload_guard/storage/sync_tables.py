"""How far each list is fetched from its exchange, and how the last try ended."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from upload_guard.storage.tables import Base, UtcDateTime


class ExchangeRun(Base):
    """One list's exchange. The list itself may not be there yet.

    `state` is `fetching` while pages are missing, `fetched` until what came is a version, then `settled`.
    `fault` is the sentence of the last try, empty where it went well. `version` is the newest that was made
    of what came, and `content` names what that held.
    """

    __tablename__ = "exchange_runs"

    id: Mapped[int] = mapped_column(primary_key=True)
    list_name: Mapped[str] = mapped_column(String(64), unique=True)
    checkpoint: Mapped[str] = mapped_column(Text, default="")
    state: Mapped[str] = mapped_column(String(16), default="fetching")
    fault: Mapped[str] = mapped_column(Text, default="")
    begun_at: Mapped[datetime] = mapped_column(UtcDateTime)
    tried_at: Mapped[datetime] = mapped_column(UtcDateTime)
    succeeded_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    version: Mapped[int | None]
    content: Mapped[bytes | None] = mapped_column(LargeBinary(32))
