"""Sorting more records than memory should hold: parted by leading bytes on disk, then sorted part by part."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import numpy.typing as npt

Records = npt.NDArray[np.void]
"""Records with a field `value` of bytes (n, size) to sort by."""

_PART_BYTES = 64 << 20
_CHUNK = 1 << 18


def sorted_parts(records: Records, scratch: Records, part_bytes: int = _PART_BYTES) -> Iterator[Records]:
    """`records` in the order of their values, equal ones in the order given, part after part.

    Both arrays may be mapped files of one length; both are overwritten. About three times `part_bytes` are
    held in memory at once.
    """
    yield from _sorted(records, scratch, 0, max(1, part_bytes // records.dtype.itemsize))


def _sorted(records: Records, scratch: Records, byte: int, most: int) -> Iterator[Records]:
    if len(records) <= most:
        if len(records):
            yield _sorted_in_memory(records)
    elif byte == records.dtype["value"].itemsize:
        # All alike: in order as they are.
        yield from (records[start : start + most] for start in range(0, len(records), most))
    else:
        bounds = _part_by(records, scratch, byte)
        for first, last in pairwise(bounds):
            yield from _sorted(scratch[first:last], records[first:last], byte + 1, most)


def _part_by(records: Records, scratch: Records, byte: int) -> list[int]:
    """Write `records` to `scratch` in the order of one byte of their values; the 257 bounds of the parts."""
    counts = np.zeros(256, np.int64)
    for chunk in _chunks(records):
        counts += np.bincount(chunk["value"][:, byte], minlength=256)
    bounds = np.concatenate([[0], np.cumsum(counts)])
    free = bounds[:-1].copy()
    for chunk in _chunks(records):
        keys = chunk["value"][:, byte]
        ordered = chunk[np.argsort(keys, kind="stable")]
        taken = 0
        for key, count in enumerate(np.bincount(keys, minlength=256).tolist()):
            scratch[free[key] : free[key] + count] = ordered[taken : taken + count]
            free[key] += count
            taken += count
    return [int(bound) for bound in bounds]


def _sorted_in_memory(records: Records) -> Records:
    values = np.ascontiguousarray(records["value"])
    first = values[:, :8].copy().view(">u8").ravel().astype(np.uint64)
    order = np.argsort(first, kind="stable")
    ordered = values[order]
    alike = np.flatnonzero(first[order[1:]] == first[order[:-1]])
    if (ordered[alike] != ordered[alike + 1]).any():
        # Rare: different values with the same first eight bytes.
        order = np.lexsort([values[:, byte] for byte in reversed(range(values.shape[1]))])
    return records[order]


def _chunks(records: Records) -> Iterator[Records]:
    for start in range(0, len(records), _CHUNK):
        yield np.asarray(records[start : start + _CHUNK])
