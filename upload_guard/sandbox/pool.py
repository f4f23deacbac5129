"""The pool: many threads of a server, a few workers, one answer for each file whatever happens in it."""

from __future__ import annotations

import atexit
import logging
import math
import threading
import time
import weakref
from collections.abc import Sequence
from dataclasses import dataclass, replace

from upload_guard.errors import Busy, CheckFailed
from upload_guard.forks import forget_in_children
from upload_guard.imaging.budget import ScanLimits
from upload_guard.imaging.plugin import Declared
from upload_guard.records import Analysis, Content
from upload_guard.sandbox.confine import Bounds, Confinement
from upload_guard.sandbox.handle import Allowance, Overtime, WorkerHandle
from upload_guard.sandbox.nursery import Nursery, NurseryError
from upload_guard.sandbox.wire import WireError
from upload_guard.sandbox.zygote import Order
from upload_guard.spans import Span

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SandboxLimits:
    """`memory` in bytes of address space beyond what a warm worker uses; times for one file, in seconds.

    A worker is renewed after `files` files: one that a file has taken over must not judge for ever.
    """

    workers: int
    memory: int
    cpu_seconds: float
    wall_seconds: float
    queue_seconds: float
    files: int = 100


@dataclass(frozen=True, slots=True)
class SandboxStatus:
    """Which walls the workers have, how many live, how many files wait for one, how many were killed or died,
    and the last fault.

    Nothing is known of the walls before the first worker: see `Sandbox.start`.
    """

    rlimits: bool
    seccomp: bool
    landlock: bool
    workers: int
    waiting: int
    killed: int
    fault: str


