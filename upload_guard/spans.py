"""A stretch of an open file, read by position, so that readers of one file do not disturb each other."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

CHUNK = 1 << 16


@dataclass(frozen=True, slots=True)
class Span:
    """`size` bytes from `offset` on of the open descriptor `fd`, which somebody else closes."""

    fd: int
    offset: int
    size: int

    def open(self) -> BinaryIO:
        def read_at(offset: int, count: int) -> bytes:
            return os.pread(self.fd, count, self.offset + offset)

        return io.BufferedReader(WindowReader(read_at, self.size), CHUNK)

    @contextmanager
    def lend(self) -> Iterator[Span]:
        """The same stretch under a descriptor that cannot write, for a process that is not trusted.

        Where the system cannot open a descriptor anew (no /proc), it is duplicated with the rights it has.
        """
        try:
            fd = os.open(f"/proc/self/fd/{self.fd}", os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            fd = os.dup(self.fd)
        try:
            yield Span(fd, self.offset, self.size)
        finally:
            os.close(fd)


@dataclass(frozen=True, slots=True)
class OpenContent:
    """A `Content`: `size` bytes from `offset` on of an open file.

    Reading raises `ValueError` once `file` is closed: a bare descriptor would by then be another's file.
    """

    file: BinaryIO
    offset: int
    size: int

    def open(self) -> BinaryIO:
        def read_at(offset: int, count: int) -> bytes:
            return os.pread(self.file.fileno(), count, self.offset + offset)

        return io.BufferedReader(WindowReader(read_at, self.size), CHUNK)

    def lend(self) -> AbstractContextManager[Span]:
        return Span(self.file.fileno(), self.offset, self.size).lend()


@dataclass(frozen=True, slots=True)
class FileContent:
    """A `Content`: a whole file on disk, opened anew by each reader."""

    path: Path

    def open(self) -> BinaryIO:
        return self.path.open("rb")

    @contextmanager
    def lend(self) -> Iterator[Span]:
        with self.path.open("rb") as file:
            yield Span(file.fileno(), 0, os.fstat(file.fileno()).st_size)


class WindowReader(io.RawIOBase):
    """A stretch of something that can be read by position: `read_at(offset, count)`, `size` bytes in all."""

    def __init__(self, read_at: Callable[[int, int], bytes], size: int) -> None:
        self._read_at = read_at
        self._size = size
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        count = min(len(buffer), max(0, self._size - self._at))
        data = self._read_at(self._at, count) if count else b""
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence]
        if base + offset < 0:
            raise ValueError("seek before the start")
        self._at = base + offset
        return self._at

    def tell(self) -> int:
        return self._at
