"""Rows of persons, their sessions, and of what all workers must know of log-ins just tried."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from upload_guard.storage.tables import Base, UtcDateTime


class PersonRow(Base):
    """Somebody who may log in. A person is never deleted, since decisions carry the name.

    `password` is an argon2id hash in the PHC string format, or nothing where another service knows them by
    `subject`. The secret of `totp_since` lies with the sealed secrets; `totp_step` is the last 30 seconds
    (RFC 6238's T) of which a code was taken.
    """

    __tablename__ = "persons"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    name: Mapped[str] = mapped_column(String(64), unique=True)
    role: Mapped[str] = mapped_column(String(32))
    password: Mapped[str | None] = mapped_column(String(255))
    subject: Mapped[str | None] = mapped_column(String(512), unique=True)
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)
    made_by: Mapped[str] = mapped_column(String(64))
    disabled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    password_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    logged_in_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    totp_since: Mapped[datetime | None] = mapped_column(UtcDateTime)
    totp_step: Mapped[int] = mapped_column(default=0, server_default="0")


class RecoveryCode(Base):
    """SHA-256 of a code that stands in for the phone, once."""

    __tablename__ = "recovery_codes"

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[str] = mapped_column(String(32), index=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary(32))


class ReviewSession(Base):
    """A browser that somebody logged in with. `digest` is SHA-256 of the token that only the browser has.

    `needs` is what is still to be shown before it opens anything: see `people.sessions.Needs`.
    """

    __tablename__ = "review_sessions"

    digest: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    person_id: Mapped[str] = mapped_column(String(32), index=True)
    needs: Mapped[str] = mapped_column(String(16))
    began_at: Mapped[datetime] = mapped_column(UtcDateTime)
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ends_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    address: Mapped[str] = mapped_column(String(64))


class LogInAttempts(Base):
    """Log-ins under one name or from one address that did not succeed, since then."""

    __tablename__ = "log_in_attempts"

    name: Mapped[str] = mapped_column(String(128), primary_key=True)
    failures: Mapped[int]
    since: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    until: Mapped[datetime | None] = mapped_column(UtcDateTime)


class NotedRefusal(Base):
    """When a refusal of this name was last written into the audit log, which nobody may flood."""

    __tablename__ = "noted_refusals"

    name: Mapped[str] = mapped_column(String(160), primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
