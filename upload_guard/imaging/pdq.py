"""PDQ, a 256-bit perceptual hash, in numpy.

Source: Facebook, "The TMK+PDQF Video-Hashing Algorithm and the PDQ Image-Hashing Algorithm" (2019), and the
C++ reference in ThreatExchange. Two implementations of it are in use, they disagree on pictures of more than
512 pixels by some 8 bits in the mean and up to 32, and lists come from both:

- the full form filters the whole picture: `pdq` and `spectrum_of` meet python-threatexchange, HMA, `pdqhash`;
- the squashed form takes 512 x 512 samples first: after `squashed` they meet the C++ hasher of files
  (pdqio.cpp, where CImg resizes by nearest neighbour) and what is built on it.

Both are judged in the tests, bit for bit, by `pdqhash` and by the C++ hasher itself.

The reference filters twice with a box in each direction and then takes 64x64 samples. All of that is
linear and separable, so here it is one matrix product for rows and one for columns.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Luma = npt.NDArray[np.uint8]

_BLOCK = 64
_BITS = 16
# The reference gives smaller pictures quality 0 (MIN_HASHABLE_DIM).
_LEAST_SIDE = 5
# DOWNSAMPLE_DIMS of pdqio.cpp.
_SQUASHED = 512


@dataclass(frozen=True, slots=True)
class PdqHash:
    """32 bytes, most significant bit first as in the reference's hexadecimal form; quality 0 to 100."""

    value: bytes
    quality: int


@dataclass(frozen=True, slots=True)
class Spectrum:
    """16 x 16 frequencies of a picture, rows down, and the quality that its hashes share."""

    values: Floats
    quality: int


def pdq(luma: Luma) -> PdqHash:
    """The hash of a grey image of any size, as rows of luma from 0 to 255."""
    spectrum = spectrum_of(luma)
    return hash_of(spectrum) if spectrum else PdqHash(bytes(32), 0)


def spectrum_of(luma: Luma) -> Spectrum | None:
    """What the hash is made of, or None for a picture that is too small to have any."""
    height, width = luma.shape
    if min(height, width) < _LEAST_SIDE:
        return None
    block = _filtered_rows(luma) @ _filter_matrix(width).T
    return Spectrum(_dct_matrix() @ block @ _dct_matrix().T, _quality(block))


def squashed(luma: Luma) -> Luma | None:
    """512 x 512 samples of a picture, whatever its proportions; None for one that has no longer side.

    The C++ hasher leaves such a picture as it is, so that both forms are one.
    """
    height, width = luma.shape
    if max(height, width) <= _SQUASHED:
        return None
    at = np.arange(_SQUASHED)
    samples: Luma = luma[at * height // _SQUASHED].take(at * width // _SQUASHED, axis=1)
    return samples


def hash_of(spectrum: Spectrum) -> PdqHash:
    """One bit a frequency: whether it is above the median."""
    bits = spectrum.values > _lower_median(spectrum.values)
    # The reference numbers bits from the last one: bit 0 is row 0, column 0.
    return PdqHash(np.packbits(bits.reshape(-1)[::-1]).tobytes(), spectrum.quality)


def _filtered_rows(luma: Luma) -> Floats:
    """`_filter_matrix(height)` @ `luma`, a few rows at a time: each weighs some sixtieth of the height."""
    height, width = luma.shape
    matrix = _filter_matrix(height)
    rows = np.empty((_BLOCK, width), np.float32)
    for top in range(0, _BLOCK, _AT_ONCE):
        part = matrix[top : top + _AT_ONCE]
        used = np.flatnonzero(part.any(axis=0))
        band = slice(used[0], used[-1] + 1)
        np.matmul(part[:, band], luma[band].astype(np.float32), out=rows[top : top + _AT_ONCE])
    return rows


_AT_ONCE = 4


# Of 2,000 pixels half a megabyte. Animations have few sizes; borders make many, each used once.
@lru_cache(maxsize=32)
def _filter_matrix(length: int) -> Floats:
    """64 x `length`: two passes of a box filter, then every 64th sample (centre of its cell)."""
    window = (length + 2 * _BLOCK - 1) // (2 * _BLOCK)
    half = (window + 2) // 2
    at = np.arange(length)
    first = np.maximum(at - (window - half), 0)
    last = np.minimum(at + half, length)
    picked = ((np.arange(_BLOCK) + 0.5) * length / _BLOCK).astype(int)
    inside = (at >= first[picked, None]) & (at < last[picked, None])
    once = inside / (last - first)[picked, None]
    return _boxed(once, first, last).astype(np.float32)


def _boxed(
    rows: npt.NDArray[np.float64], first: npt.NDArray[np.intp], last: npt.NDArray[np.intp]
) -> npt.NDArray[np.float64]:
    """`rows` @ B, where row i of B averages the samples from first[i] to last[i], both rising with i.

    The boxes that cover a sample are then a stretch of i, and a sum over it is a difference of running sums.
    """
    length = rows.shape[1]
    sums = np.zeros((rows.shape[0], length + 1))
    np.cumsum(rows / (last - first), axis=1, out=sums[:, 1:])
    at = np.arange(length)
    begun, ended = (np.searchsorted(edges, at, "right") for edges in (first, last))
    return sums.take(begun, axis=1) - sums.take(ended, axis=1)


@lru_cache(maxsize=1)
def _dct_matrix() -> Floats:
    """16 x 64: rows 1 to 16 of the DCT-II, without the constant one."""
    frequency = np.arange(1, _BITS + 1)[:, None]
    sample = 2 * np.arange(_BLOCK)[None, :] + 1
    matrix = np.sqrt(2 / _BLOCK) * np.cos(np.pi / (2 * _BLOCK) * frequency * sample)
    return np.asarray(matrix, np.float32)


def _lower_median(spectrum: Floats) -> np.float32:
    flat = np.sort(spectrum, axis=None)
    return np.float32(flat[flat.size // 2 - 1])


def _quality(block: Floats) -> int:
    """How much there is to see: the sum of the steps between neighbours, in hundredths of the range."""
    steps = np.concatenate([np.diff(block, axis=0).ravel(), np.diff(block, axis=1).ravel()])
    total = int(np.abs((steps * 100 / 255).astype(np.int32)).sum())
    return min(100, total // 90)
