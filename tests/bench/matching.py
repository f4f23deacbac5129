"""Matching among millions: time, memory, building, against faiss in the same run.

`make bench ARGS=matching`: 1 and 10 million, or as many as `--entries` says.
"""

from __future__ import annotations

import argparse
import gc
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

import numpy as np

from tests.bench.hashes import MANY, REACH, Ask, RandomEntries, Values, built, find_in, forget, opened, timed
from tests.bench.measure import Junk, print_head
from upload_guard.matching.files import SnapshotFiles
from upload_guard.matching.limits import DistanceLimits
from upload_guard.matching.snapshot import Snapshot
from upload_guard.records import Signal, SignalType

REVIEW_REACH = 50
BATCH = 16
BATCHES = 100
MOST_FOR_FAISS = 20_000_000

try:
    import faiss
except ImportError as missing:
    faiss, why_no_faiss = None, str(missing)


def bench_building(folder: Path, count: int) -> SnapshotFiles:
    path, seconds = built(folder, RandomEntries(count))
    forget(path)
    _, from_disk = opened(path)
    files, from_cache = opened(path)
    (info,) = files.manifest.tables
    size = sum(file.size for file in files.manifest.files) / count
    print(
        f"  built in {seconds:.1f} s ({len(info.widths)} bands), {size:.0f} bytes an entry of which "
        f"{files.tables[SignalType.PDQ].rows.itemsize} are its row; opened, read and compared in "
        f"{from_disk:.2f} s from the disk, {from_cache:.2f} s from the system's cache"
    )
    return files


def bench_queries(files: SnapshotFiles) -> float:
    """Prints, and gives the median with cold caches in seconds."""
    snapshot, junk = Snapshot("bench", files), Junk()
    ask = find_in(snapshot)
    cold = timed(ask, before=junk.touch)
    print(f"  one hash at {REACH}, caches hot         {timed(ask)}")
    print(f"  one hash at {REACH}, caches cold        {cold}")
    print(f"  {BATCH} at once, each, caches cold     {timed(ask, BATCHES, BATCH, junk.touch)}")
    wide = find_in(snapshot, REVIEW_REACH)
    print(f"  one hash at {REVIEW_REACH}, caches cold        {timed(wide, 60, before=junk.touch)}")
    return cold.median


def bench_exact(folder: Path, count: int) -> None:
    path, seconds = built(folder, RandomEntries(count, (SignalType.SHA256,), "exact"))
    files, _ = opened(path)
    size = sum(file.size for file in files.manifest.files) / count
    snapshot = Snapshot("bench", files)
    asked = [Signal(SignalType.SHA256, np.random.default_rng(at).bytes(32)) for at in range(20_000)]
    limits = DistanceLimits({})
    start = perf_counter()
    for signal in asked:
        snapshot.find([signal], limits)
    each = (perf_counter() - start) / len(asked)
    locate = files.tables[SignalType.SHA256].locate
    start = perf_counter()
    for signal in asked:
        locate(signal.value)
    alone = (perf_counter() - start) / len(asked)
    print(
        f"  exact digests: built in {seconds:.1f} s, {size:.0f} bytes an entry; "
        f"{each * 1e6:.1f} us a look-up, {alone * 1e6:.1f} of them in the table"
    )


def faiss_indexes(values: Values) -> Iterator[tuple[str, Any]]:
    """What to compare with, one at a time. MultiHash 16x16 with one flipped bit is how HMA searches at 31."""
    faiss.omp_set_num_threads(1)
    index = faiss.IndexBinaryFlat(256)
    index.add(values)
    yield "IndexBinaryFlat", index
    index = faiss.IndexBinaryMultiHash(256, 16, 16)
    index.nflip = REACH // 16
    index.add(values)
    yield "IndexBinaryMultiHash 16x16", index


def search_in(index: Any) -> Ask:
    # It takes what is nearer than the radius.
    return lambda asked: index.range_search(asked, REACH + 1)


def bench_faiss(count: int, ours: float) -> None:
    if faiss is None:
        print(f"  faiss: left out, {why_no_faiss}")
        return
    if count > MOST_FOR_FAISS:
        print(f"  faiss: left out, its MultiHash would take some {count * 400 >> 30} GiB")
        return
    for name, index in faiss_indexes(RandomEntries(count).values()):
        theirs = timed(search_in(index), 40, before=Junk().touch)
        print(f"  faiss {name:28} {theirs}: {theirs.median / ours:.0f} times ours")
    gc.collect()


def bench(folder: Path, count: int) -> None:
    print(f"{count:,} random PDQ hashes")
    ours = bench_queries(bench_building(folder, count))
    bench_exact(folder, count)
    bench_faiss(count, ours)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", nargs="+", type=int, default=[1_000_000, MANY])
    arguments = parser.parse_args()
    print_head(
        "Searches against IndexBinaryFlat and IndexBinaryMultiHash 16x16 (HMA's index) of faiss, one thread"
    )
    with TemporaryDirectory(dir=Path.cwd()) as folder:
        for count in arguments.entries:
            bench(Path(folder), count)


if __name__ == "__main__":
    main()
