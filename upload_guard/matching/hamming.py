"""Every entry of a table within a Hamming distance, exactly, for many hashes at once, in numpy.

Either by the bands, see `bands`, or by comparing with all where asking the bands would cost more.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from upload_guard.matching.bands import (
    Probes,
    band_keys,
    count_probes,
    expected_candidates,
    keys_of_band,
    ordered_words,
    probes_for,
    words_of,
)
from upload_guard.matching.table import Table
from upload_guard.records import SignalType

Values = npt.NDArray[np.uint8]
Words = npt.NDArray[Any]
"""Of 64 bits, or of 32 where a hash is no whole number of those: see `bands.word_of`."""
Integers = npt.NDArray[np.intp]

# What a probe, a candidate and a comparison cost in proportion, as measured by tests/bench/matching.py.
_PROBE, _CANDIDATE, _COMPARED = 10.0, 10.0, 1.0
# Handled at once, so that what lies between fits the processor's cache.
_PROBES_AT_ONCE = 1 << 15
_CANDIDATES_AT_ONCE = 1 << 15
_ROWS_AT_ONCE = 1 << 13


@dataclass(frozen=True, slots=True)
class Near:
    """Pairs found, each once: which of the hashes asked for, the entry's position, their distance; (n,)."""

    queries: Integers
    positions: Integers
    distances: Integers


def near(table: Table, values: Values, reach: int) -> Iterator[Near]:
    """All entries at most `reach` bits from each of `values` (q, bytes), in portions of bounded size."""
    if _bands_pay(table.kind, table.widths, table.entries, reach):
        yield from near_by_bands(table, values, reach)
    else:
        yield from near_by_scan(table.words, values, np.arange(len(values)), reach)


@lru_cache(maxsize=64)
def _bands_pay(kind: SignalType, widths: tuple[int, ...], entries: int, reach: int) -> bool:
    if len(widths) == 1 or reach >= kind.size * 8:
        return False
    candidates = expected_candidates(widths, reach, entries)
    return count_probes(widths, reach) * _PROBE + candidates * _CANDIDATE < entries * _COMPARED


def near_by_scan(held: Words, values: Values, asked: Integers, reach: int) -> Iterator[Near]:
    """By comparing those of `values` that are `asked` with all that are `held` (n, k)."""
    words = words_of(values)
    for start in range(0, len(held), _ROWS_AT_ONCE):
        rows = held[start : start + _ROWS_AT_ONCE]
        for query in asked:
            positions, distances = _within(rows, words[query], reach)
            if len(positions):
                yield Near(np.full(len(positions), query), positions + start, distances)


def _within(rows: Words, query: Words, reach: int) -> tuple[Integers, Integers]:
    """Which rows (n, k) are near `query` (k,): half of the words decide for nearly all."""
    half = min(2, rows.shape[1])
    begun = np.bitwise_count(rows[:, 0] ^ query[0])
    for at in range(1, half):
        begun += np.bitwise_count(rows[:, at] ^ query[at])
    positions = np.flatnonzero(begun <= reach)
    distances = begun[positions].astype(np.intp)
    if half < rows.shape[1]:
        distances += _distances(rows[positions, half:] ^ query[half:])
        kept = distances <= reach
        positions, distances = positions[kept], distances[kept]
    return positions, distances


