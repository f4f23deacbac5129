"""Building a snapshot's folder: sorted, indexed, described, and whole on disk before it has its name.

Memory stays bounded whatever the number of entries: what grows lies in mapped files, which the system may
write back at any time.
"""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import numpy as np
import numpy.typing as npt

from upload_guard.matching.bands import first_places, keys_of_band, ordered_words, plan_bands
from upload_guard.matching.layout import (
    FORMAT,
    ID,
    ROW,
    START,
    Group,
    Manifest,
    TableInfo,
    describe_files,
    file_names,
    write_manifest,
)
from upload_guard.matching.sorting import sorted_parts
from upload_guard.records import Entry, SignalType, in_order

Progress = Callable[[str, int, int], None]
"""Called with what is being done, and how much of how much of it is."""
BandPlan = Callable[[SignalType, int], tuple[int, ...]]

_CHUNK = 1 << 16
_POSITION_BITS = np.uint64(32)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Batch:
    """Entries of one signal type: values (n, size) and their rows (n,), whose groups the batches share."""

    kind: SignalType
    values: npt.NDArray[np.uint8]
    rows: npt.NDArray[np.void]


class EntryBatches(Protocol):
    """Batches to be read once; `groups` is complete when they have been."""

    @property
    def groups(self) -> tuple[Group, ...]: ...

    def __iter__(self) -> Iterator[Batch]: ...


