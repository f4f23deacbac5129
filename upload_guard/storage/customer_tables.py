"""Tables of the check service: which customer got a hit, and what became of it. No hash is in them plain."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Date, ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from upload_guard.storage.tables import Base, UtcDateTime


class CustomerHit(Base):
    """A customer asked for something that is listed: one row for all its questions of one day (UTC).

    `id` is random, for the customer to name it by. `followed_at` is when it first did something about it,
    `outcome` what it last told, done at `outcome_at`; all empty as long as the hit is open.
    """

    __tablename__ = "customer_hits"
    __table_args__ = (
        Index("ix_customer_hits_site", "site", "asked_at"),
        Index("ix_customer_hits_open", "followed_at", "asked_at"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    site: Mapped[str] = mapped_column(String(64))
    day: Mapped[date] = mapped_column(Date)
    category: Mapped[str] = mapped_column(String(64))
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    last_asked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    times: Mapped[int]
    followed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    outcome: Mapped[str] = mapped_column(String(16))
    outcome_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    told_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    told_by: Mapped[str] = mapped_column(String(64))


class CustomerHitDigest(Base):
    """A hash that a hit was asked about by, under a key of this installation (`customers.hits`)."""

    __tablename__ = "customer_hit_digests"

    site: Mapped[str] = mapped_column(String(64), primary_key=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    hit_id: Mapped[str] = mapped_column(ForeignKey("customer_hits.id", ondelete="CASCADE"), index=True)
