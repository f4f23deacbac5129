"""The one table of what is shown to people: blurred pictures on their way to a browser, for a minute."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from upload_guard.storage.tables import Base, UtcDateTime


class GlimpseTicket(Base):
    """A blurred picture that may be fetched once. `name` is the SHA-256 of its ticket, which is kept nowhere
    and which `sealed` opens with."""

    __tablename__ = "glimpse_tickets"

    name: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
