"""Tables of the check service: what each customer has left, and how much each key has asked. No hashes."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import BigInteger, Date, Double, String
from sqlalchemy.orm import Mapped, mapped_column

from upload_guard.storage.tables import Base, UtcDateTime


class CustomerQuota(Base):
    """What a customer has used of its `day` (UTC), and a token bucket of the checks it may make at once."""

    __tablename__ = "customer_quotas"

    site: Mapped[str] = mapped_column(String(64), primary_key=True)
    day: Mapped[date] = mapped_column(Date)
    used: Mapped[int] = mapped_column(BigInteger)
    tokens: Mapped[float] = mapped_column(Double)
    filled_at: Mapped[datetime] = mapped_column(UtcDateTime)


class KeyUse(Base):
    """What a key asked through one door in one day (UTC).

    `asked` checks were taken on, `hits` of them were told to be listed; `refused` the limits turned away.
    """

    __tablename__ = "key_uses"

    day: Mapped[date] = mapped_column(Date, primary_key=True)
    site: Mapped[str] = mapped_column(String(64), primary_key=True)
    key_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    door: Mapped[str] = mapped_column(String(16), primary_key=True)
    asked: Mapped[int] = mapped_column(BigInteger)
    hits: Mapped[int] = mapped_column(BigInteger)
    refused: Mapped[int] = mapped_column(BigInteger)
