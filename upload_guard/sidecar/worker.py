"""gunicorn's threaded worker, where no thread waits for a connection that says nothing.

Browsers connect ahead of need, and monitors look whether a port is open. gunicorn has a thread wait five
seconds for the first byte, and without end for a request after a TLS handshake; with two threads, two such
connections kept all uploads waiting as long. And its loop waits two seconds, in which nobody is accepted, for
each client to close what it has closed. Here all of them wait beside each other in the worker's loop, as kept
connections do between two requests.
"""

from __future__ import annotations

import errno
import select
import selectors
import socket
import ssl
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from typing import Any

from gunicorn.workers import gthread

_NO_MORE_FILES = frozenset({errno.EMFILE, errno.ENFILE})
_TIME_FOR_A_WORD = 1.0
# As gunicorn has them, of a connection that it closes (RFC 9112, section 9.6): seconds, and bytes at once.
_TIME_TO_CLOSE, _MOST_UNREAD = 2.0, 65536
_GREETED = object()
"""What comes of a TLS handshake, where gunicorn says whether a connection is kept."""


class _Connection(gthread.TConn):  # type: ignore[misc]
    """As gunicorn's own; `part` sees to the end of one that was answered, and does not wait for it."""

    def __init__(self, part: Callable[[_Connection], None], *of: Any) -> None:
        super().__init__(*of)
        self._part = part

    def close(self, graceful: bool = False) -> None:
        if graceful:
            self._part(self)
        else:
            super().close()


class Worker(gthread.ThreadWorker):  # type: ignore[misc]
    """As gunicorn's own, but a connection gets a thread with its first byte, and another with its request."""

    def __init__(self, *of: Any, **named: Any) -> None:
        super().__init__(*of, **named)
        self._parting: deque[_Connection] = deque()

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
        self._wait_for_word(_Connection(self._part, self.cfg, client, address, listener.getsockname()))

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
        while self._parting and self._parting[0].timeout <= time.monotonic():
            self._end(self._parting[0])
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

    def _part(self, connection: _Connection) -> None:
        """Say that nothing more comes, and close once the other side has, or after a while."""
        try:
            connection.sock.shutdown(socket.SHUT_WR)
            connection.sock.setblocking(False)
            self.poller.register(connection.sock, selectors.EVENT_READ, partial(self._on_parting, connection))
        except (OSError, ValueError):
            # It is closed already.
            connection.close()
            return
        # Of those that a stop waits for.
        self.nr_conns += 1
        connection.timeout = time.monotonic() + _TIME_TO_CLOSE
        self._parting.append(connection)

    def _on_parting(self, connection: _Connection, sock: socket.socket) -> None:
        try:
            goes_on = bool(sock.recv(_MOST_UNREAD))
        except BlockingIOError:
            goes_on = True
        except OSError:
            goes_on = False
        if not goes_on:
            self._end(connection)

    def _end(self, connection: _Connection) -> None:
        self._parting.remove(connection)
        self.poller.unregister(connection.sock)
        self.nr_conns -= 1
        connection.close()

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
