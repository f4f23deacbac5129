"""Rows of machine keys, and of what all workers must know of requests made with them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, Double, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from upload_guard.storage.tables import Base, UtcDateTime


class MachineKeyRow(Base):
    """A key of one site. The scheme needs the secret itself, so it lies sealed under the master key."""

    __tablename__ = "machine_keys"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    site: Mapped[str] = mapped_column(String(64), index=True)
    scopes: Mapped[list[str]] = mapped_column(JSON)
    secret: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    created_by: Mapped[str] = mapped_column(String(64))
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    replaced_by: Mapped[str | None] = mapped_column(String(64))
    last_used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class UsedNonce(Base):
    """A nonce that a good signature carried; forgotten when its timestamp is too old to be taken."""

    __tablename__ = "used_nonces"

    key_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    nonce: Mapped[str] = mapped_column(String(64), primary_key=True)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


class RateBucket(Base):
    """A token bucket: how many requests a key may make at once, as of `filled_at`."""

    __tablename__ = "rate_buckets"

    key_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    tokens: Mapped[float] = mapped_column(Double)
    filled_at: Mapped[datetime] = mapped_column(UtcDateTime)


class LockOut(Base):
    """Bad signatures under one key id or from one peer since `since`; locked out until `until`, if at all."""

    __tablename__ = "lock_outs"

    name: Mapped[str] = mapped_column(String(128), primary_key=True)
    failures: Mapped[int]
    since: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    until: Mapped[datetime | None] = mapped_column(UtcDateTime)
