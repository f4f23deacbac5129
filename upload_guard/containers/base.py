"""What every kind of container is: something that says whether it is in a file, and gives the files inside.

All of it works on streams that can seek and on bytes in memory; nothing here opens a file or imports late.
"""

from __future__ import annotations

import io
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import BinaryIO, Protocol

from upload_guard.errors import Unreadable, UploadGuardError
from upload_guard.imaging.budget import Budget
from upload_guard.spans import WindowReader

CHUNK = 1 << 16
WHOLE = 64 << 20
"""The largest document (mail, SVG, PDF) that is read into memory as one."""


@dataclass(frozen=True, slots=True)
class Inner:
    """A file inside a file: a stretch of it as `stream`, or `chunks` that come while it is unpacked.

    Not `exact` are bytes that nobody stored like that (a raster rebuilt from a PDF): they have a look but no
    digest. `guessed` are bytes that only begin like an image: if they turn out to be none, nothing is wrong.
    `searched` are bytes that are gone through for more of the kind anyway.
    """

    name: str
    stream: BinaryIO | None = None
    chunks: Iterable[bytes] = ()
    exact: bool = True
    guessed: bool = False
    searched: bool = False


@dataclass(frozen=True, slots=True)
class Remark:
    """Something that the search had to leave out, in a word for `Analysis.degraded`."""

    word: str


Found = Inner | Remark


class Container(Protocol):
    """A kind of file that holds others. `files` may raise `Unreadable` or `Unscannable` at its end."""

    @property
    def name(self) -> str: ...

    def holds(self, head: bytes, stream: BinaryIO) -> bool:
        """Whether `stream`, whose first bytes are `head`, is one. Looks at head and tail only."""
        ...

    def files(self, stream: BinaryIO, budget: Budget) -> Iterator[Found]: ...


def window(stream: BinaryIO, start: int, end: int) -> BinaryIO:
    """Bytes `start` to `end` of `stream` as a stream of their own, without a copy."""

    def read(offset: int, count: int) -> bytes:
        return read_at(stream, start + offset, count)

    return io.BufferedReader(WindowReader(read, max(0, end - start)), CHUNK)


def size_of(stream: BinaryIO) -> int:
    return stream.seek(0, os.SEEK_END)


def read_at(stream: BinaryIO, offset: int, count: int) -> bytes:
    """`count` bytes from `offset` on, or as many as there are."""
    stream.seek(offset)
    return stream.read(count)


def read_whole(stream: BinaryIO, most: int = WHOLE) -> bytes:
    """All of a document that has to be in memory at once. Raises `Unreadable`."""
    if size_of(stream) > most:
        raise Unreadable("too_large")
    return read_at(stream, 0, most)


def pieces(stream: BinaryIO, start: int, end: int, count: int = CHUNK) -> Iterator[bytes]:
    """The bytes from `start` to `end` in turn; other readers may move the stream in between."""
    while start < end and (piece := read_at(stream, start, min(count, end - start))):
        start += len(piece)
        yield piece


def locked(fault: UploadGuardError) -> Iterator[bytes]:
    """The chunks of a file that is known to be there and cannot be opened."""
    raise fault
    yield b""  # makes it a generator: the fault comes when the file is read, not when it is listed


def readable_name(raw: bytes | str, fallback: str) -> str:
    """A stranger's file name for logs and cases: no control characters, not endless."""
    text = raw.decode("utf-8", "replace") if isinstance(raw, bytes) else raw
    return _UNPRINTABLE.sub("", text)[-120:] or fallback


_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