class Sandbox:
    """Decodes in worker processes of this process's own; a forked child gets its own at its first file."""

    def __init__(
        self,
        limits: SandboxLimits,
        scan: ScanLimits,
        task: str = "upload_guard.containers.analyse:analyse",
        plugins: Sequence[Declared] = (),
    ) -> None:
        """Starts nothing. `task` is "module:function", imported by the workers and never here.

        So are `plugins`, which compute signal types beside those that are built in.
        """
        self._limits = limits
        # A bound for a whole life: the one for each file is watched from outside.
        cpu = math.ceil(limits.cpu_seconds * (limits.files + 1))
        self._order = Order(task, scan, Bounds(limits.memory, cpu), tuple(plugins))
        self._allowance = Allowance(limits.wall_seconds, limits.cpu_seconds)
        self._begin()
        _sandboxes.add(self)
        forget_in_children(self)

    def _begin(self) -> None:
        self._changed = threading.Condition()
        self._starting = threading.Lock()
        self._nursery: Nursery | None = None
        self._idle: list[WorkerHandle] = []
        self._live = 0
        self._waiting = 0
        self._killed = 0
        self._fault = ""
        self._walls: Confinement | None = None
        self._closed = False

    def start(self) -> None:
        """Have one worker ready, so that the first file need not wait for imports. Raises as `analyse`."""
        self._give_back(self._take())

    def analyse(self, content: Content, deadline: float = math.inf) -> Analysis:
        """What is in a file; a reason in `unscannable` where no answer could be had from the worker.

        `deadline`, on the monotonic clock, may leave less time than a file has by itself. Raises `Busy` if no
        worker gets free within the limit, `CheckFailed` if none can be started.
        """
        with content.lend() as span:
            worker = self._take()
            left = deadline - time.monotonic()
            if left <= 0:
                self._give_back(worker)
                return Analysis(unscannable="timeout")
            allowance = replace(self._allowance, wall=min(self._allowance.wall, left))
            return self._ask(worker, span, allowance)

    def status(self) -> SandboxStatus:
        walls = self._walls or Confinement(rlimits=False, seccomp=False, landlock=False)
        return SandboxStatus(
            rlimits=walls.rlimits,
            seccomp=walls.seccomp,
            landlock=walls.landlock,
            workers=self._live,
            waiting=self._waiting,
            killed=self._killed,
            fault=self._fault,
        )

    def close(self) -> None:
        """End all processes. Files being decoded get `worker_failed`, later ones `CheckFailed`."""
        with self._starting, self._changed:
            self._closed = True
            nursery, self._nursery = self._nursery, None
            idle, self._idle = self._idle, []
            self._live -= len(idle)
            self._changed.notify_all()
        for worker in idle:
            worker.close()
        if nursery:
            nursery.close()

    # One file -------------------------------------------------------------------------------------

    def _ask(self, worker: WorkerHandle, span: Span, allowance: Allowance) -> Analysis:
        try:
            answer = worker.ask(span, allowance)
        except Overtime as fault:
            self._discard(worker, f"a worker ran out of time ({fault})")
            return Analysis(unscannable="timeout")
        except (WireError, OSError) as fault:
            self._discard(worker, f"a worker failed: {fault}")
            return Analysis(unscannable="worker_failed")
        except BaseException:
            # The thread was told to stop: this worker's answer would be taken for the next file's.
            self._discard(worker, "a worker was left alone")
            raise
        if answer.analysis.unscannable == "too_much_memory":
            self._discard(worker, "a worker ran out of memory")
        else:
            self._give_back(worker)
        if answer.fault:
            log.info("a file could not be decoded: %s", answer.fault)
        return answer.analysis

    # Workers, taken and given back ----------------------------------------------------------------

    def _take(self) -> WorkerHandle:
        deadline = time.monotonic() + self._limits.queue_seconds
        with self._changed:
            self._waiting += 1
            try:
                self._wait_for_room(deadline)
            finally:
                self._waiting -= 1
            waiting = self._idle.pop() if self._idle else None
            self._live += waiting is None
        if waiting and waiting.idle:
            return waiting
        if waiting:
            waiting.kill()
            self._count("a waiting worker ended")
        try:
            return self._fork()
        except BaseException:
            self._leave()
            raise

    def _wait_for_room(self, deadline: float) -> None:
        while not self._idle and self._live >= self._limits.workers:
            left = deadline - time.monotonic()
            if left <= 0:
                raise Busy(f"all {self._limits.workers} decoder workers are busy")
            self._changed.wait(left)

    def _give_back(self, worker: WorkerHandle) -> None:
        with self._changed:
            if worker.files < self._limits.files and not self._closed:
                self._idle.append(worker)
                self._changed.notify()
                return
        # Not just closed: a worker that a file has taken over would not care.
        worker.kill()
        self._leave()

    def _discard(self, worker: WorkerHandle, fault: str) -> None:
        worker.kill()
        self._count(fault)
        self._leave()

    def _leave(self) -> None:
        with self._changed:
            self._live -= 1
            self._changed.notify()

    def _count(self, fault: str) -> None:
        log.warning("decoder sandbox: %s", fault)
        with self._changed:
            self._killed += 1
            self._fault = fault

    # The zygote -----------------------------------------------------------------------------------

    def _fork(self) -> WorkerHandle:
        try:
            worker = self._fork_once()
        except NurseryError as fault:
            log.warning("decoder sandbox: %s; it is started again", fault)
            try:
                worker = self._fork_once()
            except NurseryError as again:
                self._fault = str(again)
                raise CheckFailed(str(again)) from again
        if self._walls is None and worker.walls.lacking:
            log.warning("decoder workers run without %s", "; ".join(worker.walls.lacking))
        self._walls = worker.walls
        return worker

    def _fork_once(self) -> WorkerHandle:
        with self._starting:
            if self._closed:
                raise CheckFailed("the decoder sandbox is closed")
            nursery = self._nursery = self._nursery or Nursery(self._order)
        try:
            return nursery.fork()
        except NurseryError:
            with self._starting:
                if self._nursery is nursery:
                    self._nursery = None
            nursery.kill_all()
            raise

    def forget(self) -> None:
        """In a forked child of the server: its processes and locks are the parent's; begin anew."""
        for worker in self._idle:
            worker.close()
        if self._nursery:
            self._nursery.disown()
        self._begin()


_sandboxes: weakref.WeakSet[Sandbox] = weakref.WeakSet()


@atexit.register
def _close_all() -> None:
    for sandbox in tuple(_sandboxes):
        sandbox.close()
