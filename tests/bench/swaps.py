"""Swaps under load, retraction, import and activation: `make bench ARGS=swaps`.

All but the swaps by what a deployment uses: rows, versions, `ListStore`, `LiveSnapshot`.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from tests.bench.hashes import MANY, RandomEntries, built, opened
from tests.bench.measure import print_head
from tests.matching.building import Complete
from tests.matching.swapping import swap_under_load
from tests.support import settings_in
from upload_guard.compose import open_lists
from upload_guard.lists.formats import read_hashes
from upload_guard.lists.importing import ImportOrder
from upload_guard.lists.store import ListStore
from upload_guard.matching.live import LiveSnapshot
from upload_guard.matching.snapshot import Snapshot
from upload_guard.records import Signal, SignalType

SECONDS = 60
SWAPS = 10
IMPORTED = 1_000_000


def wait_until(true: Callable[[], bool]) -> float:
    """Seconds until it is so."""
    start = time.perf_counter()
    while not true():
        time.sleep(0.005)
    return time.perf_counter() - start


@dataclass
class Turning(Complete):
    """A source of two built snapshots by turns, each opened, verified and read anew."""

    folders: tuple[Path, Path]
    at: int = 0
    took: float = 0.0

    def generation(self) -> str:
        return str(self.at)

    def load(self, before: Snapshot | None) -> Snapshot:
        at = self.at
        files, took = opened(self.folders[at % 2])
        self.took = max(self.took, took)
        return Snapshot(str(at), files)


def bench_swaps(folder: Path, count: int) -> None:
    lists = [RandomEntries(count, list_name=name) for name in ("even", "odd")]
    source = Turning((built(folder, lists[0])[0], built(folder, lists[1])[0]))
    live = LiveSnapshot(source)
    values = next(iter(lists[0])).values[:16]
    signals = [Signal(SignalType.PDQ, value.tobytes(), str(at)) for at, value in enumerate(values)]

    def swap(number: int) -> None:
        begun = time.perf_counter()
        source.at = number
        wait_until(lambda: live().generation == str(number))
        time.sleep(max(0.0, SECONDS / SWAPS - (time.perf_counter() - begun)))

    seen = swap_under_load(live, signals, SWAPS, swap)
    # As long, for on a machine with other work the longest of more answers is longer.
    still = swap_under_load(live, signals, 1, lambda _: time.sleep(SECONDS))
    print(
        f"{SWAPS} swaps of {count:,} entries in {SECONDS} s of queries: {seen.answers:,} answers to "
        f"{len(signals)} hashes each, {len(seen.errors)} errors, {seen.mixed} mixed; "
        f"longest answer {seen.longest * 1e3:.0f} ms (target: 50 ms because of a swap; of {still.answers:,} "
        f"without swaps {still.longest * 1e3:.0f} ms); longest load {source.took:.2f} s"
    )


def bench_lists(folder: Path) -> None:
    lists = open_lists(settings_in(folder))
    file = folder / "list.txt"
    rng = np.random.default_rng(4)
    with file.open("w") as out:
        for _ in range(IMPORTED):
            out.write(f"pdq {rng.bytes(32).hex()}\n")
    begun = time.perf_counter()
    lists.import_version(ImportOrder("bench", "list.txt", "baseline", "bench", "bench"), read_hashes(file))
    imported = time.perf_counter()
    lists.activate("bench", 1, "bench")
    activated = time.perf_counter()
    print(
        f"{IMPORTED:,} entries from a file: import {IMPORTED / (imported - begun):,.0f} entries a second, "
        f"activation {IMPORTED / (activated - imported):,.0f} entries a second"
    )
    bench_retraction(lists, file)


def bench_retraction(lists: ListStore, file: Path) -> None:
    live = LiveSnapshot(lists)
    size, took = live().size, []
    for one, _ in zip(read_hashes(file), range(10), strict=False):
        lists.retract("bench", [one], "bench")
        size -= 1
        took.append(wait_until(lambda size=size: live().size == size))
        time.sleep(0.13)
    print(
        f"a retraction acts after {np.mean(took):.2f} s, at most {max(took):.2f} s "
        f"(of 10, from {size:,} entries)"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=MANY)
    entries = parser.parse_args().entries
    print_head("Answers over swaps against those of a stretch without; changes")
    with TemporaryDirectory(dir=Path.cwd()) as folder:
        bench_swaps(Path(folder), entries)
        bench_lists(Path(folder))


if __name__ == "__main__":
    main()
