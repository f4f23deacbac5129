"""Where an image file ends, by walking its own structure; None where that cannot be told.

Sources: ITU-T T.81 annex B (JPEG), W3C PNG 3rd edition 5, GIF89a specification, RFC 9649 (WebP), Microsoft
BITMAPFILEHEADER, ISO/IEC 14496-12 4.2 (boxes; also JPEG 2000 and JPEG XL), Microsoft's ICONDIR.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from typing import BinaryIO

from upload_guard.containers.base import read_at, size_of
from upload_guard.imaging.formats import HEAD, ImageFormat, sniff

_STEP = 1 << 18
_FIRST_STEP = 1 << 10
_JPEG_STEPS = 10_000
_STEPS = 100_000
"""More parts than any image has, and few enough to walk in a moment."""


def end_of_image(stream: BinaryIO) -> int | None:
    """The offset behind the image that `stream` begins with, at most its size."""
    image_format = sniff(read_at(stream, 0, HEAD))
    walk = _WALKS.get(image_format) if image_format else None
    size = size_of(stream)
    try:
        end = walk(stream, size) if walk else None
    except (IndexError, struct.error):
        return None
    return end if end is not None and end <= size else None


def reach_of_image(stream: BinaryIO) -> int:
    """How far it goes where its end cannot be told: a JPEG up to the next one, since decoders stop there."""
    size = size_of(stream)
    if not read_at(stream, 0, 3).startswith(b"\xff\xd8\xff"):
        return size
    stop = _jpeg_stop(stream, size)
    return stop if stop is not None and read_at(stream, stop, 2) == b"\xff\xd8" else size


def shown_in_place(stream: BinaryIO) -> frozenset[int]:
    """Where the files begin that an icon or a JPEG 2000 is made of, and that its decoder shows."""
    image_format = sniff(read_at(stream, 0, HEAD))
    if image_format is ImageFormat.ICO:
        return frozenset(offset for _, offset in _icon_places(stream))
    if image_format is ImageFormat.JPEG2000:
        return frozenset(_first_codestream(stream))
    return frozenset()


def _first_codestream(stream: BinaryIO) -> Iterator[int]:
    """Decoders show the first and no other."""
    at = 0
    for _ in range(_STEPS):
        head = read_at(stream, at, 16)
        if len(head) < 16:
            return
        length, kind, longer = struct.unpack(">L4sQ", head)
        if kind == b"jp2c":
            yield at + (16 if length == 1 else 8)
            return
        length = longer if length == 1 else length
        if length < 8:
            return
        at += length


_AFTER_SCAN = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]", re.DOTALL)


def _jpeg(stream: BinaryIO, size: int) -> int | None:
    stop = _jpeg_stop(stream, size)
    return stop + 2 if stop is not None and read_at(stream, stop, 2) == b"\xff\xd9" else None


def _jpeg_stop(stream: BinaryIO, size: int) -> int | None:
    """Where its end marker is, or another image begins before it: None without either.

    Goes over segments by their lengths (so an EXIF thumbnail is passed over), over scans to the next marker.
    """
    at = 2
    for _ in range(_JPEG_STEPS):
        head = read_at(stream, at, 4)
        if len(head) < 2 or head[0] != 0xFF:
            return None
        if head[1] in {0xD8, 0xD9}:
            return at
        if head[1] == 0xFF:
            at += 1
            continue
        if head[1] == 0x01 or 0xD0 <= head[1] <= 0xD7:
            at += 2
            continue
        at += 2 + int(struct.unpack(">H", head[2:4])[0])
        if head[1] == 0xDA:
            behind = _behind_scan(stream, at, size)
            if behind is None:
                return None
            at = behind
    return None


def _behind_scan(stream: BinaryIO, at: int, size: int) -> int | None:
    step = _FIRST_STEP
    while at < size:
        block = read_at(stream, at, step)
        found = _AFTER_SCAN.search(block)
        if found:
            return at + found.start()
        at += max(1, len(block) - 1)
        step = min(2 * step, _STEP)
    return None


def _png(stream: BinaryIO, size: int) -> int | None:  # noqa: ARG001 - one signature for all walks
    at = 8
    for _ in range(_STEPS):
        length, kind = struct.unpack(">L4s", read_at(stream, at, 8))
        at += 12 + int(length)
        if kind == b"IEND":
            return at
    return None


def _gif(stream: BinaryIO, size: int) -> int | None:  # noqa: ARG001 - one signature for all walks
    at = 13 + _colours(read_at(stream, 10, 1)[0])
    for _ in range(_STEPS):
        kind = read_at(stream, at, 1)[0]
        if kind == 0x3B:
            return at + 1
        if kind == 0x21:
            at += 2
        elif kind == 0x2C:
            at += 11 + _colours(read_at(stream, at + 9, 1)[0])
        else:
            return None
        behind = _behind_blocks(stream, at)
        if behind is None:
            return None
        at = behind
    return None


def _colours(flags: int) -> int:
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def _behind_blocks(stream: BinaryIO, at: int) -> int | None:
    """Over GIF's sub-blocks of up to 255 bytes, read by the page since there are many."""
    block, base = read_at(stream, at, _STEP), at
    while block:
        spot = at - base
        if spot >= len(block):
            block, base = read_at(stream, at, _STEP), at
            continue
        if not block[spot]:
            return at + 1
        at += 1 + block[spot]
    return None


