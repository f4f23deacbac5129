"""One machine's work on a scan: a planner, and a pool of processes that claim chunks until none is left.

Rows say what is done, so nothing is lost with a process: another is started in the place of one that dies,
and workers whose pool has died end by themselves.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from upload_guard.errors import UsageError
from upload_guard.scan.building import Manner, memory_of
from upload_guard.scan.chunks import Advance, Chunks
from upload_guard.scan.records import Walk
from upload_guard.scan.scans import Planner, Scans
from upload_guard.scan.workers import Workers
from upload_guard.settings import Settings
from upload_guard.storage.database import Database
from upload_guard.storage.locks import exclusive_lock_if_free
from upload_guard.storage.scan_tables import Scan

_LOOK_EVERY = 0.3
_SPARING = 20

Watch = Callable[[Advance, bool], None]
"""Is told how far the scan is, and whether all of it is planned."""


@dataclass(frozen=True, slots=True)
class Pool:
    """`jobs` processes on this machine, which look at files as `manner` says."""

    settings: Settings
    manner: Manner
    jobs: int

    def run(self, database: Database, scan: Scan, walk: Walk, watch: Watch) -> None:
        """Plan and check all of it. Raises `UsageError` where another process is at it, and whatever ends it.

        Interrupted in whatever way, it goes on when it is run again.
        """
        begun = time.monotonic()
        with _alone(self.settings.scan_dir, scan.id):
            try:
                self._run(database, scan, walk, watch)
            finally:
                Scans(database).worked(scan.id, time.monotonic() - begun)
            Scans(database).end(scan.id)
        days = timedelta(days=self.settings.scan.remember_days)
        memory_of(self.settings, database).forget(days)

    def _run(self, database: Database, scan: Scan, walk: Walk, watch: Watch) -> None:
        chunks = Chunks(database, scan.id)
        # Nobody else is at it here, so these are of workers that were killed with their pool.
        chunks.free_those_of()
        planning = _Planning(database, scan, walk)
        workers = Workers(self.settings, self.manner, chunks)
        try:
            planning.start()
            workers.start(self.jobs)
            for advance, planned in _looks(chunks, planning):
                planning.check()
                workers.tend()
                watch(advance, planned)
        finally:
            planning.stop()
            workers.end()


def _looks(chunks: Chunks, planning: _Planning) -> Iterator[tuple[Advance, bool]]:
    """How far it is, now and then until all is done; less often where counting takes long."""
    while True:
        begun = time.monotonic()
        planned = planning.over
        advance = chunks.advance()
        yield advance, planned
        if planned and not advance.open_chunks:
            return
        time.sleep(max(_LOOK_EVERY, _SPARING * (time.monotonic() - begun)))


class _Planning:
    """The planner in a thread, since chunks are worked on while more are found."""

    def __init__(self, database: Database, scan: Scan, walk: Walk) -> None:
        self._planner, self._scan, self._walk = Planner(database), scan, walk
        self._stopped = threading.Event()
        self._fault: Exception | None = None
        self._thread = threading.Thread(target=self._plan, name="upload-guard-plan", daemon=True)

    @property
    def over(self) -> bool:
        return not self._thread.is_alive()

    def start(self) -> None:
        self._thread.start()

    def check(self) -> None:
        """Raises what planning ended with."""
        if self._fault is not None:
            raise self._fault

    def stop(self) -> None:
        """The thread may be waiting for somebody's pipe, so nobody waits for it."""
        self._stopped.set()

    def _plan(self) -> None:
        try:
            self._planner.plan(self._scan, self._walk, lambda: not self._stopped.is_set())
        except Exception as fault:  # noqa: BLE001 - raised where somebody checks
            self._fault = fault


@contextmanager
def _alone(folder: Path, number: int) -> Iterator[None]:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with exclusive_lock_if_free(folder / f".{number}.lock") as alone:
        if not alone:
            raise UsageError(f"scan {number} is under way in another process")
        yield
