"""Chunks of a scan as rows: put down by the planner, claimed and finished by workers.

This is the seam for an engine of another kind: whatever runs `Examiner.work` on what `claim` gives, in any
process on any machine with the same database, takes part. A claim is an UPDATE of a row that still looks as
it did when it was read, so one wins; `finish` writes only where the claim still stands. A chunk whose worker
died is another's once its lease is over, and doing it twice gives the same rows.
"""

from __future__ import annotations

import json
import secrets
import socket
import zlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from sqlalchemy import ColumnElement, CursorResult, Select, Update, func, select, update
from sqlalchemy.orm import Session

from upload_guard.scan.records import KEPT, ChunkState, Column, Item
from upload_guard.storage.database import Database
from upload_guard.storage.scan_tables import ScanChunk

LEASE = timedelta(minutes=5)
"""Longer than any one file takes: a worker renews it after each."""
MOST_ATTEMPTS = 3
COUNTED = (*(column.value for column in Column), KEPT)
"""What the files of a chunk are counted by, each a column of its row."""
_TRIES = 10


@dataclass(frozen=True, slots=True)
class Claimed:
    """A chunk that is `claimant`'s to do. `attempts` counts this one."""

    id: int
    items: tuple[Item, ...]
    attempts: int
    claimant: str


@dataclass(frozen=True, slots=True)
class Advance:
    """How far a scan is: files and bytes planned and done, `counts` by column, chunks that are not done."""

    planned: int
    planned_bytes: int
    done: int
    done_bytes: int
    counts: Counter[str]
    open_chunks: int


def claimant() -> str:
    """A name for a worker of this machine, never given twice."""
    return f"{_host()} {secrets.token_hex(8)}"


def chunk_of(scan_id: int, items: Sequence[Item]) -> ScanChunk:
    """The row of a chunk that is open."""
    return ScanChunk(
        scan_id=scan_id,
        files=len(items),
        size=sum(item.size for item in items),
        items=zlib.compress(json.dumps([astuple(item) for item in items]).encode()),
        state=ChunkState.OPEN,
    )


@dataclass(frozen=True, slots=True)
class Chunks:
    """Those of one scan. All methods raise `StorageFailed`."""

    database: Database
    scan_id: int

    def claim(self, name: str) -> Claimed | None:
        """The first chunk that is nobody's; None where there is none just now."""
        for _ in range(_TRIES):
            with self.database.session() as session:
                free = session.scalar(self._open()) or session.scalar(self._over())
            if free is None:
                return None
            with self.database.session() as session:
                if self._won(session, free, name):
                    return Claimed(free.id, _items(free), free.attempts + 1, name)
        return None

    def renew(self, claimed: Claimed) -> bool:
        """Have its lease begin anew; False where it is no longer this claimant's."""
        renewed = update(ScanChunk).where(*_held(claimed)).values(lease_until=datetime.now(UTC) + LEASE)
        with self.database.session() as session:
            return _rows(session, renewed) == 1

    def finished(self, session: Session, claimed: Claimed, counts: Counter[str], generation: str) -> bool:
        """Note the outcome in `session`, before anything else is written there; False as `renew`."""
        done = (
            update(ScanChunk)
            .where(*_held(claimed))
            .values(state=ChunkState.DONE, generation=generation, lease_until=None, items=b"", **counts)
        )
        return _rows(session, done) == 1

    def free_those_of(self, host: str = "") -> None:
        """Give back what workers of `host` (this machine) had, who ended through no fault of a file."""
        theirs = ScanChunk.claimed_by.startswith(f"{host or _host()} ", autoescape=True)
        self._give_back(theirs, ScanChunk.attempts - 1)

    def free(self, name: str) -> None:
        """Give back what this claimant had, who died over it."""
        self._give_back(ScanChunk.claimed_by == name, ScanChunk.attempts)

    def advance(self) -> Advance:
        own, done = ScanChunk.scan_id == self.scan_id, ScanChunk.state == ChunkState.DONE
        sums = [
            _sum(ScanChunk.files),
            _sum(ScanChunk.size),
            *(_sum(getattr(ScanChunk, one)) for one in COUNTED),
        ]
        with self.database.session() as session:
            planned, planned_bytes, *_ = session.execute(select(*sums).where(own)).one()
            files, size, *counts = session.execute(select(*sums).where(own, done)).one()
            left = session.scalar(select(func.count()).where(own, ~done)) or 0
        return Advance(
            planned, planned_bytes, files, size, Counter(dict(zip(COUNTED, counts, strict=True))), left
        )

    def _open(self) -> Select[ScanChunk]:
        ours = ScanChunk.scan_id == self.scan_id, ScanChunk.state == ChunkState.OPEN
        return select(ScanChunk).where(*ours).order_by(ScanChunk.id).limit(1)

    def _over(self) -> Select[ScanChunk]:
        """One whose worker has not been heard of for too long."""
        ours = ScanChunk.scan_id == self.scan_id, ScanChunk.state == ChunkState.CLAIMED
        return select(ScanChunk).where(*ours, ScanChunk.lease_until < datetime.now(UTC)).limit(1)

    def _won(self, session: Session, free: ScanChunk, name: str) -> bool:
        claim = (
            update(ScanChunk)
            .where(
                ScanChunk.id == free.id,
                ScanChunk.state == free.state,
                ScanChunk.claimed_by == free.claimed_by,
                ScanChunk.attempts == free.attempts,
            )
            .values(
                state=ChunkState.CLAIMED,
                claimed_by=name,
                attempts=free.attempts + 1,
                lease_until=datetime.now(UTC) + LEASE,
            )
        )
        return _rows(session, claim) == 1

    def _give_back(self, whose: ColumnElement[bool], attempts: Any) -> None:
        back = (
            update(ScanChunk)
            .where(ScanChunk.scan_id == self.scan_id, ScanChunk.state == ChunkState.CLAIMED, whose)
            .values(state=ChunkState.OPEN, claimed_by="", lease_until=None, attempts=attempts)
        )
        with self.database.session() as session:
            session.execute(back)


def _held(claimed: Claimed) -> Iterable[ColumnElement[bool]]:
    return (
        ScanChunk.id == claimed.id,
        ScanChunk.state == ChunkState.CLAIMED,
        ScanChunk.claimed_by == claimed.claimant,
    )


def _items(row: ScanChunk) -> tuple[Item, ...]:
    return tuple(Item(*one) for one in json.loads(zlib.decompress(row.items)))


def _rows(session: Session, statement: Update) -> int:
    return cast("CursorResult[Any]", session.execute(statement)).rowcount


def _sum(column: Any) -> ColumnElement[int]:
    return cast("ColumnElement[int]", func.coalesce(func.sum(column), 0))


def _host() -> str:
    return socket.gethostname()[:64].replace(" ", "-")
