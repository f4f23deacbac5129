"""gunicorn's threaded worker, where no thread waits for a connection that says nothing.

Browsers connect ahead of need, and monitors look whether a port is open. gunicorn has a thread wait five
seconds for the first byte, and without end for a request after a TLS handshake; with two threads, two such
connections kept all uploads waiting as long. Here they wait in the worker's loop, as kept connections do
between two requests.
"""

from __future__ import annotations

import errno
import select
import selectors
import socket
import ssl
import time
from concurrent.futures import Future
from functools import partial

from gunicorn.workers import gthread

_NO_MORE_FILES = frozenset({errno.EMFILE, errno.ENFILE})
_TIME_FOR_A_WORD = 1.0
_GREETED = object()
"""What comes of a TLS handshake, where gunicorn says whether a connection is kept."""


class Worker(gthread.ThreadWorker):  # type: ignore[misc]
    """As gunicorn's own, but a connection gets a thread with its first byte, and another with its request."""

    def accept(self, listener: socket.socket) -> None:
        """Take a connection. It may be silent as long as one is kept, and five seconds where none is."""
        try:
            client, address = listener.accept()
        except (BlockingIOError, ConnectionAbortedError):
            # Another process has taken it, or its client is gone.
            return
        except OSError as fault:
            if fault.errno not in _NO_MORE_FILES:
                raise
            # gunicorn's own dies of it, with all uploads that it is checking.
            self._oldest_gives_way()
            time.sleep(0.01)
            return
        self.nr_conns += 1
        self._wait_for_word(gthread.TConn(self.cfg, client, address, listener.getsockname()))

    def handle(self, conn: gthread.TConn) -> object:
        """In a thread: the TLS handshake or a request, if it has come to that."""
        if not self.cfg.is_ssl or conn.initialized:
            return super().handle(conn)
        try:
            conn.init()
        except ssl.SSLEOFError:
            return False
        except ssl.SSLError as fault:
            self.handle_error(None, conn.sock, conn.client, fault)
            return False
        return _GREETED

    def finish_request(self, conn: gthread.TConn, fs: Future[object]) -> None:
        """In the loop: what comes after `handle`. One whose handshake failed otherwise is closed there."""
        if fs.cancelled() or fs.exception() or fs.result() is not _GREETED:
            super().finish_request(conn, fs)
        else:
            self._wait_for_word(conn)

    def murder_pending(self) -> None:
        """Close what has been silent for too long; before that where there is no room for those who speak."""
        if self.nr_conns >= self.worker_connections:
            self._oldest_gives_way()
        super().murder_pending()

    @property
    def _patience(self) -> float:
        return float(max(self.cfg.keepalive, gthread.DEFAULT_WORKER_DATA_TIMEOUT))

    def _wait_for_word(self, connection: gthread.TConn) -> None:
        seconds = self._patience if self.alive else gthread.STOP_KEEPALIVE_LINGER
        connection.timeout = time.monotonic() + seconds
        connection.sock.setblocking(False)
        self.pending_conns.append(connection)
        once_it_speaks = partial(self.on_pending_socket_readable, connection)
        self.poller.register(connection.sock, selectors.EVENT_READ, once_it_speaks)

    def _oldest_gives_way(self) -> None:
        if not self.pending_conns:
            return
        oldest = self.pending_conns[0]
        silent_for = self._patience - (oldest.timeout - time.monotonic())
        # Not one whose request is on its way, or lies there since the loop looked.
        if silent_for >= _TIME_FOR_A_WORD and not _speaks(oldest):
            oldest.timeout = 0.0

    def _cap_keepalive(self, deadline: float) -> None:
        """Of a worker that stops: a silent connection keeps it no longer than a kept one."""
        super()._cap_keepalive(deadline)
        for connection in self.pending_conns:
            connection.timeout = min(connection.timeout, deadline)


def _speaks(connection: gthread.TConn) -> bool:
    # `TConn.wait_for_data` opens a file, and there may be none.
    look = select.poll()
    look.register(connection.sock, select.POLLIN)
    return bool(look.poll(0))
