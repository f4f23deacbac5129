"""A worker's part: looks at the files of one chunk, and writes down what it found, all or nothing.

What is acted upon is noted before the act, so that a crash between the two loses no hit; the chunk is done
again then, and the act with it.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from sqlalchemy import select

from upload_guard.checkers.local import LocalChecker
from upload_guard.digests import digest_of
from upload_guard.errors import GoneFromPlace, HoldingsUnreachable, Unavailable, UploadGuardError
from upload_guard.guard import Guard, Judged
from upload_guard.holdings.acting import Found
from upload_guard.records import Source, Upload
from upload_guard.scan.chunks import LEASE, MOST_ATTEMPTS, Chunks, Claimed
from upload_guard.scan.found import looked_at, looked_of, note
from upload_guard.scan.memory import Kept, Memory, says_nothing
from upload_guard.scan.records import KEPT, Column, Item, Looked, Opened, Opener
from upload_guard.scan.rematching import Rematcher
from upload_guard.storage.database import Database
from upload_guard.storage.scan_tables import ScannedFile

ROUTE = "scan:"
"""The route of what a scan found, as a case has it."""
CHANGED = "changed while it was read"
_RENEW_EVERY = LEASE.total_seconds() / 5

Act = Callable[[Found], str]
"""Opens a case of a file and takes it away; the case's number. Raises our own errors; may be tried again."""


@dataclass
class _Portion:
    """What is known of a chunk's files at first, and what comes to be."""

    chunk: int
    scan_id: int
    guard: Guard
    generation: str
    kept: Mapping[str, Kept]
    unlisted: frozenset[str]
    noted: Mapping[str, Looked]
    looked: list[Looked] = field(default_factory=list)
    seen: list[Kept] = field(default_factory=list)
    still: list[Kept] = field(default_factory=list)

    def nothing_of(self, locator: str) -> Kept | None:
        """What is kept of a file, if that reaches no entry."""
        return self.kept.get(locator) if locator in self.unlisted else None


