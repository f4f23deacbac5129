"""Random hashes by the million, snapshots built of them by the builder that everybody uses, and searches."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter, thread_time

import numpy as np
import numpy.typing as npt

from tests.bench.measure import Run, Timing, nothing
from tests.support import activate_list
from upload_guard.compose import open_lists
from upload_guard.lists.formats import ListedHash
from upload_guard.matching.build import Batch, build_snapshot
from upload_guard.matching.files import SnapshotFiles, open_files
from upload_guard.matching.layout import ROW, Group
from upload_guard.matching.limits import DistanceLimits
from upload_guard.matching.snapshot import Snapshot
from upload_guard.records import Signal, SignalType
from upload_guard.settings import Settings

MANY = 10_000_000
REACH = 31
SINCE = 1_767_225_600_000_000
_QUERIES = 400
_BATCH = 1 << 18

Values = npt.NDArray[np.uint8]
Ask = Callable[[Values], object]


_A_FEW = 1000


@dataclass(frozen=True)
class RandomEntries:
    """So many entries of one list and some types, of the `rare` a thousand; the same for the same seed."""

    count: int
    kinds: tuple[SignalType, ...] = (SignalType.PDQ,)
    list_name: str = "random"
    seed: int = 1
    rare: tuple[SignalType, ...] = ()

    @property
    def groups(self) -> tuple[Group, ...]:
        return (Group(self.list_name, 1, "bench", "baseline"),)

    def __iter__(self) -> Iterator[Batch]:
        counts = dict.fromkeys(self.kinds, self.count) | dict.fromkeys(self.rare, _A_FEW)
        for kind, count in counts.items():
            rng = np.random.default_rng(self.seed)
            for start in range(0, count, _BATCH):
                size = min(_BATCH, count - start)
                rows = np.zeros(size, ROW)
                rows["number"] = np.arange(start + 1, start + size + 1)
                rows["since"] = SINCE
                yield Batch(kind, rng.integers(0, 256, (size, kind.size), np.uint8), rows)

    def values(self) -> Values:
        """All of them, in the order in which they are listed: (count, size)."""
        return np.concatenate([batch.values for batch in self])


def built(folder: Path, entries: RandomEntries) -> tuple[Path, float]:
    """The snapshot's folder and the seconds that it took."""
    target = folder / f"{entries.list_name}-{entries.count}"
    start = perf_counter()
    build_snapshot(target, entries.list_name, 0, entries)
    return target, perf_counter() - start


def activated(settings: Settings, entries: RandomEntries) -> float:
    """Let the entries act for whoever has these settings; the seconds that building took.

    A version of one hash is imported and activated as ever. Then its snapshot is built once more, in its
    place, of these entries: from ten million lines of text it would be the same, some minutes later.
    """
    (group,) = entries.groups
    one = [ListedHash(SignalType.SHA256, bytes(32))]
    activate_list(settings, one, group.list_name, group.category, group.origin)
    lists = open_lists(settings)
    order = lists.order()
    target = lists.snapshots.path(order, order.newest)
    shutil.rmtree(target)
    start = perf_counter()
    build_snapshot(target, order.set_name, order.newest.sequence, entries)
    return perf_counter() - start


def opened(path: Path) -> tuple[SnapshotFiles, float]:
    """Ready for queries, and the seconds that it took."""
    start = perf_counter()
    files = open_files(path)
    files.read()
    return files, perf_counter() - start


def forget(folder: Path) -> None:
    """Have the system drop the files from its cache, so that they are read from the disk."""
    for file in folder.iterdir():
        with file.open("rb") as handle:
            os.posix_fadvise(handle.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def find_in(snapshot: Snapshot, reach: int = REACH) -> Ask:
    limits = DistanceLimits({SignalType.PDQ: reach, SignalType.PHASH: 8, SignalType.DHASH: 8})

    def ask(values: Values) -> object:
        return snapshot.find([Signal(SignalType.PDQ, value.tobytes()) for value in values], limits)

    return ask


def timed(ask: Ask, queries: int = _QUERIES, size: int = 1, before: Run = nothing) -> Timing:
    """Some queries of `size` random hashes, for each of the hashes; `before` each, untimed."""
    rng = np.random.default_rng(99)
    clock, processor = [], []
    for _ in range(queries + 3):
        values = rng.integers(0, 256, (size, 32), np.uint8)
        before()
        begun, own = perf_counter(), thread_time()
        ask(values)
        processor.append((thread_time() - own) / size)
        clock.append((perf_counter() - begun) / size)
    return Timing(clock[3:], processor[3:])
