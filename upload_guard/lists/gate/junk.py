"""Hashes that name no picture in particular: they must never act, whoever lists them.

What counts as low entropy, of the bits of a perceptual hash: PDQ and pHash set the bits of what lies above
the median, so a picture with something everywhere has half of them set: all 1,508 PDQ hashes and 42 pHashes
of 30 photographs (Debian's mate-backgrounds) have exactly 128 of 256 and 32 of 64. Fewer are set where many
frequencies are equal, as in drawings with large plain parts: of 66,029 PDQ hashes of 1,655 drawings the least
has 47, and one in a thousand has under 84. An entry with fewer than a quarter set can, within PDQ's 31 bits,
only meet hashes with fewer than 95: plain drawings, and never a photograph. dHash has no median; photographs
have 17 to 50 of 64 set, drawings 8 to 47, plain areas and gradients 0 or 64. `python -m tests.bench.entropy`
prints these figures.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from upload_guard.matching.bands import words_of
from upload_guard.records import SignalType

Values = npt.NDArray[np.uint8]
Which = npt.NDArray[np.bool_]


class Junk(StrEnum):
    """Why an entry names no picture."""

    EMPTY_FILE = "digest of the empty file"
    UNIFORM = "all bits alike"
    PATTERN = "a repeated pattern, no digest"
    LOW_ENTROPY = "low entropy: plain pictures share it"


_EMPTY = {
    SignalType.MD5: hashlib.md5(usedforsecurity=False).digest(),
    SignalType.SHA1: hashlib.sha1(usedforsecurity=False).digest(),
    SignalType.SHA256: hashlib.sha256().digest(),
}
# A true digest repeats its first eight bytes once in 2^64 times; 0123456789abcdef and deadbeef do.
_PERIODS = (1, 2, 4, 8)
# Fewer bits than this set, or unset.
_LEAST_BITS = {SignalType.PDQ: 64, SignalType.PHASH: 8, SignalType.DHASH: 4}


def junk_among(kind: SignalType, values: Values) -> Iterator[tuple[int, Junk]]:
    """The rows of `values` (n, size) that are junk, each once, with the reason."""
    uniform = ((values == 0) | (values == 255)).all(axis=1) & (values == values[:, :1]).all(axis=1)
    reasons = [(Junk.UNIFORM, uniform)]
    if kind.exact:
        empty = np.frombuffer(_EMPTY[kind], np.uint8)
        reasons += [(Junk.EMPTY_FILE, (values == empty).all(axis=1)), (Junk.PATTERN, _repeats(values))]
    else:
        reasons += [(Junk.LOW_ENTROPY, _is_plain(values, _least_bits(kind)))]
    said = np.zeros(len(values), np.bool_)
    for reason, which in reasons:
        for row in np.flatnonzero(which & ~said).tolist():
            yield row, reason
        said |= which


def _least_bits(kind: SignalType) -> int:
    """Of a plug-in's hash as of the weakest built-in one: nothing is known of how its bits are spread."""
    return _LEAST_BITS.get(kind, kind.size * 8 // 16)


def _repeats(values: Values) -> Which:
    # Few get past the first comparison, which is of one byte.
    found = np.zeros(len(values), np.bool_)
    for period in _PERIODS:
        rows = np.flatnonzero(values[:, 0] == values[:, period])
        some = values[rows]
        found[rows] |= (some[:, period:] == some[:, :-period]).all(axis=1)
    return found


def _is_plain(values: Values, least: int) -> Which:
    words = words_of(values)
    ones = np.zeros(len(values), np.int64)
    for column in range(words.shape[1]):
        ones += np.bitwise_count(words[:, column])
    plain: Which = (ones < least) | (ones > values.shape[1] * 8 - least)
    return plain
