"""Where an image or archive begins in the middle of other bytes. Constant memory at any size."""

from __future__ import annotations

import heapq
import zlib
from collections.abc import Iterator, Mapping
from typing import BinaryIO

from upload_guard.containers.base import read_at
from upload_guard.containers.single import ARCHIVES, BZIP2, GZIP, XZ
from upload_guard.containers.unpack import gunzip
from upload_guard.errors import Unreadable
from upload_guard.imaging.formats import HEAD, sniff

_STEP = 1 << 20
_MARGIN = 16

# How an image starts, and how far before that its first byte is. What is too short to search for (ICO, TIFF's
# and BMP's are) is asked for more below. Nothing here begins with zeros: black rasters are full of them, and
# finding none of it there would cost thirty times as much.
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
BEGINNINGS = _BEGINNINGS | _BMP_BEGINNINGS
# Nobody has a reason to put these into or behind a picture but to hide them, while installers end in them.
# bzip2 is told by what its levels have in common. A tape archive keeps its files as they are.
HIDDEN = (
    BEGINNINGS
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


def beginnings(
    stream: BinaryIO, start: int, end: int, needles: Mapping[bytes, int] = BEGINNINGS
) -> Iterator[int]:
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


def _spots(block: bytes, stop: int, needles: Mapping[bytes, int]) -> Iterator[int]:
    """Where any beginning's first byte is before `stop`, in order, found no further ahead than asked for."""
    ahead = [
        (spot - before, needle, before)
        for needle, before in needles.items()
        if (spot := block.find(needle)) >= 0
    ]
    heapq.heapify(ahead)
    while ahead and ahead[0][0] < stop:
        spot, needle, before = ahead[0]
        following = block.find(needle, spot + before + 1)
        if following >= 0:
            heapq.heapreplace(ahead, (following - before, needle, before))
        else:
            heapq.heappop(ahead)
        if spot >= 0:
            yield spot


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
