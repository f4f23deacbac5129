"""The server's end of one worker: hands a file over and judges what comes back, when, and at what cost."""

from __future__ import annotations

import json
import os
import select
import socket
import sys
import time
import weakref
from dataclasses import dataclass
from typing import Protocol

from upload_guard.records import SignalType
from upload_guard.sandbox.confine import Confinement
from upload_guard.sandbox.wire import Answer, FrameReader, decode, receive_frame, send_file
from upload_guard.spans import Span

_CPUS = os.cpu_count() or 1
# Seconds; how short a wait between looks at the processor time may get.
_LEAST_WAIT = 0.02


class Overtime(Exception):
    """The worker has not answered within its wall-clock or processor time; the text says which."""


class Parent(Protocol):
    def kill(self, pid: int) -> None: ...


@dataclass(frozen=True, slots=True)
class Allowance:
    """Seconds for one file, by the clock on the wall and by that of the worker's process."""

    wall: float
    cpu: float


class WorkerHandle:
    """One worker. Used by one thread at a time."""

    def __init__(
        self,
        parent: Parent,
        pid: int,
        channel: socket.socket,
        seconds: float,
        kinds: frozenset[SignalType] = frozenset(SignalType),
    ) -> None:
        """Wait for the worker's word that it is confined. Raises `WireError` or `OSError`.

        `kinds` are the signal types that it may answer with.
        """
        self.parent = parent
        self.files = 0
        self._pid = pid
        self._kinds = kinds
        self._channel = channel
        # For a sandbox that is dropped and not closed.
        weakref.finalize(self, channel.close).atexit = False
        try:
            report = json.loads(receive_frame(channel, seconds))
        except BaseException:
            self.kill()
            raise
        # Said before it has seen any file, so it is to be believed.
        self.walls = Confinement(**report | {"lacking": tuple(report["lacking"])})

    @property
    def idle(self) -> bool:
        """Whether it waits for work: what has ended, or speaks unasked, is of no more use."""
        poll = select.poll()
        poll.register(self._channel, select.POLLIN)
        return not poll.poll(0)

    def ask(self, span: Span, allowance: Allowance) -> Answer:
        """What the worker found in the file. Raises `Overtime`, `WireError` or `OSError`; then kill it."""
        self.files += 1
        deadline = time.monotonic() + allowance.wall
        cpu_end = self._cpu_time() + allowance.cpu
        self._channel.settimeout(allowance.wall)
        token = send_file(self._channel, span)
        reader = FrameReader()
        while not reader.whole:
            wall_left = deadline - time.monotonic()
            cpu_left = cpu_end - self._cpu_time()
            if min(wall_left, cpu_left) <= 0:
                raise Overtime("wall clock" if wall_left <= 0 else "processor")
            # On n processors its threads cannot use up the rest in less than an n-th of it.
            self._channel.settimeout(min(wall_left, max(cpu_left / _CPUS, _LEAST_WAIT)))
            try:
                reader.read_some(self._channel)
            except TimeoutError:
                continue
        return decode(reader.data, token, self._kinds)

    def kill(self) -> None:
        self.parent.kill(self._pid)
        self.close()

    def close(self) -> None:
        """An idle worker ends when its channel does."""
        self._channel.close()

    def _cpu_time(self) -> float:
        """Seconds the worker's process has used; clock_getcpuclockid(3). 0 where it cannot be read.

        Read from outside and not set as an interval timer inside, which a captured worker could stop.
        """
        if sys.platform != "linux":
            return 0.0
        try:
            return time.clock_gettime(~self._pid << 3 | 2)
        except OSError:
            return 0.0
