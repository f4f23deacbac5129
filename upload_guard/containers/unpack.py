"""Decompression that never trusts an announced size and stops at a bomb."""

from __future__ import annotations

import bz2
import lzma
import zlib
from collections.abc import Callable, Iterator
from itertools import chain
from typing import Protocol

from upload_guard.containers.base import CHUNK
from upload_guard.errors import Unreadable

FREE = 16 << 20
RATIO = 250
"""Beyond `FREE` bytes, more than this many for one is a bomb. Deflate ends at 1,032; what a photograph is
stored in stays under 10, a spreadsheet under 50."""
_MEMBERS = 50_000


class Machine(Protocol):
    """What `bz2` and `lzma` have in common."""

    @property
    def eof(self) -> bool: ...

    @property
    def needs_input(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: bytes, max_length: int) -> bytes: ...


class Zlib:
    """`zlib`'s decompressor with the manners of the others; `window_bits` as in `zlib.decompressobj`."""

    def __init__(self, window_bits: int) -> None:
        self._machine = zlib.decompressobj(window_bits)
        self._full = False

    @property
    def eof(self) -> bool:
        return self._machine.eof

    @property
    def needs_input(self) -> bool:
        return not self._machine.unconsumed_tail and not self._full

    @property
    def unused_data(self) -> bytes:
        return self._machine.unused_data

    def decompress(self, data: bytes, max_length: int) -> bytes:
        given = self._machine.decompress(self._machine.unconsumed_tail + data, max_length)
        # It may still hold output although all input is taken; only a short answer says that it does not.
        self._full = len(given) == max_length
        return given


def raw_deflate() -> Machine:
    return Zlib(-zlib.MAX_WBITS)


def zlib_deflate() -> Machine:
    return Zlib(zlib.MAX_WBITS)


def gunzip() -> Machine:
    return Zlib(zlib.MAX_WBITS | 16)


def bunzip2() -> Machine:
    return bz2.BZ2Decompressor()


def unxz() -> Machine:
    return lzma.LZMADecompressor(memlimit=_LZMA_MEMORY)


def unlzma() -> Machine:
    return lzma.LZMADecompressor(lzma.FORMAT_ALONE, memlimit=_LZMA_MEMORY)


_LZMA_MEMORY = 96 << 20


def unpacked(packed: Iterator[bytes], machine: Machine) -> Iterator[bytes]:
    """One compressed stream's bytes as they come. Raises `Unreadable` for a bomb and for an early end."""
    yield from _run(packed, machine, _Ratio())
    if not machine.eof:
        raise Unreadable("truncated")


def unpacked_members(packed: Iterator[bytes], make: Callable[[], Machine]) -> Iterator[bytes]:
    """Several streams in a row, as gzip (RFC 1952, 2.2), bzip2 and xz allow; other bytes are ignored."""
    ratio, rest = _Ratio(), b""
    while True:
        machine = make()
        try:
            yield from _run(chain((rest,), packed) if rest else packed, machine, ratio)
        except (zlib.error, OSError, EOFError, lzma.LZMAError):
            if not ratio.members:
                raise
            return
        if not machine.eof:
            if ratio.members and not ratio.fresh:
                return
            raise Unreadable("truncated")
        ratio.members += 1
        if ratio.members > _MEMBERS:
            raise Unreadable("bomb", "many small members")
        ratio.fresh = False
        rest = machine.unused_data
        if not rest:
            rest = next(packed, b"")
        if not rest:
            return


class _Ratio:
    """How much came of how much, over all members."""

    def __init__(self) -> None:
        self.taken = self.given = self.members = 0
        self.fresh = False

    def count(self, given: int) -> None:
        self.given += given
        self.fresh = self.fresh or given > 0
        if self.given > FREE and self.given > RATIO * self.taken:
            raise Unreadable("bomb")


def _run(packed: Iterator[bytes], machine: Machine, ratio: _Ratio) -> Iterator[bytes]:
    for piece in packed:
        ratio.taken += len(piece)
        data = piece
        while not machine.eof:
            given = machine.decompress(data, CHUNK)
            data = b""
            ratio.count(len(given))
            if given:
                yield given
            if machine.needs_input:
                break
        if machine.eof:
            return