class Batches:
    """Entries as batches."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._entries = entries
        self._numbers: dict[tuple[str, int, str, str], int] = {}

    @property
    def groups(self) -> tuple[Group, ...]:
        return tuple(Group(*names) for names in self._numbers)

    def __iter__(self) -> Iterator[Batch]:
        entries = iter(self._entries)
        while chunk := list(islice(entries, _CHUNK)):
            for kind in in_order(entry.signal_type for entry in chunk):
                ours = [entry for entry in chunk if entry.signal_type is kind]
                values = np.frombuffer(b"".join(entry.value for entry in ours), np.uint8)
                rows = np.array([self._row(entry) for entry in ours], ROW)
                yield Batch(kind, values.reshape(-1, kind.size), rows)

    def _row(self, entry: Entry) -> tuple[int, int, int]:
        names = (entry.list_name, entry.version, entry.origin, entry.category)
        group = self._numbers.setdefault(names, len(self._numbers))
        return group, entry.number, microseconds(entry.since)


def microseconds(moment: datetime) -> int:
    """Since 1970, without the rounding of `timestamp()`."""
    since = moment - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def no_progress(_step: str, _done: int, _of: int) -> None:
    """For those who do not watch."""


def build_snapshot(
    folder: Path,
    generation: str,
    folded: int,
    batches: EntryBatches,
    progress: Progress = no_progress,
    plan: BandPlan = plan_bands,
) -> Manifest:
    """Make `folder` of all entries in `batches`; it is whole, or not there under its name.

    Raises `OSError`, and whatever reading the batches raises.
    """
    folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = folder.with_name(f"{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(mode=0o700)
    try:
        counts = _spool(part, batches, progress)
        tables = tuple(TableInfo(kind, count, plan(kind, count)) for kind, count in counts.items())
        for info in tables:
            _Builder(part, info, progress).build()
        names = [name for info in tables for name in file_names(info)]
        progress("sealing", 0, 1)
        files = describe_files(part, names)
        manifest = Manifest(FORMAT, generation, folded, batches.groups, tables, files)
        write_manifest(part, manifest)
        _sync(part)
        part.rename(folder)
        _sync_folder(folder.parent)
        progress("sealing", 1, 1)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return manifest


def _spool(part: Path, batches: EntryBatches, progress: Progress) -> Mapping[SignalType, int]:
    """One file of unsorted records a signal type; how many each has."""
    counts: Counter[SignalType] = Counter()
    with ExitStack() as opened:
        files: dict[SignalType, BinaryIO] = {}
        for batch in batches:
            if batch.kind not in files:
                files[batch.kind] = opened.enter_context((part / f"{batch.kind}.spool").open("wb"))
            records = np.empty(len(batch.rows), _record(batch.kind))
            records["value"] = batch.values
            records["row"] = batch.rows
            files[batch.kind].write(records.data)
            counts[batch.kind] += len(records)
            progress("reading", counts.total(), 0)
    return {kind: counts[kind] for kind in in_order(counts)}


def _record(kind: SignalType) -> np.dtype[np.void]:
    return np.dtype([("value", "u1", (kind.size,)), ("row", ROW)])


@dataclass(frozen=True, slots=True)
class _Builder:
    """Turns the spool of one signal type into its table."""

    part: Path
    info: TableInfo
    progress: Progress

    def build(self) -> None:
        self._sort()
        kind, count, widths = self.info.signal_type, self.info.entries, self.info.widths
        values = np.memmap(self._file("values"), np.uint8, "r", shape=(count, kind.size))
        places = first_places(widths)
        starts = self._new("starts", START, int(places[-1]))
        self.progress(f"indexing {kind}", 0, len(widths))
        _count((_prefixes(values[chunk], widths[0]) for chunk in _chunks(count)), starts[: places[1]])
        if len(widths) > 1:
            self._index_bands(values, starts)
        starts.flush()

    def _sort(self) -> None:
        kind, count = self.info.signal_type, self.info.entries
        records = np.memmap(self._file("spool"), _record(kind), "r+")
        scratch = self._new("scratch", _record(kind), count)
        values = self._new("values", np.dtype(np.uint8), (count, kind.size))
        rows = self._new("rows", ROW, count)
        done = 0
        for sorted_part in sorted_parts(records, scratch):
            end = done + len(sorted_part)
            values[done:end] = sorted_part["value"]
            rows[done:end] = sorted_part["row"]
            done = end
            self.progress(f"sorting {kind}", done, count)
        values.flush()
        rows.flush()
        self._file("spool").unlink()
        self._file("scratch").unlink()

    def _index_bands(self, values: npt.NDArray[np.uint8], starts: npt.NDArray[np.uint32]) -> None:
        kind, count, widths = self.info.signal_type, self.info.entries, self.info.widths
        places = first_places(widths)
        ids = self._new("ids", ID, (len(widths) - 1) * count)
        # A key and a position in one number: sorted, they are the band's order and its counts.
        packed = self._new("scratch", np.dtype(np.uint64), count)
        for band in range(1, len(widths)):
            self.progress(f"indexing {kind}", band, len(widths))
            for chunk in _chunks(count):
                keys = keys_of_band(ordered_words(values[chunk]), widths, band)
                packed[chunk] = keys << _POSITION_BITS | np.arange(chunk.start, chunk.stop, dtype=np.uint64)
            packed.sort()
            own_starts = starts[places[band] : places[band + 1]]
            _count((packed[chunk] >> _POSITION_BITS for chunk in _chunks(count)), own_starts)
            for chunk in _chunks(count):
                first = (band - 1) * count
                ids[first + chunk.start : first + chunk.stop] = packed[chunk].astype(ID)
        ids.flush()
        self._file("scratch").unlink()

    def _new(self, part: str, dtype: np.dtype[Any], shape: int | tuple[int, int]) -> Any:
        return np.memmap(self._file(part), dtype, "w+", shape=shape)

    def _file(self, part: str) -> Path:
        return self.part / f"{self.info.signal_type}.{part}"


def _prefixes(values: npt.NDArray[np.uint8], width: int) -> npt.NDArray[np.uint64]:
    """The first `width` bits of each value, as the first band has them."""
    first = np.ascontiguousarray(values[:, :8]).view(">u8").ravel().astype(np.uint64)
    return first >> np.uint64(64 - width)


def _count(sorted_keys: Iterable[npt.NDArray[np.uint64]], starts: npt.NDArray[np.uint32]) -> None:
    """Fill `starts` (keys + 1,): where the entries of each key begin."""
    for keys in sorted_keys:
        begins = np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1]]))
        runs = np.diff(begins, append=len(keys))
        starts[keys[begins] + np.uint64(1)] += runs.astype(START)
    np.cumsum(starts, dtype=START, out=starts)


def _chunks(count: int) -> Iterator[slice]:
    for start in range(0, count, _CHUNK):
        yield slice(start, min(start + _CHUNK, count))


def _sync(folder: Path) -> None:
    for file in folder.iterdir():
        with file.open("rb") as opened:
            os.fsync(opened.fileno())
    _sync_folder(folder)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
