"""The body of an ICAP message: chunks, after a preview where there is one.

Read strictly: line ends are CRLF, and there are no trailers.
Source: RFC 3507, section 4.5; RFC 9112, section 7.1.
"""

from __future__ import annotations

import re
from contextlib import suppress

from upload_guard.doors.connection import Connection
from upload_guard.errors import BrokenProtocol, RequestError

LONGEST_PREVIEW = 1 << 16
_LONGEST_LINE = 256
# A size, and extensions as tokens or quoted strings, without what readers could end them at.
_SIZE = re.compile(
    rb"0*([0-9A-Fa-f]{1,15})((?:[ \t]*;[ \t]*[!#$%&'*+.^_`|~0-9A-Za-z-]+"
    rb"(?:=(?:[!#$%&'*+.^_`|~0-9A-Za-z-]+|\"[^\";\\\x00-\x1f\x7f]*\"))?)*)[ \t]*"
)
_ALL_OF_IT = b"ieof"


class ChunkedBody:
    """Reads as `wsgi.input` does, with an end of its own, and asks for what comes after a preview.

    `preview` is the number of bytes that the client said it sends first, or None where it sends all at once.
    Raises `BrokenProtocol` for other framing.
    """

    def __init__(self, connection: Connection, preview: int | None) -> None:
        self._connection = connection
        self._left = 0
        self._held = b""
        self._broken = False
        self.ended = False
        """Whether the last chunk has been read, so that the next request can be."""
        self.waits = False
        """Whether the client waits for our word after its preview, and will send no more without it."""
        self.only_preview = preview is not None
        """Whether nothing but a preview was sent, so that the client still has the request."""
        if preview is not None:
            self._read_preview(preview)

    def read(self, size: int = -1) -> bytes:
        """At most `size` bytes; nothing at the end."""
        try:
            return self._read(size)
        except RequestError:
            self._broken = True
            raise

    def discard(self) -> None:
        """Read to the end, as far as there is one, and keep nothing.

        Squid stops reading from an uploader when it has its answer early, and who still sends waits for ever.
        """
        with suppress(RequestError):
            while not self._broken and self.read(LONGEST_PREVIEW):
                pass

    def _read(self, size: int) -> bytes:
        if size < 0:
            return b"".join(iter(lambda: self.read(LONGEST_PREVIEW), b""))
        if self._held:
            taken, self._held = self._held[:size], self._held[size:]
            return taken
        if self.waits:
            self._connection.send(b"ICAP/1.0 100 Continue\r\n\r\n")
            self.waits = self.only_preview = False
        if self.ended or not size:
            return b""
        if not self._left and self._ends_here():
            return b""
        return self._portion(size)

    def _read_preview(self, most: int) -> None:
        held = bytearray()
        while True:
            self._left, extensions = self._next_chunk()
            if not self._left:
                break
            if len(held) + self._left > most:
                raise BrokenProtocol("a preview longer than it said")
            while self._left:
                held += self._portion(self._left)
        self._held = bytes(held)
        self.ended = _ALL_OF_IT in extensions
        self.waits = not self.ended

    def _ends_here(self) -> bool:
        self._left, extensions = self._next_chunk()
        if self._left:
            return False
        if _ALL_OF_IT in extensions:
            raise BrokenProtocol("ieof outside of a preview")
        self.ended = True
        return True

    def _next_chunk(self) -> tuple[int, list[bytes]]:
        """The size of the next chunk and the names of its extensions; with the last, the end of the body."""
        line = self._connection.line(b"\r\n", _LONGEST_LINE)
        found = _SIZE.fullmatch(line)
        if found is None:
            raise BrokenProtocol("the size of a chunk cannot be read")
        size = int(found[1], 16)
        extensions = [one.partition(b"=")[0].strip().lower() for one in found[2].split(b";")]
        if not size and self._connection.line(b"\r\n", _LONGEST_LINE):
            raise BrokenProtocol("a trailer behind the body")
        return size, extensions

    def _portion(self, most: int) -> bytes:
        taken = self._connection.some(min(most, self._left))
        self._left -= len(taken)
        if not self._left and self._connection.exactly(2) != b"\r\n":
            raise BrokenProtocol("a chunk longer than it said")
        return taken
