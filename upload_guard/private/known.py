"""What the oblivious function gave for each digest, so that a later build evaluates only what is new.

Lies beside the buckets in the data folder, as the lists themselves do, and is never given out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from upload_guard.private.buckets import Bytes
from upload_guard.private.marks import MARK_BYTES, OBLIVIOUS, Mark

_FILE = "known.npy"
# The longest input is that of a SHA-256. Two of one kind never differ in length, so that it does no harm that
# numpy takes zeros at the end for nothing.
_ROW = np.dtype([("input", "S40"), ("mark", np.uint8, (MARK_BYTES,))])


@dataclass(frozen=True, slots=True)
class Known:
    """Rows of inputs and marks, by input."""

    rows: npt.NDArray[np.void] = field(default_factory=lambda: np.zeros(0, _ROW))

    @classmethod
    def of(cls, inputs: Sequence[bytes], marks: Bytes) -> Self:
        """`marks` (n, MARK_BYTES) of n inputs, in their order."""
        rows = np.zeros(len(inputs), _ROW)
        rows["input"], rows["mark"] = np.array(inputs, "S40"), marks
        rows.sort(order="input")
        return cls(rows)

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Nothing where there is no such file, or it cannot be read: all is evaluated then."""
        try:
            rows: Any = np.load(folder / _FILE, allow_pickle=False)
        except (OSError, ValueError):
            return cls()
        return cls(rows) if rows.dtype == _ROW else cls()

    def write(self, folder: Path) -> None:
        """Raises `OSError`."""
        np.save(folder / _FILE, self.rows, allow_pickle=False)

    def marks_of(self, inputs: Sequence[bytes], secret: bytes) -> Bytes:
        """(n, MARK_BYTES): as known, or evaluated now under the key that what is known belongs to."""
        asked = np.array(inputs, "S40")
        marks = np.zeros((len(inputs), MARK_BYTES), np.uint8)
        missing = np.ones(len(inputs), bool)
        if len(self.rows) and len(asked):
            at = np.minimum(np.searchsorted(self.rows["input"], asked), len(self.rows) - 1)
            missing = self.rows["input"][at] != asked
            marks[~missing] = self.rows["mark"][at[~missing]]
        for place in np.flatnonzero(missing).tolist():
            mark = Mark.of(OBLIVIOUS.evaluate(secret, inputs[place]))
            marks[place] = np.frombuffer(mark.data, np.uint8)
        return marks
