"""Image file directories, as TIFF and EXIF have them (TIFF 6.0, section 2; BigTIFF), read without trust."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from upload_guard.errors import Unscannable

THUMBNAIL_OFFSET, THUMBNAIL_LENGTH = 0x0201, 0x0202

# Real files have a few dozen tags; the count is a 16- or 64-bit number of the sender's.
_MOST_TAGS = 4096
_MOST_DIRECTORIES = 10_000

Tags = dict[int, int]
"""Tag to its first value, for tags whose first value is a whole number or an offset."""


def directories(data: bytes) -> Iterator[Tags]:
    """Each directory of the chain, as far as it can be read. Raises `Unscannable` if the chain is a loop."""
    order = {b"II": "<", b"MM": ">"}.get(data[:2])
    if order is None or len(data) < 16:
        return
    big = struct.unpack_from(order + "H", data, 2)[0] == 43
    at = struct.unpack_from(order + "Q", data, 8)[0] if big else struct.unpack_from(order + "I", data, 4)[0]
    seen: set[int] = set()
    while at:
        if at in seen or len(seen) >= _MOST_DIRECTORIES:
            raise Unscannable("ifd_loop", f"directory at {at}")
        seen.add(at)
        try:
            tags, at = _directory(data, at, order, big)
        except struct.error:
            return  # beyond the end: the decoder says what is missing
        yield tags


def _directory(data: bytes, at: int, order: str, big: bool) -> tuple[Tags, int]:
    """The tags at `at`, and where the next directory is (0: nowhere)."""
    head, step, value_at, offset = ("Q", 20, 12, "Q") if big else ("H", 12, 8, "I")
    if at > len(data):
        raise struct.error("beyond the end")
    (count,) = struct.unpack_from(order + head, data, at)
    at += struct.calcsize(order + head)
    tags: Tags = {}
    for number in range(min(count, _MOST_TAGS)):
        tag, kind = struct.unpack_from(order + "HH", data, at + step * number)
        form = {1: "B", 3: "H", 16: "Q"}.get(kind, offset)
        tags[tag] = struct.unpack_from(order + form, data, at + step * number + value_at)[0]
    end = at + step * count
    if end > len(data):
        raise struct.error("beyond the end")
    return tags, struct.unpack_from(order + offset, data, end)[0]
