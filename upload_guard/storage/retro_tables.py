"""Tables of the retro-match: uploads that passed, where they went, and which lists they were held against."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from upload_guard.storage.tables import Base, UtcDateTime


class PassedUpload(Base):
    """One upload that passed. `sealed` holds its signals, no digest plain, and what it was called:
    `retro.passed`.
    """

    __tablename__ = "passed_uploads"
    # Matches name uploads that are forgotten by now: none that comes later may be taken for one of those.
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    site: Mapped[str] = mapped_column(String(64))
    upload_id: Mapped[str] = mapped_column(String(32), index=True)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)


class UploadPlace(Base):
    """Where a site says that an upload went: a locator (`holdings.holdings`), or its own name for it."""

    __tablename__ = "upload_places"
    __table_args__ = (UniqueConstraint("site", "upload_id", "place"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    site: Mapped[str] = mapped_column(String(64))
    upload_id: Mapped[str] = mapped_column(String(32))
    place: Mapped[str] = mapped_column(String(1024))
    told_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


class RetroPass(Base):
    """One going through all that passed, against what `generation` names: the lists with their versions.

    It has got as far as the upload `last_id`, and is done at `done_at`.
    """

    __tablename__ = "retro_passes"

    id: Mapped[int] = mapped_column(primary_key=True)
    generation: Mapped[str] = mapped_column(Text)
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    done_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_id: Mapped[int] = mapped_column(server_default="0")
    uploads: Mapped[int] = mapped_column(server_default="0")
    matches: Mapped[int] = mapped_column(server_default="0")


class RetroMatch(Base):
    """An upload that had passed and has a case now. Its site is told `told_at`, after so many `attempts`.

    It gets another one where the first was released and lists name it anew. `seek_at` is when its bytes are
    looked for again, which could not be had when its case was opened.
    """

    __tablename__ = "retro_matches"
    __table_args__ = (UniqueConstraint("passed_id", "case_number"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    passed_id: Mapped[int]
    case_number: Mapped[str] = mapped_column(String(32), index=True)
    result: Mapped[str] = mapped_column(String(16))
    found_at: Mapped[datetime] = mapped_column(UtcDateTime)
    told_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    attempts: Mapped[int] = mapped_column(server_default="0")
    next_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    seek_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)
