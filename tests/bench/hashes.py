"""Random hashes by the million, and snapshots built of them by the builder that everybody uses."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import numpy as np

from upload_guard.matching.build import Batch, build_snapshot
from upload_guard.matching.layout import ROW, Group
from upload_guard.records import SignalType

SINCE = 1_767_225_600_000_000
_BATCH = 1 << 18


@dataclass(frozen=True)
class RandomEntries:
    """So many entries of one list and some signal types, the same for the same seed."""

    count: int
    kinds: tuple[SignalType, ...] = (SignalType.PDQ,)
    list_name: str = "random"
    seed: int = 1

    @property
    def groups(self) -> tuple[Group, ...]:
        return (Group(self.list_name, 1, "bench", "baseline"),)

    def __iter__(self) -> Iterator[Batch]:
        for kind in self.kinds:
            rng = np.random.default_rng(self.seed)
            for start in range(0, self.count, _BATCH):
                size = min(_BATCH, self.count - start)
                rows = np.zeros(size, ROW)
                rows["number"] = np.arange(start + 1, start + size + 1)
                rows["since"] = SINCE
                yield Batch(kind, rng.integers(0, 256, (size, kind.size), np.uint8), rows)


def built(folder: Path, entries: RandomEntries) -> tuple[Path, float]:
    """The snapshot's folder and the seconds that it took."""
    target = folder / f"{entries.list_name}-{entries.count}"
    start = perf_counter()
    build_snapshot(target, entries.list_name, 0, entries)
    return target, perf_counter() - start


def forget(folder: Path) -> None:
    """Have the system drop the files from its cache, so that they are read from the disk."""
    for file in folder.iterdir():
        with file.open("rb") as opened:
            os.posix_fadvise(opened.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


class Junk:
    """Memory to write through, so that what a query needs has left the processor's nearer caches."""

    def __init__(self) -> None:
        self._bytes = np.zeros(64 << 20, np.uint8)

    def touch(self) -> None:
        self._bytes += 1


@dataclass(frozen=True)
class Timing:
    """Seconds of many runs: on the clock, and of the processor, which a busy machine does not stretch."""

    clock: list[float]
    processor: list[float]

    @property
    def median(self) -> float:
        return float(np.median(self.clock))

    @property
    def processor_median(self) -> float:
        return float(np.median(self.processor))

    def __str__(self) -> str:
        (middle, high), (own_middle, own_high) = (
            np.percentile(seconds, [50, 99]) * 1e3 for seconds in (self.clock, self.processor)
        )
        return f"p50 {middle:.3f} p99 {high:.3f} ms (processor {own_middle:.3f} and {own_high:.3f})"
