"""The processes that look at files, started anew where one dies."""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import time
from contextlib import suppress
from multiprocessing.context import SpawnProcess
from multiprocessing.synchronize import Event

from upload_guard.errors import CheckFailed, UploadGuardError
from upload_guard.scan.building import Manner, build_examiner
from upload_guard.scan.chunks import Chunks, claimant
from upload_guard.settings import Settings

log = logging.getLogger(__name__)

# Processes of their own, and not copies of this one with its threads and locks in any state.
_CONTEXT = multiprocessing.get_context("spawn")
_PAUSE = 0.2
_END_WITHIN = 90.0
_FAILED = 4
# A file that kills workers is given up long before.
_MOST_DEATHS = 50


class Workers:
    """Work on `chunks` until they are told to end."""

    def __init__(self, settings: Settings, manner: Manner, chunks: Chunks) -> None:
        self._settings = settings
        self._manner = manner
        self._chunks = chunks
        self._ending = _CONTEXT.Event()
        self._running: dict[str, SpawnProcess] = {}
        self._deaths = 0

    @property
    def processes(self) -> tuple[int, ...]:
        """Their ids."""
        return tuple(one.pid for one in self._running.values() if one.pid is not None)

    def start(self, jobs: int) -> None:
        for _ in range(jobs):
            self._start_one()

    def tend(self) -> None:
        """Replace those that died. Raises `CheckFailed` where one has said that it cannot work."""
        for name, process in tuple(self._running.items()):
            if process.exitcode is None:
                continue
            del self._running[name]
            if process.exitcode == _FAILED:
                raise CheckFailed("a worker of the scan could not go on; what it said stands above")
            self._deaths += 1
            log.warning("a worker of the scan died (exit code %d); another takes its place", process.exitcode)
            if self._deaths > _MOST_DEATHS:
                raise CheckFailed("workers of the scan die again and again")
            self._chunks.free(name)
            self._start_one()

    def end(self) -> None:
        """Each ends after the file that it is at."""
        self._ending.set()
        deadline = time.monotonic() + _END_WITHIN
        for process in self._running.values():
            process.join(max(0.0, deadline - time.monotonic()))
            if process.exitcode is None:
                process.kill()
                process.join()

    def _start_one(self) -> None:
        name = claimant()
        process = _CONTEXT.Process(
            target=_work,
            args=(self._settings, self._manner, self._chunks.scan_id, name, self._ending),
            name="upload-guard-scan",
        )
        process.start()
        self._running[name] = process


def _work(settings: Settings, manner: Manner, scan_id: int, name: str, ending: Event) -> None:
    """The life of a worker."""
    # A Ctrl-C at the terminal is the pool's, which has its workers end in good order.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with suppress(OSError):
        os.nice(settings.scan.nice)
    pool = multiprocessing.parent_process()

    def going() -> bool:
        return not ending.is_set() and (pool is None or pool.is_alive())

    try:
        examiner = build_examiner(settings, manner)
        chunks = Chunks(examiner.database, scan_id)
        while going():
            claimed = chunks.claim(name)
            if claimed is None:
                time.sleep(_PAUSE)
                continue
            examiner.work(chunks, claimed, going)
        examiner.checker.sandbox.close()
    except UploadGuardError as fault:
        log.warning("scan: %s", fault)
        raise SystemExit(_FAILED) from fault
