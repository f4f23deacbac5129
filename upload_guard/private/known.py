"""What the oblivious function gave for each digest, so that a later build evaluates only what is new.

Lies beside the buckets in the data folder, as the lists themselves do, and is never given out.
"""

from __future__ import annotations

import hashlib
import io
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
    def read(cls, folder: Path, sha256: str) -> Self:
        """Nothing where there is no such file, or another than was written: all is evaluated then."""
        try:
            data = (folder / _FILE).read_bytes()
        except OSError:
            return cls()
        # A wrong output would be a digest that nobody finds.
        if hashlib.sha256(data).hexdigest() != sha256:
            return cls()
        rows: Any = np.load(io.BytesIO(data), allow_pickle=False)
        return cls(rows)

    def write(self, folder: Path) -> str:
        """The SHA-256 of the file, in hex. Raises `OSError`."""
        np.save(folder / _FILE, self.rows, allow_pickle=False)
        with (folder / _FILE).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

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
