"""Scans as rows: begun, gone on with where one was interrupted, ended; and the plan of each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import select, update

from upload_guard.errors import UsageError
from upload_guard.scan.chunks import chunk_of
from upload_guard.scan.folders import STDIN
from upload_guard.scan.found import note
from upload_guard.scan.records import Column, Item, Link, Looked, ScanState, Shut, Walk
from upload_guard.storage.database import Database
from upload_guard.storage.scan_tables import Scan

FILES_A_CHUNK = 100
BYTES_A_CHUNK = 256 << 20
"""What a worker may lose when it is killed."""


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be scanned, as whose files, by whom; `lists` are (name, version) of what is active."""

    root: str
    site: str
    acting: bool
    person: str
    lists: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Scans:
    """All methods raise `StorageFailed`."""

    database: Database

    def begin(self, order: Order, *, anew: bool = False) -> Scan:
        """The scan of this root that was interrupted, unless one is wanted `anew`; otherwise a new one.

        Paths of standard input are always a new one: they cannot be read again.
        """
        before = self._interrupted(order.root)
        for one in before:
            same = (one.site, one.acting) == (order.site, order.acting)
            if same and not anew and order.root != STDIN:
                return one
            self._set(one.id, ScanState.LEFT)
        scan = Scan(
            root=order.root,
            site=order.site,
            acting=order.acting,
            state=ScanState.PLANNING,
            started_at=datetime.now(UTC),
            started_by=order.person[:64],
            lists=[list(one) for one in order.lists],
        )
        with self.database.session() as session:
            session.add(scan)
            session.flush()
        return scan

    def get(self, number: int) -> Scan:
        """Raises `UsageError` where there is none."""
        with self.database.session() as session:
            scan = session.get(Scan, number)
        if scan is None:
            raise UsageError(f"there is no scan {number}")
        return scan

    def all(self) -> tuple[Scan, ...]:
        """The newest first."""
        with self.database.session() as session:
            return tuple(session.scalars(select(Scan).order_by(Scan.id.desc())).all())

    def worked(self, number: int, seconds: float) -> None:
        """Add to the time that processes have worked on it."""
        with self.database.session() as session:
            session.execute(update(Scan).where(Scan.id == number).values(seconds=Scan.seconds + seconds))

    def end(self, number: int) -> None:
        self._set(number, ScanState.DONE)

    def _interrupted(self, root: str) -> tuple[Scan, ...]:
        going = Scan.state.in_([ScanState.PLANNING, ScanState.CHECKING])
        with self.database.session() as session:
            return tuple(
                session.scalars(select(Scan).where(Scan.root == root, going).order_by(Scan.id.desc())).all()
            )

    def _set(self, number: int, state: ScanState) -> None:
        with self.database.session() as session:
            ended = update(Scan).where(Scan.id == number).values(state=state, ended_at=datetime.now(UTC))
            session.execute(ended)


@dataclass(frozen=True, slots=True)
class Planner:
    """Puts a walk down as chunks. Killed at any point it goes on behind the last chunk that it wrote."""

    database: Database

    def plan(self, scan: Scan, walk: Walk, going: Callable[[], bool]) -> None:
        """All of it, or until `going` says otherwise. Raises `StorageFailed`, and whatever `walk` does."""
        if scan.state != ScanState.PLANNING:
            return
        for portion in _portions(walk, scan.cursor):
            if not going():
                return
            self._write(scan.id, portion)
        with self.database.session() as session:
            session.execute(update(Scan).where(Scan.id == scan.id).values(state=ScanState.CHECKING))

    def _write(self, number: int, portion: _Portion) -> None:
        with self.database.session() as session:
            behind = update(Scan).where(Scan.id == number)
            session.execute(behind.values(cursor=portion.last, links=Scan.links + portion.links))
            for shut in portion.shut:
                note(session, number, None, Looked(Item(shut.locator), Column.UNREAD, reason=shut.why))
            if portion.items:
                session.add(chunk_of(number, portion.items))


@dataclass(frozen=True, slots=True)
class _Portion:
    """What is written at once: the files of a chunk, and what was met among them; `last` of them all."""

    items: tuple[Item, ...]
    shut: tuple[Shut, ...]
    links: int
    last: str


def _portions(walk: Walk, after: str) -> Iterator[_Portion]:
    items: list[Item] = []
    shut: list[Shut] = []
    links, last = 0, after
    for met in walk.items(after):
        last = met.locator
        match met:
            case Item():
                items.append(met)
            case Shut():
                shut.append(met)
            case Link():
                links += 1
        full = len(items) + len(shut) >= FILES_A_CHUNK or sum(one.size for one in items) >= BYTES_A_CHUNK
        if full:
            yield _Portion(tuple(items), tuple(shut), links, last)
            items, shut, links = [], [], 0
    yield _Portion(tuple(items), tuple(shut), links, last)
