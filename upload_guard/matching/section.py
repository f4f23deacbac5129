"""What a snapshot knows of one signal type: its table, which of it was retracted, and what was added."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from upload_guard.matching.bands import words_of
from upload_guard.matching.hamming import Near, Words, near, near_by_scan
from upload_guard.matching.layout import ROW
from upload_guard.matching.nearest import Found
from upload_guard.matching.table import Table
from upload_guard.records import SignalType

# Rows are counted in portions: numpy makes eight bytes of each.
_AT_ONCE = 1 << 20

Row = tuple[int, int, int]
"""As `layout.ROW`: group, number, since."""


class Section:
    """`retracted` are positions in `table`; `added` pairs values with their rows."""

    def __init__(
        self,
        kind: SignalType,
        table: Table | None,
        retracted: Sequence[int],
        added: Sequence[tuple[bytes, Row]],
    ) -> None:
        self._kind = kind
        self._table = table
        self._retracted = frozenset(retracted)
        self._retracted_array = np.array(sorted(retracted), np.intp)
        self._added_rows = np.array([row for _, row in added], ROW)
        self._added_words: Words = np.zeros((0, 0), np.uint64)
        if not kind.exact:
            packed = b"".join(value for value, _ in added)
            self._added_words = words_of(np.frombuffer(packed, np.uint8).reshape(-1, kind.size))
        self._added_by_value: defaultdict[bytes, list[Row]] = defaultdict(list)
        for value, row in added:
            self._added_by_value[value].append(row)
        self.size = (table.entries if table else 0) - len(self._retracted) + len(added)

    def groups(self) -> frozenset[int]:
        """Those that any entry is of."""
        added = frozenset(self._added_rows["group"].tolist())
        if self._table is None:
            return added
        of = self._table.rows["group"]
        groups = int(of.max(initial=0)) + 1
        counts = -np.bincount(of[self._retracted_array], minlength=groups)
        for start in range(0, len(of), _AT_ONCE):
            counts += np.bincount(of[start : start + _AT_ONCE], minlength=groups)
        return added | frozenset(np.flatnonzero(counts).tolist())

    def same(self, value: bytes) -> list[Row]:
        """The rows of the entries that hold this very value."""
        rows = (
            []
            if self._table is None
            else [
                self._table.rows[position].item()
                for position in self._table.locate(value)
                if position not in self._retracted
            ]
        )
        return rows + self._added_by_value.get(value, [])

    def values(self) -> Iterator[bytes]:
        """Those of all entries, and some that were retracted among them."""
        if self._table is not None:
            yield from self._table.all_values()
        yield from self._added_by_value

    def near(self, values: Sequence[bytes], reach: int) -> Iterator[Found]:
        """The entries at most `reach` bits from each of `values`, in portions of bounded size."""
        asked = np.frombuffer(b"".join(values), np.uint8).reshape(-1, self._kind.size)
        if self._table is not None:
            for found in near(self._table, asked, reach):
                yield self._standing(self._table, found)
        for found in near_by_scan(self._added_words, asked, np.arange(len(asked)), reach):
            yield _found(found, self._added_rows, self._added_words)

    def _standing(self, table: Table, found: Near) -> Found:
        pairs = _found(found, table.rows, table.words)
        if not len(self._retracted_array) or not len(found.positions):
            return pairs
        return pairs.only(~np.isin(found.positions, self._retracted_array))


def _found(near: Near, rows: npt.NDArray[np.void], words: Words) -> Found:
    return Found(near.queries, rows[near.positions], near.distances, words[near.positions])
