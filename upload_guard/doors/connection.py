"""One peer's connection. Every wait ends: for a request, for each read and write, for a whole request."""

from __future__ import annotations

import contextlib
import select
import socket
import time

from upload_guard.doors.peers import Peer
from upload_guard.errors import BodyTooSlow, BrokenProtocol, ClientGone

_PORTION = 1 << 16
_LINGERS = 2.0
_LINGERS_FOR = 64 << 20


class Stop:
    """Something to poll beside a connection: readable once the server is to stop."""

    def __init__(self) -> None:
        self._ours, self._theirs = socket.socketpair()

    def give(self) -> None:
        self._ours.close()

    def close(self) -> None:
        """Only when nobody polls it any more."""
        self._ours.close()
        self._theirs.close()

    def fileno(self) -> int:
        return self._theirs.fileno()


class Connection:
    """Buffered reading from `sock`. `read_seconds` bounds each wait, `within` all of them together.

    Reading raises `ClientGone`, `BodyTooSlow` or `BrokenProtocol`; writing raises `ClientGone`.
    """

    def __init__(self, sock: socket.socket, peer: Peer, stop: Stop, read_seconds: float) -> None:
        self.peer = peer
        self._sock = sock
        self._stop = stop
        self._read_seconds = read_seconds
        self._buffer = b""
        self.within(read_seconds)

    def has_more(self, seconds: float) -> bool:
        """Wait for the beginning of a request; False if none comes, or if the server stops meanwhile."""
        if self._buffer:
            return True
        poll = select.poll()
        poll.register(self._sock, select.POLLIN)
        poll.register(self._stop, select.POLLIN)
        ready = {fd for fd, _ in poll.poll(seconds * 1000)}
        self.within(self._read_seconds)
        # What has come is still answered when the server stops.
        return self._sock.fileno() in ready and self._fill()

    def within(self, seconds: float) -> None:
        """All reading from now on is to be done by then."""
        self._deadline = time.monotonic() + seconds

    def line(self, end: bytes, limit: int, *, end_of_data_ends_it: bool = False) -> bytes:
        """Up to `end`, without it. Raises `BrokenProtocol` for more than `limit` bytes."""
        while end not in self._buffer[: limit + len(end)]:
            if len(self._buffer) > limit:
                raise BrokenProtocol(f"a line of more than {limit} bytes")
            if not self._fill():
                if end_of_data_ends_it and self._buffer:
                    return self._take(len(self._buffer))
                raise ClientGone("the connection ended in the middle of a line")
        line, _, self._buffer = self._buffer.partition(end)
        return line

    def peek(self) -> bytes:
        """The next byte, which stays to be read."""
        if not self._buffer and not self._fill():
            raise ClientGone("the connection ended before a command")
        return self._buffer[:1]

    def some(self, most: int) -> bytes:
        """At least one byte, `most` at most."""
        if not self._buffer and not self._fill():
            raise ClientGone("the connection ended in the middle of a body")
        return self._take(most)

    def exactly(self, size: int) -> bytes:
        """For small sizes: all of it lies in memory."""
        while len(self._buffer) < size:
            if not self._fill():
                raise ClientGone("the connection ended in the middle of a message")
        return self._take(size)

    def send(self, data: bytes) -> None:
        self._sock.settimeout(self._read_seconds)
        try:
            self._sock.sendall(data)
        except OSError as error:
            raise ClientGone(f"an answer could not be sent: {error}") from error

    def linger(self) -> None:
        """Let the peer read its answer: closing while it still sends would reset the connection.

        RFC 9112, section 9.6.
        """
        with contextlib.suppress(OSError):
            self._sock.shutdown(socket.SHUT_WR)
            until, seen = time.monotonic() + _LINGERS, 0
            while seen < _LINGERS_FOR and (wait := until - time.monotonic()) > 0:
                self._sock.settimeout(wait)
                data = self._sock.recv(_PORTION)
                if not data:
                    break
                seen += len(data)

    def _take(self, most: int) -> bytes:
        taken, self._buffer = self._buffer[:most], self._buffer[most:]
        return taken

    def _fill(self) -> bool:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise BodyTooSlow(f"{self.peer.name} took too long")
        self._sock.settimeout(min(left, self._read_seconds))
        try:
            data = self._sock.recv(_PORTION)
        except TimeoutError as error:
            raise BodyTooSlow(f"{self.peer.name} sent nothing for too long") from error
        except OSError as error:
            raise ClientGone(f"reading failed: {error}") from error
        self._buffer += data
        return bool(data)
