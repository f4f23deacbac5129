"""What has to be done now and then, whoever asks or not: a thread of each process that checks.

Rows are the truth: a job may run twice, be killed half way, or find that another process has done it.
"""

from __future__ import annotations

import logging
import os
import threading
import time
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from upload_guard.errors import UploadGuardError
from upload_guard.records import Findings, Outcome, Upload
from upload_guard.storage.locks import exclusive_lock_if_free

log = logging.getLogger(__name__)

_LOOK_EVERY = 1.0


@dataclass(frozen=True, slots=True)
class Job:
    """`run` every so many seconds; `alone` in one process of the machine at a time."""

    name: str
    run: Callable[[], object]
    every: float = _LOOK_EVERY
    alone: bool = True


class Housekeeper:
    """Runs jobs from the first upload on, as `guard.Observer`, or from `start`. One a process; fork-safe."""

    def __init__(self, jobs: tuple[Job, ...], lock_folder: Path) -> None:
        self.jobs = jobs
        self._lock_folder = lock_folder
        self._begin()
        _houses.add(self)

    def _begin(self) -> None:
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._due = dict.fromkeys((job.name for job in self.jobs), 0.0)

    def note(self, upload: Upload, outcome: Outcome, findings: Findings) -> None:  # noqa: ARG002 - as observers are
        """Begin, unless that is done."""
        self.start()

    def start(self) -> None:
        if self._thread is not None and self._thread.is_alive():
            return
        with self._lock:
            if self._thread is None or not self._thread.is_alive():
                # It holds no reference between looks, so that it ends with the object.
                self._thread = threading.Thread(
                    target=_keep_house, args=(weakref.ref(self),), name="upload-guard-jobs", daemon=True
                )
                self._thread.start()

    def look(self) -> None:
        """Run what is due; the thread does so by itself."""
        for job in self.jobs:
            if time.monotonic() >= self._due[job.name]:
                self._due[job.name] = time.monotonic() + job.every
                self._run(job)

    def _run(self, job: Job) -> None:
        try:
            if not job.alone:
                job.run()
                return
            with exclusive_lock_if_free(self._lock_folder / f".{job.name}.lock") as alone:
                if alone:
                    job.run()
        except UploadGuardError as fault:
            log.warning("%s: %s; it is tried again", job.name, fault)
        except Exception:
            log.exception("%s failed, by an error of our own", job.name)

    def forget(self) -> None:
        """In a forked child: it has neither the thread nor who holds the lock; begin anew."""
        self._begin()


_houses: weakref.WeakSet[Housekeeper] = weakref.WeakSet()


def _forget_all() -> None:
    for house in tuple(_houses):
        house.forget()


os.register_at_fork(after_in_child=_forget_all)


def _keep_house(house: weakref.ref[Housekeeper]) -> None:
    while (alive := house()) is not None:
        alive.look()
        del alive
        time.sleep(_LOOK_EVERY)
