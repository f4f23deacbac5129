"""Keeping the nearest entries of a crowd: enough to decide by, and never so many that they fill the memory.

Of each list and category the `NEAREST` nearest stay, and besides them the oldest within the limit and the
oldest beyond it: no list or category is hidden by another, and no young entry hides an old one, which may
cause more.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from upload_guard.matching.layout import ROW

NEAREST = 16
_HELD = 1 << 14


@dataclass(frozen=True, slots=True)
class Found:
    """Entries near hashes asked for: which hash, the entry's row (`layout.ROW`), the distance; all (n,).

    `words` (n, k) are the entries' own hashes, in the bytes' own order.
    """

    queries: npt.NDArray[np.intp]
    rows: npt.NDArray[np.void]
    distances: npt.NDArray[np.intp]
    words: npt.NDArray[Any]

    def only(self, which: npt.NDArray[Any]) -> Found:
        return Found(self.queries[which], self.rows[which], self.distances[which], self.words[which])


def nearest(portions: Iterable[Found], limits: npt.NDArray[np.intp]) -> Found:
    """What is kept of all portions, nearest first for each hash. `limits` are distance limits by group."""
    held: list[Found] = []
    for portion in portions:
        held.append(portion)
        if sum(len(one.queries) for one in held) > _HELD:
            held = [_kept(_joined(held), limits)]
    if not held:
        none = np.zeros(0, np.intp)
        return Found(none, np.zeros(0, ROW), none, np.zeros((0, 0), np.uint64))
    kept = _kept(_joined(held), limits)
    return kept.only(np.lexsort((kept.rows["number"], kept.rows["group"], kept.distances, kept.queries)))


def _joined(parts: Sequence[Found]) -> Found:
    return Found(
        np.concatenate([one.queries for one in parts]),
        np.concatenate([one.rows for one in parts]),
        np.concatenate([one.distances for one in parts]),
        np.concatenate([one.words for one in parts]),
    )


def _kept(found: Found, limits: npt.NDArray[np.intp]) -> Found:
    group, number, since = (found.rows[name] for name in ROW.names or ())
    by_distance = np.lexsort((number, found.distances, group, found.queries))
    near = by_distance[_ranks(found.queries[by_distance], group[by_distance]) < NEAREST]
    beyond = found.distances > limits[group]
    by_age = np.lexsort((since, beyond, group, found.queries))
    old = by_age[_ranks(found.queries[by_age], group[by_age], beyond[by_age]) == 0]
    return found.only(np.union1d(near, old))


def _ranks(*columns: npt.NDArray[Any]) -> npt.NDArray[np.intp]:
    """The place of each row among the neighbours that are equal to it in all columns."""
    count = len(columns[0])
    begins = np.ones(count, np.bool_)
    begins[1:] = np.logical_or.reduce([column[1:] != column[:-1] for column in columns])
    at = np.arange(count)
    return at - np.maximum.accumulate(np.where(begins, at, 0))
