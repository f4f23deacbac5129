"""gunicorn's threaded worker, where no thread waits for a connection that says nothing.

Browsers connect ahead of need, and monitors look whether a port is open. gunicorn has a thread wait five
seconds for the first byte; with two threads, two such connections kept all uploads waiting as long. Here they
wait in the worker's loop, as kept connections do between two requests.
"""

from __future__ import annotations

import selectors
import socket
import time
from contextlib import suppress
from functools import partial

from gunicorn.workers import gthread


class Worker(gthread.ThreadWorker):  # type: ignore[misc]
    """As gunicorn's own, but a connection gets a thread with its first byte."""

    def accept(self, listener: socket.socket) -> None:
        """Take a connection. It may be silent as long as one is kept, and five seconds where none is."""
        # Else another process has taken it, or its client is gone.
        with suppress(BlockingIOError, ConnectionAbortedError):
            client, address = listener.accept()
            self.nr_conns += 1
            connection = gthread.TConn(self.cfg, client, address, listener.getsockname())
            seconds = max(self.cfg.keepalive, gthread.DEFAULT_WORKER_DATA_TIMEOUT)
            connection.timeout = time.monotonic() + seconds
            self.pending_conns.append(connection)
            once_it_speaks = partial(self.on_pending_socket_readable, connection)
            self.poller.register(client, selectors.EVENT_READ, once_it_speaks)

    def _cap_keepalive(self, deadline: float) -> None:
        """Of a worker that stops: a silent connection keeps it no longer than a kept one."""
        super()._cap_keepalive(deadline)
        for connection in self.pending_conns:
            connection.timeout = min(connection.timeout, deadline)
