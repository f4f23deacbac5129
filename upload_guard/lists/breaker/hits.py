"""What the flood breaker counts: gathered in memory, then rows, then what they amount to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.orm import Session

from upload_guard.errors import StorageFailed
from upload_guard.lists.breaker.flood import Hit
from upload_guard.matching.delta import ListedValue
from upload_guard.storage.opinion_tables import BreakerTrip, EntryHit, UploadCount

# Different ones; more come together only where the database is away.
MOST_WAITING = 20_000


@dataclass(frozen=True, slots=True)
class HitKey:
    """What is counted together: uploads of one file from one source that an entry matched in one minute."""

    entry: ListedValue
    minute: int
    source: bytes
    file: bytes


@dataclass(slots=True)
class Counted:
    """What came and is not written yet: uploads by minute, and those that an entry matched, with their look.

    `matched` are the uploads that some entry matched.
    """

    uploads: Counter[int] = field(default_factory=Counter)
    hits: Counter[HitKey] = field(default_factory=Counter)
    looks: dict[HitKey, bytes] = field(default_factory=dict)
    matched: int = 0

    def add(self, minute: int, looks: dict[HitKey, bytes]) -> None:
        """One upload, and what matched it. Raises `StorageFailed` where too many wait."""
        self.uploads[minute] += 1
        if not looks:
            return
        if len(self.hits) >= MOST_WAITING:
            raise StorageFailed("the flood breaker's counts are not written as fast as uploads come")
        self.matched += 1
        self.hits.update(looks.keys())
        self.looks.update(looks)

    def add_all(self, other: Counted) -> None:
        self.uploads.update(other.uploads)
        self.hits.update(other.hits)
        self.looks.update(other.looks)
        self.matched += other.matched


@dataclass(frozen=True, slots=True)
class EntryRow:
    """An entry as rows name it."""

    list_id: int
    signal_type: str
    value: bytes

    def of(self, table: type[BreakerTrip] | type[EntryHit]) -> ColumnElement[bool]:
        """Which rows of `table` are about it."""
        return (
            (table.list_id == self.list_id)
            & (table.signal_type == self.signal_type)
            & (table.value == self.value)
        )


def add_uploads(session: Session, uploads: Counter[int]) -> None:
    """Uploads checked, by minute."""
    added = insert(UploadCount)
    session.execute(
        added.on_conflict_do_update(
            index_elements=["minute"], set_={"uploads": UploadCount.uploads + added.excluded.uploads}
        ),
        [{"minute": minute, "uploads": count} for minute, count in uploads.items()],
    )


def add_hits(session: Session, entries: dict[ListedValue, EntryRow], counted: Counted) -> None:
    """Hits of those entries that have a row."""
    rows = list(_rows(entries, counted))
    if not rows:
        return
    added = insert(EntryHit)
    same = ["list_id", "signal_type", "value", "minute", "source", "file"]
    session.execute(
        added.on_conflict_do_update(
            index_elements=same, set_={"uploads": EntryHit.uploads + added.excluded.uploads}
        ),
        rows,
    )


def _rows(entries: dict[ListedValue, EntryRow], counted: Counted) -> Iterator[dict[str, object]]:
    for key, uploads in counted.hits.items():
        if key.entry in entries:
            entry = entries[key.entry]
            yield {
                "list_id": entry.list_id,
                "signal_type": entry.signal_type,
                "value": entry.value,
                "minute": key.minute,
                "source": key.source,
                "file": key.file,
                "look": counted.looks[key],
                "uploads": uploads,
            }


def matched_since(session: Session, entry: EntryRow, minute: int) -> tuple[int, int]:
    """Sources, and uploads of theirs that the entry matched: no flood has more of either."""
    counted = select(func.count(EntryHit.source.distinct()), func.sum(EntryHit.uploads))
    sources, matched = session.execute(counted.where(entry.of(EntryHit), EntryHit.minute >= minute)).one()
    return sources, matched or 0


def hits_since(session: Session, entry: EntryRow, minute: int, most: int) -> Iterator[Hit]:
    """As `flood_of` weighs them: of each source and look the file sent most often, and `most` of a source."""
    files = (
        select(EntryHit.source, EntryHit.look, EntryHit.file, func.sum(EntryHit.uploads).label("uploads"))
        .where(entry.of(EntryHit), EntryHit.minute >= minute)
        .group_by(EntryHit.source, EntryHit.look, EntryHit.file)
        .subquery()
    )
    looks = (
        select(files.c.source, files.c.look, files.c.file, func.max(files.c.uploads).label("uploads"))
        .group_by(files.c.source, files.c.look)
        .subquery()
    )
    rank = func.row_number().over(
        partition_by=looks.c.source, order_by=(looks.c.uploads.desc(), looks.c.look)
    )
    ranked = select(looks, rank.label("rank")).subquery()
    kept = select(ranked.c.source, ranked.c.file, ranked.c.look, ranked.c.uploads)
    for row in session.execute(kept.where(ranked.c.rank <= most)):
        yield Hit(*row)


def uploads_since(session: Session, minute: int) -> int:
    """Uploads checked."""
    counted = select(func.sum(UploadCount.uploads)).where(UploadCount.minute >= minute)
    return session.scalar(counted) or 0
