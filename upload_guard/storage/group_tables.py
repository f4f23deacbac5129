"""Tables of what cases have in common: the picture that repeats show, and the entries that held them."""

from __future__ import annotations

from sqlalchemy import ForeignKey, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from upload_guard.storage.tables import Base


class CaseGroup(Base):
    """Cases that hold one picture. `look` is the PDQ hash of the first file, where that shows one picture.

    Numbers are never given twice, since processes remember looks by them.
    """

    __tablename__ = "case_groups"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(primary_key=True)
    look: Mapped[bytes | None] = mapped_column(LargeBinary(32))


class HeldEntry(Base):
    """An entry that has held an upload at some time. Its number stands for it where its hash may not."""

    __tablename__ = "held_entries"
    __table_args__ = (UniqueConstraint("list_name", "signal_type", "value"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(primary_key=True)
    list_name: Mapped[str] = mapped_column(String(64))
    signal_type: Mapped[str] = mapped_column(String(16))
    value: Mapped[bytes] = mapped_column(LargeBinary(32))


class CaseEntry(Base):
    """An entry is among the matches of a case."""

    __tablename__ = "case_entries"

    entry_id: Mapped[int] = mapped_column(ForeignKey("held_entries.id"), primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"), primary_key=True, index=True)
