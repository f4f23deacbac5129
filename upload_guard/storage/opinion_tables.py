"""Tables of what is thought here of files and entries: decisions, disputes, and the flood breaker."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, ForeignKey, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from upload_guard.storage.tables import Base, UtcDateTime


class Exemption(Base):
    """A file that was held and found harmless: it passes on `site`, or everywhere (`opinions.EVERYWHERE`).

    `entries` are those that it matched then: list, signal type, value. What is listed later is not excused.
    """

    __tablename__ = "exemptions"

    id: Mapped[int] = mapped_column(primary_key=True)
    sha256: Mapped[bytes] = mapped_column(LargeBinary(32), index=True)
    site: Mapped[str] = mapped_column(String(64))
    case_number: Mapped[str] = mapped_column(String(32))
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)
    made_by: Mapped[str] = mapped_column(String(64))
    because: Mapped[str] = mapped_column(String(1024))
    entries: Mapped[list[list[str]]] = mapped_column(JSON)
    until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    lifted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    lifted_by: Mapped[str | None] = mapped_column(String(64))


class EntryDispute(Base):
    """An entry that one person wants to act no more here, and another has agreed, or not yet."""

    __tablename__ = "entry_disputes"
    __table_args__ = (Index("entry_disputes_entry", "list_id", "signal_type", "value"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    list_id: Mapped[int] = mapped_column(ForeignKey("hash_lists.id"))
    signal_type: Mapped[str] = mapped_column(String(16))
    value: Mapped[bytes] = mapped_column(LargeBinary(32))
    case_number: Mapped[str] = mapped_column(String(32))
    proposed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    proposed_by: Mapped[str] = mapped_column(String(64))
    because: Mapped[str] = mapped_column(String(1024))
    agreed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    agreed_by: Mapped[str | None] = mapped_column(String(64))
    lifted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    lifted_by: Mapped[str | None] = mapped_column(String(64))


class BreakerTrip(Base):
    """An entry lowered since it suddenly matched many uploads. `state`: tripped, confirmed or lifted."""

    __tablename__ = "breaker_trips"
    __table_args__ = (Index("breaker_trips_entry", "list_id", "signal_type", "value"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    list_id: Mapped[int] = mapped_column(ForeignKey("hash_lists.id"))
    signal_type: Mapped[str] = mapped_column(String(16))
    value: Mapped[bytes] = mapped_column(LargeBinary(32))
    tripped_at: Mapped[datetime] = mapped_column(UtcDateTime)
    matched: Mapped[int]
    uploads: Mapped[int]
    sources: Mapped[int]
    state: Mapped[str] = mapped_column(String(16), index=True)
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    decided_by: Mapped[str | None] = mapped_column(String(64))
    because: Mapped[str | None] = mapped_column(String(1024))


class OpinionCounter(Base):
    """One row: rises with every change to the tables above, so that processes see that there was one."""

    __tablename__ = "opinion_counter"

    id: Mapped[int] = mapped_column(primary_key=True)
    last: Mapped[int]


class UploadCount(Base):
    """How many uploads were checked in one minute (since 1970)."""

    __tablename__ = "upload_counts"

    minute: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    uploads: Mapped[int]


class EntryHit(Base):
    """How often an entry matched one file from one source in one minute; both are keyed digests.

    `look` are the bits in which the file's PDQ differs from the entry's, all zero for an exact entry.
    """

    __tablename__ = "entry_hits"
    __table_args__ = (UniqueConstraint("list_id", "signal_type", "value", "minute", "source", "file"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    list_id: Mapped[int] = mapped_column(ForeignKey("hash_lists.id"))
    signal_type: Mapped[str] = mapped_column(String(16))
    value: Mapped[bytes] = mapped_column(LargeBinary(32))
    minute: Mapped[int] = mapped_column(index=True)
    source: Mapped[bytes] = mapped_column(LargeBinary(16))
    file: Mapped[bytes] = mapped_column(LargeBinary(16))
    look: Mapped[bytes] = mapped_column(LargeBinary(32))
    uploads: Mapped[int]
