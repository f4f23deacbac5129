"""The table of the signal log: what was found in the uploads of the last days, for lists still to come."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from upload_guard.storage.tables import Base, UtcDateTime


class LoggedUpload(Base):
    """One upload that was judged. `sealed` holds its signals, no digest plain: see `lists.log.logged`."""

    __tablename__ = "signal_log"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    site: Mapped[str] = mapped_column(String(64))
    result: Mapped[str] = mapped_column(String(16))
    action: Mapped[str] = mapped_column(String(16))
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
