"""What has to be done now and then, whoever asks or not: threads of each process that checks.

Rows are the truth: a job may run twice, be killed half way, or find that another process has done it.
"""

from __future__ import annotations

import logging
import threading
import time
import weakref
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

from upload_guard.errors import UploadGuardError
from upload_guard.forks import forget_in_children
from upload_guard.records import Findings, Outcome, Upload
from upload_guard.storage.locks import exclusive_lock_if_free

log = logging.getLogger(__name__)

_LOOK_EVERY = 1.0
_RESTS = 30.0
_TRIES_AGAIN = 60.0


@dataclass(frozen=True, slots=True)
class Job:
    """`run` every so many seconds, a minute after it failed; `alone` in one process of the machine at a time.

    `mark` names the state of all that it looks at but the clock, as `Database.mark` does of rows: while that
    is as it was before the last run that went well, it runs only for what the clock may bring, each `rests`
    seconds.
    """

    name: str
    run: Callable[[], object]
    every: float = _LOOK_EVERY
    alone: bool = True
    mark: Callable[[], object] = object
    rests: float = _RESTS


@dataclass(frozen=True, slots=True)
class _Done:
    """When a job last went well, and of what state."""

    mark: object
    at: float


class Housekeeper:
    """Runs jobs from the first upload on, as `guard.Observer`, or from `start`. One a process; fork-safe."""

    def __init__(self, jobs: tuple[Job, ...], lock_folder: Path) -> None:
        self.jobs = jobs
        self._lock_folder = lock_folder
        self._begin()
        forget_in_children(self)

    def _begin(self) -> None:
        self._lock = threading.Lock()
        self._started = False
        self._due = dict.fromkeys((job.name for job in self.jobs), 0.0)
        self._done: dict[str, _Done] = {}

    def note(self, upload: Upload, outcome: Outcome, findings: Findings) -> None:  # noqa: ARG002 - as observers are
        """Begin, unless that is done."""
        self.start()

    def start(self) -> None:
        if self._started:
            return
        with self._lock:
            if self._started:
                return
            self._started = True
            over = threading.Event()
            weakref.finalize(self, over.set).atexit = False
            for job in self.jobs:
                # One each, so that none waits for another that takes its time. It holds no reference to the
                # house between looks, so that it ends with it.
                threading.Thread(
                    target=_keep,
                    args=(weakref.ref(self), job, over),
                    name=f"upload-guard-{job.name}",
                    daemon=True,
                ).start()

    def look(self) -> None:
        """Run what is due; the threads do so by themselves."""
        for job in self.jobs:
            self.run_if_due(job)

    def lock_of(self, job: Job) -> Path:
        """What the process holds that runs it."""
        return self._lock_folder / f".{job.name}.lock"

    def run_if_due(self, job: Job) -> None:
        if time.monotonic() >= self._due[job.name]:
            self._due[job.name] = time.monotonic() + job.every
            self._run(job)

    def until_due(self, job: Job) -> float:
        """Seconds; it rests between two runs, however long one takes."""
        return max(self._due[job.name] - time.monotonic(), _LOOK_EVERY)

    def _run(self, job: Job) -> None:
        try:
            # Before it runs, so that what changes meanwhile is news the next time.
            now = _Done(job.mark(), time.monotonic())
            if self._rests(job, now):
                return
            with exclusive_lock_if_free(self.lock_of(job)) if job.alone else nullcontext(True) as free:
                if free:
                    job.run()
                    self._done[job.name] = now
        except UploadGuardError as fault:
            log.warning("%s: %s; it is tried again", job.name, fault)
            self._try_soon(job)
        except Exception:
            log.exception("%s failed, by an error of our own", job.name)
            self._try_soon(job)

    def _try_soon(self, job: Job) -> None:
        self._due[job.name] = time.monotonic() + min(job.every, _TRIES_AGAIN)

    def _rests(self, job: Job, now: _Done) -> bool:
        done = self._done.get(job.name)
        return done is not None and done.mark == now.mark and now.at - done.at < job.rests

    def forget(self) -> None:
        """In a forked child: it has neither the threads nor who holds the lock; begin anew."""
        self._begin()


def _keep(house: weakref.ref[Housekeeper], job: Job, over: threading.Event) -> None:
    while (alive := house()) is not None:
        alive.run_if_due(job)
        left = alive.until_due(job)
        del alive
        over.wait(left)
