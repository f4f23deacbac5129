"""A file as the body of a request, read while it is sent."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from os import SEEK_END
from typing import BinaryIO

from upload_guard.errors import StorageFailed
from upload_guard.records import Content

_PIECE = 64 << 10


@dataclass(frozen=True, slots=True)
class Streamed:
    """A body that is read from the file as it is sent, between what a form puts around it."""

    content: Content
    before: bytes = b""
    after: bytes = b""


@contextmanager
def opened(data: bytes | Streamed) -> Iterator[bytes | _Pieces]:
    """`data` as requests sends it, for one attempt. Raises `StorageFailed`."""
    if isinstance(data, bytes):
        yield data
        return
    try:
        file = data.content.open()
    except OSError as error:
        raise _unreadable(error) from error
    with file:
        pieces = _Pieces(data.before, file, data.after)
        # requests sends a stream of no bytes in chunks that never end; empty bytes have a length.
        yield pieces if len(pieces) else b""


class _Pieces:
    """A body of known length that is never in memory as a whole.

    Exactly that long: whatever more or less were sent would be read as a part of the next question. Raises
    `StorageFailed`.
    """

    def __init__(self, before: bytes, file: BinaryIO, after: bytes) -> None:
        self._before, self._file, self._after = before, file, after
        self._size = file.seek(0, SEEK_END)
        file.seek(0)

    def __len__(self) -> int:
        return len(self._before) + self._size + len(self._after)

    def __iter__(self) -> Iterator[bytes]:
        if self._before:
            yield self._before
        left = self._size
        while left:
            piece = _read(self._file, min(left, _PIECE))
            left -= len(piece)
            yield piece
        if self._after:
            yield self._after


def _read(file: BinaryIO, size: int) -> bytes:
    try:
        piece = file.read(size)
    except OSError as error:
        raise _unreadable(error) from error
    if not piece:
        raise StorageFailed("the upload became shorter while it was sent")
    return piece


def _unreadable(error: OSError) -> StorageFailed:
    return StorageFailed(f"the upload cannot be read: {error.strerror}")
