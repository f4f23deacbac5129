"""Tables of notices: what somebody told the site of, and what became of each address in it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from upload_guard.storage.tables import Base, UtcDateTime


class Notice(Base):
    """One notice. `fingerprint` is the same for one that came twice (`notices.incoming`).

    `channel` is one of `notices.incoming.Channel`. `sealed` is what the sender wrote and who that is, under
    the master key; `trusted` marks a sender that the settings name. `closed_at` is when all of it was dealt
    with, `answered_at` when its sender was told. `joined_to` is the notice that said all of this before.
    `to_read`: a machine did not understand all of it, so a person has to read it before it can close.
    """

    __tablename__ = "notices"

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(String(32), unique=True)
    channel: Mapped[str] = mapped_column(String(16))
    site: Mapped[str] = mapped_column(String(64))
    fingerprint: Mapped[bytes] = mapped_column(LargeBinary(32), index=True)
    received_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    deadline: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    state: Mapped[str] = mapped_column(String(16), index=True)
    trusted: Mapped[bool]
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    to_read: Mapped[bool]
    joined_to: Mapped[str] = mapped_column(String(32), server_default="")
    receipt_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    answered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class NoticeAddress(Base):
    """One address that a notice names. `state` is one of `notices.states.AddressState`.

    `url` is kept plain, for a person has to open it; `locator` and `case_number` are set once it was mapped.
    `derived` marks one that nobody named: the picture of which a named one is a smaller size. `next_try` is
    when its file is looked for again, after so many `tries`.
    """

    __tablename__ = "notice_addresses"
    __table_args__ = (UniqueConstraint("notice_id", "url_sha256"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    notice_id: Mapped[int] = mapped_column(ForeignKey("notices.id"), index=True)
    url: Mapped[str] = mapped_column(Text)
    url_sha256: Mapped[bytes] = mapped_column(LargeBinary(32), index=True)
    state: Mapped[str] = mapped_column(String(16), index=True)
    locator: Mapped[str] = mapped_column(String(2048), server_default="")
    case_number: Mapped[str] = mapped_column(String(32), index=True, server_default="")
    derived: Mapped[bool]
    tries: Mapped[int]
    next_try: Mapped[datetime] = mapped_column(UtcDateTime)
    settled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    settled_by: Mapped[str] = mapped_column(String(64), server_default="")
    fault: Mapped[str] = mapped_column(String(255), server_default="")
