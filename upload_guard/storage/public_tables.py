"""Rows of what strangers do on the public pages, as far as it has to be counted."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from upload_guard.storage.tables import Base, UtcDateTime


class PublicVisit(Base):
    """How often somebody came since then. `who` is a keyed digest of the network, which says no address."""

    __tablename__ = "public_visits"

    who: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    kind: Mapped[str] = mapped_column(String(8), primary_key=True)
    times: Mapped[int]
    since: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
