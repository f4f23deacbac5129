"""Where the files of cases lie on their sites, and which of them were taken away."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from upload_guard.storage.tables import Base, UtcDateTime


class PlaceState(StrEnum):
    """`removing` and `restoring` are intents: the file may be there or not, until they are settled.

    `gone`: nobody's doing of ours. `changed`: other bytes lie there than the case's, and are left alone.
    """

    NOTED = "noted"
    REMOVING = "removing"
    REMOVED = "removed"
    RESTORING = "restoring"
    RESTORED = "restored"
    GONE = "gone"
    CHANGED = "changed"

    @property
    def words(self) -> str:
        return _WORDS[self]


_WORDS = {
    PlaceState.NOTED: "in its place",
    PlaceState.REMOVING: "being removed",
    PlaceState.REMOVED: "removed",
    PlaceState.RESTORING: "being put back",
    PlaceState.RESTORED: "put back",
    PlaceState.GONE: "gone when it was to be removed",
    PlaceState.CHANGED: "another file lies there, which is left alone",
}
REMOVABLE = frozenset({PlaceState.NOTED, PlaceState.RESTORED, PlaceState.CHANGED, PlaceState.GONE})
RESTORABLE = frozenset({PlaceState.REMOVED})
IN_BETWEEN = frozenset({PlaceState.REMOVING, PlaceState.RESTORING})


class PlacedFile(Base):
    """One place that holds, or held, the file of a case: see `holdings.holdings` for locators.

    `leftover` is what it takes to put the file back as it was. `noted_at` is when somebody found out that it
    lies there: the clock of its removal starts then, and ends at `removed_at`, which is also set where it was
    found gone. `tries` in a row came to nothing by `fault`; the next is at `retry_at`, unless a person asks.
    """

    __tablename__ = "placed_files"
    __table_args__ = (UniqueConstraint("case_number", "locator"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    case_number: Mapped[str] = mapped_column(String(32), index=True)
    site: Mapped[str] = mapped_column(String(64))
    locator: Mapped[str] = mapped_column(String(2048))
    sha256: Mapped[bytes] = mapped_column(LargeBinary(32))
    state: Mapped[str] = mapped_column(String(16), index=True)
    noted_at: Mapped[datetime] = mapped_column(UtcDateTime)
    noted_by: Mapped[str] = mapped_column(String(64))
    leftover: Mapped[dict[str, Any]] = mapped_column(JSON)
    removed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    removed_by: Mapped[str] = mapped_column(String(64), server_default="")
    restored_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    restored_by: Mapped[str] = mapped_column(String(64), server_default="")
    fault: Mapped[str] = mapped_column(String(255), server_default="")
    tries: Mapped[int] = mapped_column(server_default="0")
    retry_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
