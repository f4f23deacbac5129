"""The tables. SQL holds lists, versions and cases; entries and quarantined bytes are files."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, DateTime, Dialect, ForeignKey, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship
from sqlalchemy.types import TypeDecorator


class UtcDateTime(TypeDecorator[datetime]):
    """Aware UTC in Python, naive UTC in databases that know no zones (SQLite)."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        return value and value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        return value and value.replace(tzinfo=UTC)


class Base(DeclarativeBase):
    """Root of the tables."""


class HashList(Base):
    """A named list. `origin` says who stands behind it: two lists of one origin confirm nothing."""

    __tablename__ = "hash_lists"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(64), unique=True)
    origin: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    active_number: Mapped[int | None]
    versions: Mapped[list[ListVersion]] = relationship(
        back_populates="hash_list", order_by="ListVersion.number"
    )
    activations: Mapped[list[ListActivation]] = relationship(order_by="ListActivation.id")


class ListVersion(Base):
    """One import of a list. `sha256` is that of our own file of its entries, checked at every load."""

    __tablename__ = "list_versions"
    __table_args__ = (UniqueConstraint("list_id", "number"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    list_id: Mapped[int] = mapped_column(ForeignKey("hash_lists.id"))
    number: Mapped[int]
    source: Mapped[str] = mapped_column(String(255))
    sha256: Mapped[bytes] = mapped_column(LargeBinary(32))
    entries: Mapped[int]
    counts: Mapped[dict[str, int]] = mapped_column(JSON)
    categories: Mapped[dict[str, int]] = mapped_column(JSON, server_default="{}")
    imported_at: Mapped[datetime] = mapped_column(UtcDateTime)
    imported_by: Mapped[str] = mapped_column(String(64))
    hash_list: Mapped[HashList] = relationship(back_populates="versions")


class ListActivation(Base):
    """One moment at which a version was made to act, and how: see `lists.versions.Way`."""

    __tablename__ = "list_activations"

    id: Mapped[int] = mapped_column(primary_key=True)
    list_id: Mapped[int] = mapped_column(ForeignKey("hash_lists.id"), index=True)
    number: Mapped[int]
    way: Mapped[str] = mapped_column(String(16))
    activated_at: Mapped[datetime] = mapped_column(UtcDateTime)
    activated_by: Mapped[str] = mapped_column(String(64))


class ListChange(Base):
    """One hash added to a version of a list, or retracted from all of them where `version` is empty.

    `sequence` rises in the order in which changes were committed.
    """

    __tablename__ = "list_changes"

    sequence: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    list_id: Mapped[int] = mapped_column(ForeignKey("hash_lists.id"), index=True)
    signal_type: Mapped[str] = mapped_column(String(16))
    value: Mapped[bytes] = mapped_column(LargeBinary(32))
    version: Mapped[int | None]
    entry_number: Mapped[int | None]
    category: Mapped[str | None] = mapped_column(String(64))
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)
    made_by: Mapped[str] = mapped_column(String(64))


class ChangeCounter(Base):
    """One row: the newest `ListChange.sequence`. Whoever makes changes holds it until they are committed."""

    __tablename__ = "list_change_counter"

    id: Mapped[int] = mapped_column(primary_key=True)
    last: Mapped[int]


class ListGate(Base):
    """What the gate said of a version. `aside_sha256` is that of the file of entries it put aside, if any."""

    __tablename__ = "list_gates"
    __table_args__ = (UniqueConstraint("list_id", "number"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    list_id: Mapped[int] = mapped_column(ForeignKey("hash_lists.id"))
    number: Mapped[int]
    aside: Mapped[int] = mapped_column(default=0)
    aside_sha256: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    approved_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    approved_by: Mapped[str | None] = mapped_column(String(64))
    because: Mapped[str | None] = mapped_column(String(1024))


class BenignFile(Base):
    """A known-good image: digests, and its perceptual hashes of each type one after another.

    One with a `site` counts for that site only and has no perceptual hashes.
    """

    __tablename__ = "benign_files"
    __table_args__ = (UniqueConstraint("sha256", "site"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(1024))
    site: Mapped[str] = mapped_column(String(64))
    md5: Mapped[bytes] = mapped_column(LargeBinary(16))
    sha1: Mapped[bytes] = mapped_column(LargeBinary(20))
    sha256: Mapped[bytes] = mapped_column(LargeBinary(32))
    pdq: Mapped[bytes] = mapped_column(LargeBinary)
    phash: Mapped[bytes] = mapped_column(LargeBinary)
    dhash: Mapped[bytes] = mapped_column(LargeBinary)
    added_at: Mapped[datetime] = mapped_column(UtcDateTime)
    added_by: Mapped[str] = mapped_column(String(64))


class Case(Base):
    """What was refused and why. `state` is `storing` until the bytes are safe, then one of `CaseState`.

    `under` is that of its findings (empty in cases of older releases); `lowered` marks one that an entry
    holds which the flood breaker has lowered. An upload that is checked again, since its answer was lost,
    has the same `upload_id` and gets no second case. `group_id` is that of its picture; `list_name` and
    `category` are those of the match that decided. Several cases of one file may have one `vault_name`.
    `confirm_by` has said that it is what the list says, and a second person has not.
    """

    __tablename__ = "cases"
    __table_args__ = (
        Index("ix_cases_upload", "upload_id", "site", "sha256", unique=True),
        Index("ix_cases_file", "sha256", "group_id", "state"),
        # All that the queue counts and filters by, so that it reads no row that it does not show.
        Index(
            "ix_cases_queue",
            "state",
            "group_id",
            "sha256",
            "created_at",
            "site",
            "list_name",
            "category",
            "result",
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(String(32), unique=True)
    state: Mapped[str] = mapped_column(String(16))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    site: Mapped[str] = mapped_column(String(64))
    route: Mapped[str] = mapped_column(String(1024))
    result: Mapped[str] = mapped_column(String(16))
    action: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str] = mapped_column(String(64))
    media_type: Mapped[str] = mapped_column(String(255))
    size: Mapped[int]
    md5: Mapped[bytes] = mapped_column(LargeBinary(16), index=True)
    sha1: Mapped[bytes] = mapped_column(LargeBinary(20), index=True)
    sha256: Mapped[bytes] = mapped_column(LargeBinary(32))
    vault_name: Mapped[str] = mapped_column(String(64), index=True)
    matches: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    signals: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    unscannable: Mapped[str] = mapped_column(String(64))
    unreadable: Mapped[str] = mapped_column(String(64))
    degraded: Mapped[list[str]] = mapped_column(JSON)
    under: Mapped[str] = mapped_column(String(64))
    lowered: Mapped[bool]
    upload_id: Mapped[str | None] = mapped_column(String(32))
    group_id: Mapped[int] = mapped_column(server_default="0")
    list_name: Mapped[str] = mapped_column(String(64), server_default="")
    category: Mapped[str] = mapped_column(String(64), server_default="")
    confirm_by: Mapped[str | None] = mapped_column(String(64))


class Decision(Base):
    """What a person made of a case, and why. `made_on` is the case that was looked at, if another one."""

    __tablename__ = "decisions"

    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"), index=True)
    decision: Mapped[str] = mapped_column(String(32))
    made_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    made_by: Mapped[str] = mapped_column(String(64))
    because: Mapped[str] = mapped_column(String(1024))
    made_on: Mapped[str | None] = mapped_column(String(32), index=True)
