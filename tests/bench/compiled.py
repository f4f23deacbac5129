"""Would a compiled search pay? The bands asked by numba and by numpy, in one run: `make bench ARGS=compiled`.

It is not offered (docs/lists.md says why); this is the measurement behind that.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

import numpy as np

from tests.bench.hashes import MANY, REACH, Ask, RandomEntries, Values, built, opened, timed
from tests.bench.measure import Junk, print_head
from upload_guard.matching.bands import band_keys, probes_for
from upload_guard.matching.hamming import near_by_bands
from upload_guard.matching.table import Table
from upload_guard.records import SignalType

BATCH = 16
_MOST = 1 << 20


def compiled_kernel() -> Any:  # noqa: C901 - a kernel cannot call methods
    """Runs, then candidates, then distances: the reads of each loop are independent of each other."""
    import numba
    from numba.extending import intrinsic

    @intrinsic
    def ones(_context: Any, _word: Any) -> Any:
        def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
            return builder.ctpop(arguments[0])

        return numba.types.uint64(numba.types.uint64), generate

    @numba.njit(nogil=True, cache=False)
    def search(keys, asked, masks, bands, places, starts, ids, words, reach, firsts, counts, candidates, out):
        found, entries = 0, len(words)
        for query in range(len(asked)):
            runs = 0
            for probe in range(len(masks)):
                band = bands[probe]
                slot = places[band] + (keys[query, band] ^ masks[probe])
                firsts[runs] = starts[slot] + band * entries
                counts[runs] = np.int64(starts[slot + 1]) - np.int64(starts[slot])
                runs += counts[runs] > 0
            many = 0
            for run in range(runs):
                for at in range(counts[run]):
                    candidates[many] = firsts[run] + at
                    many += 1
            for at in range(many):
                if candidates[at] >= entries:
                    candidates[at] = ids[candidates[at] - entries]
            for at in range(many):
                distance = np.uint64(0)
                for word in range(words.shape[1]):
                    distance += ones(words[candidates[at], word] ^ asked[query, word])
                if distance <= reach:
                    out[found, 0], out[found, 1], out[found, 2] = query, candidates[at], distance
                    found += 1
        return found

    return search


def by_numba(table: Table) -> Ask:
    search, probes = compiled_kernel(), probes_for(table.widths, REACH)
    firsts, counts = (np.empty(len(probes.masks) + 1, np.int64) for _ in range(2))
    candidates, out = np.empty(_MOST, np.int64), np.empty((_MOST, 3), np.int64)

    def ask(values: Values) -> set[tuple[int, ...]]:
        keys, asked = band_keys(values, table.widths), values.view(np.uint64)
        own = (probes.masks, probes.bands, table.places, table.starts, table.ids, table.words)
        found = search(keys, asked, *own, REACH, firsts, counts, candidates, out)
        return set(map(tuple, out[:found].tolist()))

    return ask


def by_numpy(table: Table) -> Ask:
    def ask(values: Values) -> set[tuple[int, ...]]:
        return {
            triple
            for found in near_by_bands(table, values, REACH)
            for triple in zip(
                found.queries.tolist(), found.positions.tolist(), found.distances.tolist(), strict=True
            )
        }

    return ask


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=MANY)
    entries = parser.parse_args().entries
    print_head("A compiled search (numba) against plain numpy")
    with TemporaryDirectory(dir=Path.cwd()) as folder:
        files, _ = opened(built(Path(folder), RandomEntries(entries))[0])
    table = files.tables[SignalType.PDQ]
    asks = {"numba": by_numba(table), "numpy": by_numpy(table)}
    held = table.words[:: len(table.words) // 20].copy().view(np.uint8)
    begun = perf_counter()
    assert asks["numba"](held) == asks["numpy"](held)
    print(f"{entries:,} PDQ hashes at {REACH}; numba compiles in {perf_counter() - begun:.1f} s")
    for size in (1, BATCH):
        for name, ask in asks.items():
            print(f"  {size:2} at once, each, cold  {name}  {timed(ask, 200, size, Junk().touch)}")


if __name__ == "__main__":
    main()
