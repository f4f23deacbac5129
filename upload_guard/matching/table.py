"""The entries of one signal type, mapped from a snapshot's files: nothing is read before it is needed."""

from __future__ import annotations

import mmap
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from upload_guard.matching.bands import first_places, word_of
from upload_guard.matching.layout import ID, ROW, START, TableInfo
from upload_guard.records import SignalType

_PIECE = 8 << 20


@dataclass(frozen=True, slots=True)
class Table:
    """Arrays over mapped files, see `layout`. They stay usable after the files are removed.

    `words` are the values as (n, k) words (see `bands.word_of`) in the bytes' own order, good for distances
    only; k is 0 for types that have no distance. `places` says where each band begins in `starts`.
    """

    kind: SignalType
    widths: tuple[int, ...]
    entries: int
    rows: npt.NDArray[np.void]
    starts: npt.NDArray[np.uint32]
    ids: npt.NDArray[np.uint32]
    words: npt.NDArray[Any]
    places: npt.NDArray[np.int64]
    _values: mmap.mmap
    _maps: tuple[mmap.mmap, ...] = field(repr=False)

    def locate(self, value: bytes) -> range:
        """The positions of the entries that hold this very value."""
        size = self.kind.size
        prefix = int.from_bytes(value[:4], "big") >> (32 - self.widths[0])
        first, last = int(self.starts[prefix]), int(self.starts[prefix + 1])
        values = self._values

        def at(position: int) -> bytes:
            return values[position * size : (position + 1) * size]

        first = end = first + bisect_left(range(first, last), value, key=at)
        while end < last and at(end) == value:
            end += 1
        return range(first, end)

    def all_values(self) -> Iterator[bytes]:
        """The value of every entry, in ascending order."""
        size = self.kind.size
        for start in range(0, self.entries * size, size):
            yield self._values[start : start + size]

    def files(self) -> Iterator[Iterator[memoryview]]:
        """The bytes of each mapped file, piece by piece, in the order of `layout.file_names`."""
        for mapped in self._maps:
            yield _pieces(mapped)

    def release(self) -> None:
        """See `SnapshotFiles.release`."""
        for mapped in self._maps:
            for start in range(0, len(mapped), _PIECE):
                mapped.madvise(mmap.MADV_DONTNEED, start, min(_PIECE, len(mapped) - start))


def _pieces(mapped: mmap.mmap) -> Iterator[memoryview]:
    with memoryview(mapped) as whole:
        for start in range(0, len(whole), _PIECE):
            with whole[start : start + _PIECE] as piece:
                yield piece


def open_table(folder: Path, info: TableInfo) -> Table:
    """Map the files of one table, whose sizes the manifest has vouched for. Raises `OSError`."""
    kind, count = info.signal_type, info.entries

    def mapped(part: str) -> mmap.mmap:
        with (folder / f"{kind}.{part}").open("rb") as file:
            return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)

    values, rows, starts = mapped("values"), mapped("rows"), mapped("starts")
    maps = [values, rows, starts]
    ids: Any = b""
    if len(info.widths) > 1:
        ids = mapped("ids")
        maps.append(ids)
    words = np.zeros((0, 0), np.uint64) if kind.exact else np.frombuffer(values, word_of(kind.size))
    return Table(
        kind=kind,
        widths=info.widths,
        entries=count,
        rows=np.frombuffer(rows, ROW),
        starts=np.frombuffer(starts, START),
        ids=np.frombuffer(ids, ID),
        words=words if kind.exact else words.reshape(count, -1),
        places=first_places(info.widths),
        _values=values,
        _maps=tuple(maps),
    )
