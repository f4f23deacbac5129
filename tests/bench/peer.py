"""The same job by python-threatexchange, on which HMA is built: its PDQ signal, then its index.

`make bench ARGS=peer`. Both sides list the same PDQ hashes, a million unless `--entries` says otherwise:
their index takes 1.1 KB an entry while it is built. A check of ours does more: three digests, both
forms of PDQ in eight positions, pHash, dHash, what is hidden in the file; within its sandbox.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from tests.bench.check import checking
from tests.bench.drawn import Sample, samples
from tests.bench.hashes import RandomEntries, activated
from tests.bench.measure import ROUNDS, Junk, costs, print_columns, print_head, print_row
from tests.support import settings_in
from upload_guard.compose import Station, build_station

MILLION = 1_000_000

try:
    import faiss
    from threatexchange.signal_type.pdq.pdq_index import PDQIndex
    from threatexchange.signal_type.pdq.signal import PdqSignal
except ImportError as missing:
    PDQIndex, why_no_peer = None, str(missing)


def index_of(entries: RandomEntries) -> PDQIndex[int]:
    """Theirs, of the same hashes; what it gives for a match is the number of the entry."""
    faiss.omp_set_num_threads(1)
    start = perf_counter()
    index = PDQIndex((value.tobytes().hex(), number) for number, value in enumerate(entries.values(), 1))
    print(f"their index of {len(index):,} PDQ hashes: built in {perf_counter() - start:.0f} s")
    return index


def bench_sample(station: Station, index: PDQIndex[int], sample: Sample, file: Path) -> None:
    """A line of the table: their hash, their search with cold caches, both, and a whole check."""
    value = PdqSignal.hash_from_bytes(sample.data)
    assert value, "of too low a quality for their signal"

    def both() -> object:
        return index.query(PdqSignal.hash_from_bytes(sample.data))

    hashed, job, ours = costs(lambda: PdqSignal.hash_from_bytes(sample.data), both, checking(station, file))
    (searched,) = costs(lambda: index.query(value), before=Junk().touch)
    print_row(
        sample.name,
        *(f"{cost.cpu:.1f}" for cost in (hashed, searched, job, ours)),
        f"{job.cpu / ours.cpu:.1f}",
        f"{job.wall / ours.wall:.1f}",
    )


def bench(folder: Path, count: int) -> None:
    entries = RandomEntries(count)
    settings = settings_in(folder, cache={"entries": 0})
    print(f"our snapshot of {count:,} PDQ hashes: built in {activated(settings, entries):.0f} s")
    index, station = index_of(entries), build_station(settings)
    print("\nMilliseconds of processor time, and their whole job in checks of ours\n")
    print_columns(
        "file", "their hash", "their search", "their job", "our check", "ratio", "ratio by the clock"
    )
    for number, sample in enumerate(samples()):
        file = folder / f"sample {number}"
        file.write_bytes(sample.data)
        bench_sample(station, index, sample, file)
    station.sandbox.close()


def main() -> None:
    reader = argparse.ArgumentParser(description=__doc__)
    reader.add_argument("--entries", type=int, default=MILLION)
    entries = reader.parse_args().entries
    print_head(f"A whole check against hashing and searching by threatexchange, best of {ROUNDS} rounds")
    if PDQIndex is None:
        print(f"left out: {why_no_peer}; pip install 'upload-guard[bench]'")
        return
    with TemporaryDirectory(dir=Path.cwd()) as folder:
        bench(Path(folder), entries)


if __name__ == "__main__":
    main()
