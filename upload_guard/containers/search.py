"""Where an image or archive begins in the middle of other bytes. Constant memory at any size."""

from __future__ import annotations

import zlib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import BinaryIO

import numpy as np

from upload_guard.containers.base import read_at
from upload_guard.containers.single import ARCHIVES, BZIP2, GZIP, XZ
from upload_guard.containers.unpack import gunzip
from upload_guard.errors import Unreadable
from upload_guard.imaging.formats import HEAD, sniff

_STEP = 1 << 20
_MARGIN = 16


class Needles:
    """What to search for, each with how far before it a file's first byte is; of three bytes or more.

    Sifted by their first two bytes and then by the third, at all positions at once: to find each by itself
    takes a pass for each, and many times as long where the bytes hold its first letters over and over.
    """

    def __init__(self, starts: Mapping[bytes, int]) -> None:
        self.starts = dict(starts)
        self._by_three: defaultdict[bytes, list[tuple[bytes, int]]] = defaultdict(list)
        for needle, before in starts.items():
            self._by_three[needle[:3]].append((needle, before))
        pairs = sorted({three[:2] for three in self._by_three})
        # For each pair of bytes its row among the third bytes; row 0 is for all pairs that begin nothing.
        self._rows = np.zeros(1 << 16, np.uint8)
        self._thirds = np.zeros((len(pairs) + 1, 1 << 8), np.bool_)
        for row, pair in enumerate(pairs, 1):
            self._rows[int.from_bytes(pair, "big")] = row
        for three in self._by_three:
            self._thirds[pairs.index(three[:2]) + 1, three[2]] = True

    def candidates(self, block: bytes) -> list[int]:
        """Where the first three bytes of any are."""
        octets = np.frombuffer(block, np.uint8)
        if len(octets) < 3:
            return []
        rows = self._rows[octets[:-2].astype(np.uint16) << 8 | octets[1:-1]]
        spots = np.flatnonzero(rows)
        likely: list[int] = spots[self._thirds[rows[spots], octets[spots + 2]]].tolist()
        return likely

    def at(self, block: bytes, spot: int) -> Iterator[tuple[bytes, int]]:
        """Those that are at `spot`, which is a candidate."""
        for needle, before in self._by_three[block[spot : spot + 3]]:
            if block.startswith(needle, spot):
                yield needle, before


# How an image starts, and how far before that its first byte is. What is too short to search for (ICO, TIFF's
# and BMP's are) is asked for more below.
_BEGINNINGS: dict[bytes, int] = {
    b"\xff\xd8\xff": 0,
    b"\x89PNG\r\n\x1a\n": 0,
    b"GIF87a": 0,
    b"GIF89a": 0,
    b"WEBPVP8": 8,
    b"ftyp": 4,
    b"II*\x00": 0,
    b"MM\x00*": 0,
    b"jP  \r\n\x87\n": 4,
    b"\xff\x4f\xff\x51\x00": 0,
    b"JXL \r\n\x87\n": 4,
    b"PK\x03\x04": 0,
    b"%PDF-": 0,
}
# "BM" alone is everywhere: where the pixels are and the size of the header.
_BMP_BEGINNINGS: dict[bytes, int] = {
    offset.to_bytes(4, "little") + header.to_bytes(4, "little"): 10
    for offset, header in (
        (26, 12),
        (54, 40),
        (1078, 40),
        (62, 40),
        (66, 40),
        (70, 40),
        (122, 108),
        (138, 124),
    )
}
BEGINNINGS = Needles(_BEGINNINGS | _BMP_BEGINNINGS)
# Nobody has a reason to put these into or behind a picture but to hide them, while installers end in them.
# bzip2 is told by what its levels have in common. A tape archive keeps its files as they are.
HIDDEN = Needles(
    BEGINNINGS.starts
    | dict.fromkeys((*ARCHIVES, *GZIP.magic, *XZ.magic), 0)
    | {magic[4:]: 4 for magic in BZIP2.magic[:1]}
)


def occurrences(stream: BinaryIO, needles: tuple[bytes, ...], start: int, end: int) -> Iterator[int]:
    """Where any of `needles` begins between `start` and `end`, in order."""
    margin = max(map(len, needles)) - 1
    for at in range(start, end, _STEP):
        block = read_at(stream, at, min(_STEP + margin, end - at))
        found: set[int] = set()
        for needle in needles:
            spot = block.find(needle)
            while 0 <= spot < _STEP:
                found.add(at + spot)
                spot = block.find(needle, spot + 1)
        yield from sorted(found)


def beginnings(stream: BinaryIO, start: int, end: int, needles: Needles = BEGINNINGS) -> Iterator[int]:
    """The offsets between `start` and `end` where something begins that is worth a look, in order.

    Raises `Unreadable` for a file made of nothing but such beginnings: each look costs a little.
    """
    looks = 0
    for at in range(start, end, _STEP):
        base = max(start, at - _MARGIN)
        block = read_at(stream, base, min(_STEP + at - base + HEAD, end - base))
        for spot in _spots(block, at - base + _STEP, needles):
            looks += 1
            if looks > _LOOKS:
                raise Unreadable("too_many_files")
            if base + spot >= at and _plausible(block[spot : spot + HEAD]):
                yield base + spot


_LOOKS = 20_000


def _spots(block: bytes, stop: int, needles: Needles) -> Iterator[int]:
    """Where any beginning's first byte is before `stop`, in order."""
    found = [
        spot - before
        for spot in needles.candidates(block)
        for needle, before in needles.at(block, spot)
        if 0 <= spot - before < stop
    ]
    yield from sorted(found)


def _plausible(head: bytes) -> bool:
    """Whether more than a few bytes agree: three do by chance in every 16 MB of compressed data."""
    if head.startswith((b"PK\x03\x04", b"%PDF-")):
        return len(head) > 30
    if head.startswith(b"\xff\xd8\xff"):
        return jpeg_begins(head)
    if head[4:8] == b"ftyp":
        return 16 <= int.from_bytes(head[:4], "big") <= 256 and sniff(head) is not None
    if head.startswith((b"II*\x00", b"MM\x00*")):
        order = "little" if head[:1] == b"I" else "big"
        return 8 <= int.from_bytes(head[4:8], order) < 1 << 31  # type: ignore[arg-type]
    if head.startswith(b"BM"):
        return head[6:10] == bytes(4)  # reserved
    if head.startswith(GZIP.magic):
        return _inflates(head)
    return sniff(head) is not None or head.startswith((*ARCHIVES, *BZIP2.magic, *XZ.magic))


def _inflates(head: bytes) -> bool:
    """Whether it goes on as gzip, whose three first bytes are found by chance."""
    try:
        gunzip().decompress(head, HEAD)
    except zlib.error:
        return False
    return True


def jpeg_begins(head: bytes) -> bool:
    """Whether the first segment is one that opens JPEG files and a second one follows it."""
    if len(head) < 6 or head[3] < 0xC0 or 0xD0 <= head[3] <= 0xD9:
        return False
    if head[3] == 0xFF:
        return True
    length = int.from_bytes(head[4:6], "big")
    behind = head[4 + length : 5 + length]
    return length >= 2 and (not behind or behind == b"\xff")
