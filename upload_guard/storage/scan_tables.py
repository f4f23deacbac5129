"""Scans of what a site has already: their plan as chunks, what was found, and what is known of each file."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Double, ForeignKey, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from upload_guard.storage.tables import Base, UtcDateTime


class Scan(Base):
    """One scan. `state` is one of `scan.records.ScanState`, `root` a locator, or "stdin:".

    `cursor` is the last locator that is planned: whoever goes on planning begins behind it. `lists` are
    [name, version] of what was active when it began; `seconds` is for how long processes worked on it.
    """

    __tablename__ = "scans"

    id: Mapped[int] = mapped_column(primary_key=True)
    root: Mapped[str] = mapped_column(String(2048))
    site: Mapped[str] = mapped_column(String(64))
    acting: Mapped[bool]
    state: Mapped[str] = mapped_column(String(16), index=True)
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    started_by: Mapped[str] = mapped_column(String(64))
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    seconds: Mapped[float] = mapped_column(Double, server_default="0")
    cursor: Mapped[str] = mapped_column(String(2048), server_default="")
    links: Mapped[int] = mapped_column(server_default="0")
    lists: Mapped[list[list[Any]]] = mapped_column(JSON)


class ScanChunk(Base):
    """Some files of a scan: `items` are packed, see `scan.chunks`. `state` is one of `ChunkState`.

    Whoever has `claimed_by` may write its outcome, until `lease_until` is over and another claims it.
    Then come its files by `Column`, and those of the clean ones that were known by `kept` hashes;
    `generation` names the entries that they were compared with.
    """

    __tablename__ = "scan_chunks"
    __table_args__ = (Index("ix_scan_chunks_of_scan", "scan_id", "state", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    scan_id: Mapped[int] = mapped_column(ForeignKey("scans.id"))
    files: Mapped[int]
    size: Mapped[int] = mapped_column(BigInteger)
    items: Mapped[bytes] = mapped_column(LargeBinary)
    state: Mapped[str] = mapped_column(String(16))
    claimed_by: Mapped[str] = mapped_column(String(128), server_default="")
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    attempts: Mapped[int] = mapped_column(server_default="0")
    clean: Mapped[int] = mapped_column(server_default="0")
    unread: Mapped[int] = mapped_column(server_default="0")
    unchecked: Mapped[int] = mapped_column(server_default="0")
    listed: Mapped[int] = mapped_column(server_default="0")
    noted: Mapped[int] = mapped_column(server_default="0")
    excused: Mapped[int] = mapped_column(server_default="0")
    gone: Mapped[int] = mapped_column(server_default="0")
    kept: Mapped[int] = mapped_column(server_default="0")
    generation: Mapped[str] = mapped_column(String(128), server_default="")


class ScannedFile(Base):
    """A file of which there is more to say than that it is clean. `found` is one of `scan.records.Column`.

    `matches` says which entries, without any hash.
    """

    __tablename__ = "scanned_files"
    __table_args__ = (UniqueConstraint("scan_id", "locator"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    scan_id: Mapped[int] = mapped_column(ForeignKey("scans.id"), index=True)
    chunk_id: Mapped[int | None] = mapped_column(ForeignKey("scan_chunks.id"), index=True)
    locator: Mapped[str] = mapped_column(String(2048))
    size: Mapped[int] = mapped_column(BigInteger)
    found: Mapped[str] = mapped_column(String(16))
    action: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str] = mapped_column(String(255))
    matches: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    case_number: Mapped[str] = mapped_column(String(32), server_default="")
    fault: Mapped[str] = mapped_column(String(255), server_default="")
    found_at: Mapped[datetime] = mapped_column(UtcDateTime)


class SeenFile(Base):
    """A file in which nothing listed was found, so that it need not be read again: see `scan.memory`.

    `key` is its locator, `mark` its size and times, `digest` its SHA-256, all keyed; `sealed` its hashes.
    """

    __tablename__ = "seen_files"

    key: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    mark: Mapped[bytes] = mapped_column(LargeBinary(32))
    digest: Mapped[bytes] = mapped_column(LargeBinary(32))
    looked: Mapped[str] = mapped_column(String(32))
    generation: Mapped[str] = mapped_column(String(128))
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