@dataclass(frozen=True, slots=True)
class Examiner:
    """`openers` by scheme; `act` is None where a scan only reports; `recalls` and `remembers` say whether
    anything is taken from `memory`, and put into it.
    """

    database: Database
    guard: Guard
    checker: LocalChecker
    memory: Memory
    rematcher: Rematcher
    openers: Mapping[str, Opener]
    site: str
    person: str
    act: Act | None = None
    recalls: bool = True
    remembers: bool = True

    def work(self, chunks: Chunks, claimed: Claimed, going: Callable[[], bool]) -> bool:
        """Do a chunk; whether its outcome counts: another may have it, or `going` may have ended.

        Raises `StorageFailed`, and `NotReady` while no list can be loaded.
        """
        portion = self._begun(chunks.scan_id, claimed)
        renewed = time.monotonic()
        for item in claimed.items:
            if not going():
                return False
            if time.monotonic() - renewed > _RENEW_EVERY:
                if not chunks.renew(claimed):
                    return False
                renewed = time.monotonic()
            portion.looked.append(self._look(portion, item, claimed.attempts))
        return self._finish(chunks, claimed, portion)

    def _begun(self, scan_id: int, claimed: Claimed) -> _Portion:
        # One set of entries for all of it, so that it can be said which they were compared with.
        snapshot = self.checker.snapshot()
        guard = replace(self.guard, checker=replace(self.checker, snapshot=lambda: snapshot))
        kept = self.memory.recall(claimed.items) if self.recalls else {}
        unlisted = self.rematcher.unlisted(kept, snapshot) if kept else frozenset()
        with self.database.session() as session:
            rows = session.scalars(select(ScannedFile).where(ScannedFile.chunk_id == claimed.id)).all()
        noted = {row.locator: looked_of(row) for row in rows}
        return _Portion(claimed.id, scan_id, guard, snapshot.generation, kept, unlisted, noted)

    def _look(self, portion: _Portion, item: Item, attempts: int) -> Looked:
        if attempts > MOST_ATTEMPTS:
            given_up = Looked(item, Column.UNCHECKED, reason="workers died over this chunk again and again")
            return portion.noted.get(item.locator, given_up)
        opener = self._opener(item)
        try:
            now = opener.look(item)
            kept = portion.nothing_of(item.locator)
            if kept and self.memory.is_same(kept, now):
                portion.still.append(kept)
                return Looked(now, Column.CLEAN, kept=True)
            with opener.opened(item) as file:
                return self._read(portion, file)
        except GoneFromPlace:
            # Perhaps it was this very scan that took it, and then died.
            return portion.noted.get(item.locator) or Looked(item, Column.GONE)
        except HoldingsUnreachable as fault:
            return Looked(item, Column.UNREAD, reason=str(fault).removeprefix(f"{item.locator}: ")[:255])
        except OSError as error:
            return Looked(item, Column.UNREAD, reason=(error.strerror or type(error).__name__)[:255])

    def _read(self, portion: _Portion, file: Opened) -> Looked:
        with file.content.open() as stream:
            digest = digest_of(stream)
        kept = portion.nothing_of(file.item.locator)
        if kept and self.memory.holds(kept, digest.sha256):
            portion.seen.append(self.memory.marked(kept, file.item, portion.generation))
            return Looked(file.item, Column.CLEAN, kept=True)
        upload = Upload(file.content, digest, file.name, source=Source(self.site, ROUTE))
        try:
            judged = portion.guard.examine(upload)
        except Unavailable as fault:
            return Looked(file.item, Column.UNCHECKED, reason=fault.code)
        looked = looked_at(file.item, judged)
        # Bytes that came meanwhile were not looked at, or only half of them.
        if looked.column is Column.CLEAN and self._opener(file.item).look(file.item) != file.item:
            return Looked(file.item, Column.UNREAD, reason=CHANGED)
        self._remember(portion, file, digest.sha256, judged)
        return self._acted(portion, looked, digest.sha256, judged)

    def _remember(self, portion: _Portion, file: Opened, sha256: bytes, judged: Judged) -> None:
        found = judged.findings
        if not self.remembers or found is None or not says_nothing(judged.verdict, found):
            return
        if kept := self.memory.kept(file.item, sha256, found, portion.generation):
            portion.seen.append(kept)

    def _acted(self, portion: _Portion, looked: Looked, sha256: bytes, judged: Judged) -> Looked:
        found = judged.findings
        # Anybody may have the test picture; nothing is kept of it.
        if self.act is None or looked.column is not Column.LISTED or found is None or found.canary:
            return looked
        with self.database.session() as session:
            note(session, portion.scan_id, portion.chunk, looked)
        try:
            case = self.act(
                Found(looked.item.locator, self.site, sha256, judged.verdict, found, "", ROUTE, self.person)
            )
        except UploadGuardError as fault:
            return replace(looked, fault=f"{fault.code}: {fault}"[:255])
        except OSError as error:
            # Such as a disk without room for the copy: the file is listed all the same.
            return replace(looked, fault=(error.strerror or type(error).__name__)[:255])
        return replace(looked, case=case)

    def _finish(self, chunks: Chunks, claimed: Claimed, portion: _Portion) -> bool:
        counts = Counter(one.column.value for one in portion.looked)
        counts[KEPT] = sum(one.kept for one in portion.looked)
        with self.database.session() as session:
            if not chunks.finished(session, claimed, counts, portion.generation):
                return False
            for one in portion.looked:
                if one.column is not Column.CLEAN:
                    note(session, chunks.scan_id, claimed.id, one)
            self.memory.put(session, portion.seen, portion.still, portion.generation)
        return True

    def _opener(self, item: Item) -> Opener:
        return self.openers[item.locator.partition("://")[0]]