def _riff(stream: BinaryIO, size: int) -> int | None:  # noqa: ARG001 - one signature for all walks
    length = int(struct.unpack("<L", read_at(stream, 4, 4))[0])
    return 8 + length + length % 2


def _bmp(stream: BinaryIO, size: int) -> int | None:
    """By the announced size, or less where width, height and depth say so: readers go by those."""
    head = read_at(stream, 0, 54)
    announced, offset = struct.unpack("<L4xL", head[2:14])
    ends = [announced] if announced > 26 else []
    if struct.unpack("<L", head[14:18])[0] >= 40:
        width, height, _, depth, compression = struct.unpack("<2l2HL", head[18:34])
        if compression in {0, 3} and width > 0:
            ends.append(offset + (width * depth + 31) // 32 * 4 * abs(height))
    fitting = [end for end in ends if offset < end <= size]
    return min(fitting) if fitting else None


def _boxes(stream: BinaryIO, size: int) -> int | None:
    at = 0
    for _ in range(_STEPS):
        if at == size:
            return at
        head = read_at(stream, at, 16)
        length, kind = struct.unpack(">L4s", head[:8])
        if not _BOX_KIND.fullmatch(kind):
            return at
        if length == 1:
            length = struct.unpack(">Q", head[8:16])[0]
        if length == 0:
            return size
        if length < 8:
            return at
        at += length
    return None


_BOX_KIND = re.compile(rb"[A-Za-z0-9 ]{4}|\xa9[ -~]{3}|jP  ")


def _codestream(stream: BinaryIO, size: int) -> int | None:
    """A bare JPEG 2000 codestream ends by a marker that its data cannot hold (T.800 annex A: FF90 and up)."""
    if read_at(stream, 0, 4) != b"\xff\x4f\xff\x51":
        return _boxes(stream, size)
    at = 0
    while at < size:
        block = read_at(stream, at, _STEP)
        spot = block.find(b"\xff\xd9")
        if spot >= 0:
            return at + spot + 2
        at += max(1, len(block) - 1)
    return None


def _icons(stream: BinaryIO, size: int) -> int | None:  # noqa: ARG001 - one signature for all walks
    return max((length + offset for length, offset in _icon_places(stream)), default=None)


def _icon_places(stream: BinaryIO) -> list[tuple[int, int]]:
    """Length and offset of each."""
    count = struct.unpack("<H", read_at(stream, 4, 2))[0]
    table = read_at(stream, 6, 16 * count)
    return [struct.unpack("<2L", table[at + 8 : at + 16]) for at in range(0, len(table) - 15, 16)]


_WALKS = {
    ImageFormat.JPEG: _jpeg,
    ImageFormat.PNG: _png,
    ImageFormat.GIF: _gif,
    ImageFormat.WEBP: _riff,
    ImageFormat.BMP: _bmp,
    ImageFormat.AVIF: _boxes,
    ImageFormat.HEIF: _boxes,
    ImageFormat.JPEG2000: _codestream,
    ImageFormat.ICO: _icons,
}
