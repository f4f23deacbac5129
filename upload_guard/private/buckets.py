"""Records packed into buckets of one size, so that neither length nor time says how much is in a bucket."""

from __future__ import annotations

import os
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]
Numbers = npt.NDArray[np.uint32]

# In the mean a bucket has between this many records and twice (oblivious) or sixteen times (ranges) as many.
FEW = 64
# Sizes are whole multiples, so that the fullest bucket is not told to the record.
_STEP = 32
# Digests that are evenly spread take two to three times the room, all those of one digit sixteen times.
_MOST_FILLING = 8
_HEAD = np.dtype(">u8")


@dataclass(frozen=True, slots=True)
class Packed:
    """`buckets`: (2 to the power of `bits`, size, record bytes)."""

    bits: int
    buckets: Bytes

    @property
    def size(self) -> int:
        return int(self.buckets.shape[1])


def bits_for(records: int, step: int = 1) -> int:
    """Of a bucket's number: as many, in whole `step`s, as leave `FEW` records or more to a bucket."""
    bits = 0
    while records >> (bits + step) >= FEW:
        bits += step
    return min(bits, 32 - 32 % step)


def pack(numbers: Numbers, records: Bytes, bits: int, padding: Bytes | None = None) -> Packed:
    """Put each of `records` (n, r) into the bucket of its number (n,) and fill all up to the fullest.

    What fills them is random, but for the rows of `padding` (as many as `room_for` says) where it is given.
    In a bucket records lie by their first bytes, so that nobody sees which were there first.
    """
    count, width = 1 << bits, records.shape[1]
    size = room_for(numbers, bits)
    filling = _random((count * size, width)) if padding is None else padding
    buckets = filling.reshape(count, size, width)
    order = np.argsort(numbers, kind="stable")
    loads = np.bincount(numbers, minlength=count)
    within = np.arange(len(numbers)) - np.repeat(np.cumsum(loads) - loads, loads)
    buckets[numbers[order], within] = records[order]
    heads = np.ascontiguousarray(buckets[:, :, :8]).view(_HEAD)[:, :, 0]
    shuffled = np.argsort(heads, axis=1)
    return Packed(bits, np.take_along_axis(buckets, shuffled[:, :, None], axis=1))


def room_for(numbers: Numbers, bits: int) -> int:
    """How many records each bucket holds: at least those of the fullest, and a spare one."""
    fullest = int(np.bincount(numbers, minlength=1 << bits).max())
    return -(-(fullest + 1) // _STEP) * _STEP


def pack_digests(digests: Bytes, labels: npt.NDArray[np.uint16], digits: int) -> Packed:
    """Records of whole digests (n, d) and the numbers of their labels (n,), by their first `digits` of hex.

    What fills a bucket has its first digits and a label of the list, and looks like any other. Where many
    digests begin alike, fewer digits are taken: all others would be filled up to those, be it on purpose.
    """
    bits = 4 * digits
    numbers = _first_bits(digests, bits)
    while bits > 4 and room_for(numbers, bits) << bits > _MOST_FILLING * len(digests):
        bits -= 4
        numbers >>= np.uint32(4)
    records = np.concatenate([digests, _big_endian(labels)], axis=1)
    rows = room_for(numbers, bits) << bits
    padding = _random((rows, records.shape[1]))
    heads = padding[:, :4].copy().view(">u4")[:, 0].astype(np.uint32)
    own = np.repeat(np.arange(1 << bits, dtype=np.uint32), rows >> bits)
    heads = (heads & np.uint32((1 << (32 - bits)) - 1)) | (own << np.uint32(32 - bits))
    padding[:, :4] = heads.astype(">u4").view(np.uint8).reshape(-1, 4)
    drawn = _random((rows, 4)).view(np.uint32)[:, 0] % max(1, len(labels))
    padding[:, -2:] = _big_endian(labels[drawn]) if len(labels) else 0
    return pack(numbers, records, bits, padding)


def _first_bits(values: Bytes, bits: int) -> Numbers:
    heads = np.ascontiguousarray(values[:, :4]).view(">u4")[:, 0].astype(np.uint32)
    return heads >> np.uint32(32 - bits)


def _big_endian(labels: npt.NDArray[np.uint16]) -> Bytes:
    return labels.astype(">u2").view(np.uint8).reshape(-1, 2)


def _random(shape: tuple[int, int]) -> Bytes:
    return np.frombuffer(bytearray(os.urandom(shape[0] * shape[1])), np.uint8).reshape(shape)
