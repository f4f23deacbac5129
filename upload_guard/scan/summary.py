"""What a scan came to, for whoever has to file it: figures, and each file of which there is more to say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import distinct, func, select

from upload_guard.scan.chunks import Chunks
from upload_guard.scan.found import looked_of
from upload_guard.scan.records import KEPT, Column, Looked, ScanState
from upload_guard.scan.scans import Scans
from upload_guard.storage.database import Database
from upload_guard.storage.scan_tables import ScanChunk, ScannedFile

_AT_ONCE = 500
# First what somebody has to act upon.
_ORDER = (Column.LISTED, Column.NOTED, Column.UNCHECKED, Column.UNREAD, Column.EXCUSED, Column.GONE)


@dataclass(frozen=True, slots=True)
class Summary:
    """Of scan `number`. `counts` are files by `Column`; `kept` of the clean ones were not read again.

    `waiting` files are not looked at yet, if it was interrupted. `links` were not followed, `shut` are
    folders and names that could not be looked into. `lists` were active when it began; `mixed`: entries
    changed on the way, so that not all files were compared with the same. `held` have a case, `faults` were
    to be taken away and were not. `why` counts the reasons of unread and unchecked files.
    """

    number: int
    root: str
    site: str
    acting: bool
    state: ScanState
    started_at: datetime
    started_by: str
    ended_at: datetime | None
    seconds: float
    lists: tuple[tuple[str, int], ...]
    files: int
    bytes: int
    counts: Counter[Column]
    kept: int
    waiting: int
    links: int
    shut: int
    mixed: bool
    held: int
    faults: int
    why: tuple[tuple[Column, str, int], ...]

    @property
    def whole(self) -> bool:
        """Whether each file was read and compared, so that what is not named is clean."""
        unsure = self.counts[Column.UNREAD] + self.counts[Column.UNCHECKED]
        return self.state is ScanState.DONE and not unsure and not self.shut and not self.faults


def summary_of(database: Database, number: int) -> Summary:
    """Raises `UsageError` where there is no such scan, and `StorageFailed`."""
    scan = Scans(database).get(number)
    advance = Chunks(database, number).advance()
    ours = ScannedFile.scan_id == number
    unsure = ScannedFile.found.in_([Column.UNREAD, Column.UNCHECKED])
    with database.session() as session:
        generations = session.scalar(
            select(func.count(distinct(ScanChunk.generation))).where(
                ScanChunk.scan_id == number, ScanChunk.generation != ""
            )
        )
        shut = session.scalar(select(func.count()).where(ours, ScannedFile.chunk_id.is_(None))) or 0
        held = session.scalar(select(func.count()).where(ours, ScannedFile.case_number != "")) or 0
        faults = session.scalar(select(func.count()).where(ours, ScannedFile.fault != "")) or 0
        reasons = session.execute(
            select(ScannedFile.found, ScannedFile.reason, func.count())
            .where(ours, unsure, ScannedFile.chunk_id.is_not(None))
            .group_by(ScannedFile.found, ScannedFile.reason)
            .order_by(func.count().desc(), ScannedFile.reason)
        ).all()
    return Summary(
        number=number,
        root=scan.root,
        site=scan.site,
        acting=scan.acting,
        state=ScanState(scan.state),
        started_at=scan.started_at,
        started_by=scan.started_by,
        ended_at=scan.ended_at,
        seconds=scan.seconds,
        lists=tuple((name, version) for name, version in scan.lists),
        files=advance.planned,
        bytes=advance.planned_bytes,
        counts=+Counter({column: advance.counts[column] for column in Column}),
        kept=advance.counts[KEPT],
        waiting=advance.planned - advance.done,
        links=scan.links,
        shut=shut,
        mixed=(generations or 0) > 1,
        held=held,
        faults=faults,
        why=tuple((Column(column), reason, count) for column, reason, count in reasons),
    )


def files_of(database: Database, number: int) -> Iterator[Looked]:
    """Each file of the scan that is not clean, what has to be acted upon first. Raises `StorageFailed`."""
    for column in _ORDER:
        last = 0
        while True:
            page = select(ScannedFile).where(
                ScannedFile.scan_id == number, ScannedFile.found == column, ScannedFile.id > last
            )
            with database.session() as session:
                rows = session.scalars(page.order_by(ScannedFile.id).limit(_AT_ONCE)).all()
            if not rows:
                break
            yield from map(looked_of, rows)
            last = rows[-1].id
