"""Tables of what is held: sealed objects, their holds and deadlines, exports, and the audit log."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Double, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from upload_guard.storage.tables import Base, UtcDateTime


class VaultObject(Base):
    """What became of the bytes of one file, for all cases that name it. `kept` is one of `vault.states.Kept`.

    `sealed_key` is the object's data key, sealed under the master key with the fingerprint `master`; without
    it the bytes are noise. `fault` says what was wrong when they were last looked at. `sha256` is that of the
    plain bytes, where any are or were held.
    """

    __tablename__ = "vault_objects"
    __table_args__ = (Index("ix_vault_objects_file", "sha256", "kept"),)

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    kept: Mapped[str] = mapped_column(String(16), index=True)
    sealed_key: Mapped[bytes | None] = mapped_column(LargeBinary)
    master: Mapped[bytes | None] = mapped_column(LargeBinary(4), index=True)
    checked_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)
    fault: Mapped[str] = mapped_column(String(255), server_default="")
    shredded_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    sha256: Mapped[bytes | None] = mapped_column(LargeBinary(32))


class VaultMark(Base):
    """What a place of sealed bytes, by its address, has to show: see `vault.marks`."""

    __tablename__ = "vault_marks"

    place: Mapped[str] = mapped_column(String(1024), primary_key=True)
    mark: Mapped[str] = mapped_column(String(64))


class LegalHold(Base):
    """Somebody's word that a case must be kept, whatever its retention, until it is lifted."""

    __tablename__ = "legal_holds"

    id: Mapped[int] = mapped_column(primary_key=True)
    case_number: Mapped[str] = mapped_column(String(32), index=True)
    placed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    placed_by: Mapped[str] = mapped_column(String(64))
    because: Mapped[str] = mapped_column(String(1024))
    lifted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    lifted_by: Mapped[str | None] = mapped_column(String(64))
    lifted_because: Mapped[str | None] = mapped_column(String(1024))


class Preservation(Base):
    """A report was made of the case, and the law has its bytes kept `until` then."""

    __tablename__ = "preservations"

    id: Mapped[int] = mapped_column(primary_key=True)
    case_number: Mapped[str] = mapped_column(String(32), index=True)
    report: Mapped[str] = mapped_column(String(255))
    submitted_at: Mapped[datetime] = mapped_column(UtcDateTime)
    until: Mapped[datetime] = mapped_column(UtcDateTime)


class BootClock(Base):
    """The least that the time could be on a machine since it was started: see `quarantine.custody.clock`."""

    __tablename__ = "boot_clocks"

    boot: Mapped[str] = mapped_column(String(64), primary_key=True)
    seconds: Mapped[float] = mapped_column(Double)
    least: Mapped[datetime] = mapped_column(UtcDateTime)


class ExportRequest(Base):
    """One person's wish to hand a case to an authority, and who else gave it out."""

    __tablename__ = "export_requests"

    id: Mapped[int] = mapped_column(primary_key=True)
    case_number: Mapped[str] = mapped_column(String(32), index=True)
    recipient: Mapped[str] = mapped_column(String(128))
    requested_at: Mapped[datetime] = mapped_column(UtcDateTime)
    requested_by: Mapped[str] = mapped_column(String(64))
    because: Mapped[str] = mapped_column(String(1024))
    given_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    given_by: Mapped[str | None] = mapped_column(String(64))
    sha256: Mapped[bytes | None] = mapped_column(LargeBinary(32))


class AuditRow(Base):
    """One act. `mac` is over everything else in it and the row before: see `audit.chain`."""

    __tablename__ = "audit_log"

    sequence: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    person: Mapped[str] = mapped_column(String(64))
    act: Mapped[str] = mapped_column(String(64), index=True)
    case_number: Mapped[str] = mapped_column(String(32), index=True)
    details: Mapped[dict[str, Any]] = mapped_column(JSON)
    previous: Mapped[bytes] = mapped_column(LargeBinary(32))
    mac: Mapped[bytes] = mapped_column(LargeBinary(32))


class AuditHead(Base):
    """One row: the newest act's, held by whoever appends until that is committed. `fault`: why read-only."""

    __tablename__ = "audit_head"

    id: Mapped[int] = mapped_column(primary_key=True)
    sequence: Mapped[int]
    mac: Mapped[bytes] = mapped_column(LargeBinary(32))
    fault: Mapped[str] = mapped_column(String(255))


class SealedSecret(Base):
    """A random key of this installation by its purpose, sealed under the master key."""

    __tablename__ = "sealed_secrets"

    purpose: Mapped[str] = mapped_column(String(64), primary_key=True)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
