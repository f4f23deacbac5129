"""Multi-index hashing: a hash is cut into bands, and what is near in the whole is near in some band.

M. Norouzi, A. Punjani, D. J. Fleet: "Fast Search in Hamming Space with Multi-Index Hashing", CVPR 2012. With
radius r_i in band i, everything within sum(r_i + 1) - 1 bits is found: whoever is farther than r_i in every
band is at least sum(r_i + 1) away.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt

from upload_guard.records import SignalType

Words = npt.NDArray[np.uint64]

# Tables of more than 2^24 keys cost more memory than they save candidates.
_WIDEST = 24
# A smaller set is compared as a whole in less time than its bands would take to be asked.
_WORTH_BANDS = 16_384
_WORD = 64


def plan_bands(kind: SignalType, entries: int, worth_bands: int = _WORTH_BANDS) -> tuple[int, ...]:
    """Widths in bits of the bands for so many entries: about log2(entries) each, all but equal.

    One band alone is a directory of first bits, for exact look-ups.
    """
    size = math.log2(max(entries, 2))
    if kind.exact or entries < worth_bands:
        return (min(math.ceil(size), _WIDEST),)
    bits = kind.size * 8
    count = max(math.ceil(bits / _WIDEST), round(bits / (size + 0.5)))
    narrow, wider = divmod(bits, count)
    return tuple(narrow + 1 if band < wider else narrow for band in range(count))


def first_places(widths: tuple[int, ...]) -> npt.NDArray[np.int64]:
    """Where each band's part of the `starts` file begins; the last element is the length of the file."""
    lengths = [0, *((1 << width) + 1 for width in widths)]
    return np.cumsum(lengths, dtype=np.int64)


def band_keys(values: npt.NDArray[np.uint8], widths: tuple[int, ...]) -> npt.NDArray[np.int64]:
    """The keys of some hashes (n, bytes) in every band: (n, bands)."""
    keys: npt.NDArray[np.int64] = np.unpackbits(values, axis=1) @ _bit_values(widths)
    return keys


def word_of(size: int) -> np.dtype[Any]:
    """The widest word that divides a hash of `size` bytes."""
    return np.dtype(np.uint32 if size % 8 else np.uint64)


def words_of(values: npt.NDArray[np.uint8]) -> npt.NDArray[Any]:
    """Hashes (n, bytes) as words (n, k) in the bytes' own order, good for distances only."""
    return np.ascontiguousarray(values).view(word_of(values.shape[1]))


def ordered_words(values: npt.NDArray[np.uint8]) -> Words:
    """Hashes (n, bytes) as numbers (n, k), the first bit being the highest; the last is filled up with 0."""
    lacking = -values.shape[1] % 8
    whole = np.pad(values, ((0, 0), (0, lacking))) if lacking else np.ascontiguousarray(values)
    return whole.view(">u8").astype(np.uint64)


def keys_of_band(words: Words, widths: tuple[int, ...], band: int) -> Words:
    """The keys of many hashes (n, k; see `ordered_words`) in one band: (n,)."""
    start, width = sum(widths[:band]), widths[band]
    at, skip = divmod(start, _WORD)
    beyond = skip + width - _WORD
    if beyond <= 0:
        keys = words[:, at] >> np.uint64(-beyond)
    else:
        keys = (words[:, at] << np.uint64(beyond)) | (words[:, at + 1] >> np.uint64(_WORD - beyond))
    return keys & np.uint64((1 << width) - 1)


@lru_cache(maxsize=16)
def _bit_values(widths: tuple[int, ...]) -> npt.NDArray[np.int64]:
    """What each bit of a hash is worth in each band: (bits, bands)."""
    values = np.zeros((sum(widths), len(widths)), np.int64)
    bit = 0
    for band, width in enumerate(widths):
        values[bit : bit + width, band] = 1 << np.arange(width)[::-1]
        bit += width
    return values


@dataclass(frozen=True, slots=True)
class Probes:
    """What to ask of the bands so that nothing within the reach is missed.

    `masks` are xored with a query's key in `bands` (both (p,), ordered by band); `radii` are per band, -1
    where a band need not be asked.
    """

    radii: tuple[int, ...]
    masks: npt.NDArray[np.int64]
    bands: npt.NDArray[np.intp]


def radii_for(widths: tuple[int, ...], reach: int) -> tuple[int, ...]:
    """The radius of each band, so that sum(radius + 1) is reach + 1. Wider bands have fewer candidates."""
    least, more = divmod(reach + 1, len(widths))
    widest_first = sorted(range(len(widths)), key=lambda band: -widths[band])
    return tuple(least if band in widest_first[:more] else least - 1 for band in range(len(widths)))


def count_probes(widths: tuple[int, ...], reach: int) -> int:
    return sum(_ball(width, radius) for width, radius in zip(widths, radii_for(widths, reach), strict=True))


def expected_candidates(widths: tuple[int, ...], reach: int, entries: int) -> float:
    """How many entries the probes will name if hashes are spread evenly."""
    radii = radii_for(widths, reach)
    return sum(entries * _ball(w, radius) / (1 << w) for w, radius in zip(widths, radii, strict=True))


@lru_cache(maxsize=16)
def probes_for(widths: tuple[int, ...], reach: int) -> Probes:
    radii = radii_for(widths, reach)
    masks = [_masks(width, radius) for width, radius in zip(widths, radii, strict=True)]
    bands = np.repeat(np.arange(len(widths)), [len(one) for one in masks])
    return Probes(radii, np.concatenate(masks), bands)


def _ball(width: int, radius: int) -> int:
    return sum(math.comb(width, changed) for changed in range(min(radius, width) + 1))


@lru_cache(maxsize=64)
def _masks(width: int, radius: int) -> npt.NDArray[np.int64]:
    """Every number of `width` bits with at most `radius` ones."""
    shells = [_shell(width, ones) for ones in range(min(radius, width) + 1)]
    return np.concatenate([np.zeros(0, np.int64), *shells])


def _shell(width: int, ones: int) -> npt.NDArray[np.int64]:
    places = np.array(list(combinations(range(width), ones)), np.int64).reshape(math.comb(width, ones), ones)
    shell: npt.NDArray[np.int64] = (np.int64(1) << places).sum(axis=1)
    return shell
