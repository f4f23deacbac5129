"""One deadline for a whole HTTP exchange: name, handshake, head and body together.

A timeout of requests counts from the last byte, so that whoever sends one a minute keeps a caller for days.
Here a timer shuts the connection when time is up.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Self

from requests.adapters import HTTPAdapter

from upload_guard.upstreams.waiting import Made, within
from upload_guard.upstreams.watched import WatchedAdapter


class Deadline:
    """`seconds` from the moment that the block is entered. What was watched is shut when they are over."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._ends = time.monotonic() + seconds
        self._lock = threading.Lock()
        self._watched: list[socket.socket] = []
        self._timer = threading.Timer(seconds, self._shut)
        self._timer.daemon = True

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._timer.cancel()
        self.watch_none()

    @property
    def left(self) -> float:
        """Seconds; never below a hundredth, since a timeout of none would be for ever."""
        return max(self._ends - time.monotonic(), 0.01)

    @property
    def passed(self) -> bool:
        return time.monotonic() >= self._ends

    def wait_for(self, make: Callable[[], Made], whom: str) -> Made:
        """What `make` gives, which nothing can break off. Raises what it raises, and `TimeoutError`, as
        `within` for that peer.
        """
        return within(self.left, make, lambda _: None, whom)

    def connect(self, host: str, port: int) -> socket.socket:
        """A connection that is watched. Looking up the name is in time as well. Raises `OSError`."""

        def reach() -> socket.socket:
            return socket.create_connection((host, port), self.left)

        connected = within(self.left, reach, socket.socket.close, host)
        self.watch(connected)
        return connected

    def watch(self, connected: socket.socket) -> None:
        """Shut this connection when time is up, whoever wraps it meanwhile."""
        with self._lock:
            # By descriptor, since what speaks TLS cannot be duplicated otherwise.
            self._watched.append(socket.socket(fileno=os.dup(connected.fileno())))
        if self.passed:
            self._shut()

    def watch_none(self) -> None:
        """Let go of what was watched: one exchange is over, and another may begin."""
        with self._lock:
            for one in self._watched:
                one.close()
            self._watched.clear()

    def adapter(self) -> HTTPAdapter:
        """Of a requests session whose connections are watched."""
        return WatchedAdapter(self.watch)

    def _shut(self) -> None:
        with self._lock:
            for one in self._watched:
                with suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)
