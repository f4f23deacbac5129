"""Files of sealed bytes, in pieces, so that neither sealing nor reading needs memory for the whole.

Each piece of at most 1 MiB is sealed by itself (keyring.py) with its number and whether it is the last one:
none can be left out, added or moved (as STREAM by Hoang, Reyhanitabar, Rogaway and Vizar, 2015).
"""

from __future__ import annotations

import hmac
import io
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from upload_guard.digests import Sha256Digester
from upload_guard.errors import SealBroken, StorageFailed
from upload_guard.intake.body import Spool
from upload_guard.keyring import SEAL_BYTES, Keyring
from upload_guard.records import Upload
from upload_guard.spans import Span, WindowReader

PURPOSE = "late"
PIECE = 1 << 20


def sealed_size(size: int) -> int:
    """How many bytes so many plain ones take when sealed."""
    return size + _pieces(size) * SEAL_BYTES


def seal_into(out: BinaryIO, upload: Upload, keyring: Keyring) -> None:
    """Write the bytes of `upload`. Raises `StorageFailed` where they are not those that were digested."""
    digester, last = Sha256Digester(), _pieces(upload.digest.size) - 1
    with upload.content.open() as stream:
        for number in range(last + 1):
            piece = stream.read(PIECE)
            digester.update(piece)
            out.write(keyring.seal(PURPOSE, piece, _context(upload.upload_id, number, last)))
        digester.update(stream.read(1))
    if not hmac.compare_digest(digester.finish().sha256, upload.digest.sha256):
        raise StorageFailed("the bytes to keep are not the bytes that came in")


@dataclass(frozen=True, slots=True)
class SealedContent:
    """A `Content`: what `seal_into` wrote for an upload of that id and size.

    Reading raises `SealBroken`. `lend` unseals into a file without a name in `spool_dir`, as uploads
    themselves wait in one.
    """

    file: Path
    upload_id: str
    size: int
    keyring: Keyring
    spool_dir: Path

    def open(self) -> BinaryIO:
        return io.BufferedReader(WindowReader(_Reader(self).read_at, self.size), PIECE)

    @contextmanager
    def _spooled(self) -> Iterator[Span]:
        with closing(Spool(self.spool_dir)) as spool, self.open() as stream:
            while piece := stream.read(PIECE):
                spool.write(piece)
            with spool.slice(0, spool.size).lend() as span:
                yield span

    def lend(self) -> AbstractContextManager[Span]:
        return self._spooled()


class _Reader:
    """Keeps the piece that it opened last, since reading goes from front to back in small steps."""

    def __init__(self, content: SealedContent) -> None:
        self._content = content
        self._number = -1
        self._piece = b""

    def read_at(self, offset: int, count: int) -> bytes:
        number, within = divmod(offset, PIECE)
        if number != self._number:
            self._piece, self._number = self._unsealed(number), number
        return self._piece[within : within + count]

    def _unsealed(self, number: int) -> bytes:
        own = self._content
        last = _pieces(own.size) - 1
        try:
            with own.file.open("rb") as stream:
                stream.seek(number * (PIECE + SEAL_BYTES))
                sealed = stream.read(PIECE + SEAL_BYTES)
        except OSError as error:
            raise SealBroken(f"{own.file}: {error.strerror}") from error
        return own.keyring.open_sealed(PURPOSE, sealed, _context(own.upload_id, number, last))


def _pieces(size: int) -> int:
    return max(1, -(-size // PIECE))


def _context(upload_id: str, number: int, last: int) -> bytes:
    return f"bytes {upload_id} {number} of {last}".encode()