def near_by_bands(table: Table, values: Values, reach: int) -> Iterator[Near]:
    """By the bands. Whatever has too many candidates for them, as in clusters, is compared with all."""
    probes = probes_for(table.widths, reach)
    at_once = max(1, _PROBES_AT_ONCE // len(probes.masks))
    for start in range(0, len(values), at_once):
        for found in _near_some(table, values[start : start + at_once], probes, reach):
            yield Near(found.queries + start, found.positions, found.distances)


@dataclass(frozen=True, slots=True)
class _Runs:
    """Candidates: whose they are, their first place in the bands' orders one after another, their number."""

    queries: Integers
    firsts: Integers
    counts: Integers

    def only(self, which: Integers | npt.NDArray[np.bool_] | slice) -> _Runs:
        return _Runs(self.queries[which], self.firsts[which], self.counts[which])


def _near_some(table: Table, values: Values, probes: Probes, reach: int) -> Iterator[Near]:
    runs = _joined([_ask(table, values, probes, some) for some in _slices(len(probes.masks))])
    candidates = np.bincount(runs.queries, weights=runs.counts, minlength=len(values))
    crowded = candidates * _CANDIDATE > table.entries * _COMPARED
    if crowded.any():
        yield from near_by_scan(table.words, values, np.flatnonzero(crowded), reach)
        runs = runs.only(~crowded[runs.queries])
    for portion in _portions(runs.counts):
        found = _verify(table, values, probes, reach, runs.only(portion))
        if len(found.positions):
            yield found


def _portions(counts: Integers) -> Iterator[slice]:
    """Stretches of runs with so many candidates as may be held at once, or one run that has more."""
    ends = np.cumsum(counts)
    start = 0
    while start < len(counts):
        before = ends[start] - counts[start]
        end = max(start + 1, int(np.searchsorted(ends, before + _CANDIDATES_AT_ONCE, side="right")))
        yield slice(start, end)
        start = end


def _slices(probes: int) -> Iterator[slice]:
    for start in range(0, probes, _PROBES_AT_ONCE):
        yield slice(start, start + _PROBES_AT_ONCE)


def _joined(runs: list[_Runs]) -> _Runs:
    if len(runs) == 1:
        return runs[0]
    return _Runs(
        np.concatenate([one.queries for one in runs]),
        np.concatenate([one.firsts for one in runs]),
        np.concatenate([one.counts for one in runs]),
    )


def _ask(table: Table, values: Values, probes: Probes, some: slice) -> _Runs:
    bands = probes.bands[some]
    keys = band_keys(values, table.widths).T.take(bands, axis=0) ^ probes.masks[some, None]
    slots = (keys + table.places.take(bands)[:, None]).ravel()
    firsts = table.starts.take(slots)
    counts = table.starts.take(slots + 1) - firsts
    hits = np.flatnonzero(counts)
    probe, query = np.divmod(hits, len(values))
    places = firsts[hits] + bands.take(probe) * table.entries
    return _Runs(query, places, counts[hits].astype(np.intp))


def _verify(table: Table, values: Values, probes: Probes, reach: int, runs: _Runs) -> Near:
    ends = np.cumsum(runs.counts)
    positions = np.repeat(runs.firsts - (ends - runs.counts), runs.counts) + np.arange(ends[-1])
    # Runs are ordered by band, and the first band's order is that of the table itself.
    own = int(runs.counts[runs.firsts < table.entries].sum())
    positions[own:] = table.ids.take(positions[own:] - table.entries)
    queries = np.repeat(runs.queries, runs.counts)
    words = words_of(values)
    distances = _distances(table.words.take(positions, axis=0) ^ words.take(queries, axis=0))
    kept = np.flatnonzero(distances <= reach)
    if len(kept):
        run = np.searchsorted(ends, kept, side="right")
        bands = runs.firsts[run] // table.entries
        kept = kept[bands == _first_bands(table, probes, words[queries[kept]] ^ table.words[positions[kept]])]
    return Near(queries[kept], positions[kept], distances[kept].astype(np.intp))


def _first_bands(table: Table, probes: Probes, differing: Words) -> Integers:
    """The first band that names each pair, by the bits that differ: the one of its names that counts."""
    ordered = ordered_words(np.ascontiguousarray(differing).view(np.uint8))
    first = np.full(len(differing), len(table.widths), np.intp)
    for band in reversed(range(len(table.widths))):
        changed = np.bitwise_count(keys_of_band(ordered, table.widths, band)).astype(np.intp)
        first[changed <= probes.radii[band]] = band
    return first


def _distances(differing: Words) -> npt.NDArray[np.uint16]:
    """Ones in each row. Column by column: numpy sums short rows slowly."""
    ones = np.bitwise_count(differing)
    distances = ones[:, 0].astype(np.uint16)
    for column in range(1, ones.shape[1]):
        distances += ones[:, column]
    return distances
