"""What is refused before any decoder sees it, because looking costs more than it is worth.

Each bound stands far above what real files need and far below what a second of work would take.
"""

from __future__ import annotations

import re
import struct

from upload_guard.errors import Unscannable
from upload_guard.imaging.budget import ScanLimits
from upload_guard.imaging.formats import ImageFormat
from upload_guard.imaging.ifds import directories

# Progressive files have about ten, of the cleverest encoders some thirty; each costs a pass over the picture.
_MOST_SCANS = 64
# Some hundred make a large colour profile; each costs a step of an interpreter.
_MOST_SEGMENTS = 100_000
# Blocks of a GIF hold up to 255 bytes; writers fill them.
_MOST_BLOCKS, _LEAST_BLOCK = 100_000, 128
_MOST_CHUNKS = 100_000
# A few dozen bytes of lossless WebP can say "all one colour, 16383 by 5400".
_MOST_PIXELS_A_BYTE = 20_000
_SMALL_ENOUGH = 4_000_000


def check_bounds(data: bytes, image_format: ImageFormat, limits: ScanLimits) -> None:
    """Raises `Unscannable` if decoding could cost out of all proportion."""
    if image_format is ImageFormat.JPEG:
        check_scans(data)
    elif image_format is ImageFormat.GIF:
        _check_gif(data, limits)
    elif image_format is ImageFormat.PNG:
        _check_png(data)
    elif image_format is ImageFormat.WEBP:
        _check_webp(data, limits)
    elif image_format is ImageFormat.TIFF:
        _check_tiff(data, limits)


# A marker: 0xff and a byte that is no filler, no stuffed zero, no restart.
_MARKER = re.compile(rb"\xff([^\x00\xff\xd0-\xd7])", re.DOTALL)
_SOI, _EOI, _SOS, _TEM = 0xD8, 0xD9, 0xDA, 0x01


def check_scans(data: bytes) -> None:
    """Counts segments, and scans of each JPEG image in `data` (ITU-T T.81, B.1.1). Raises `Unscannable`."""
    scans, at, segments = 0, 0, 0
    while (found := _MARKER.search(data, at)) is not None:
        marker, at, segments = found[1][0], found.end(), segments + 1
        if segments > _MOST_SEGMENTS:
            raise Unscannable("too_many_segments", f"more than {_MOST_SEGMENTS}")
        if marker in {_SOI, _EOI}:
            scans = 0
        if marker in {_SOI, _TEM}:
            continue
        if marker == _EOI:
            # Behind the end only another image is of interest, such as the second one of an MPO.
            at = data.find(b"\xff\xd8\xff", at)
            if at < 0:
                return
            continue
        if marker == _SOS:
            scans += 1
            if scans > _MOST_SCANS:
                raise Unscannable("too_many_scans", f"more than {_MOST_SCANS}")
        at += int.from_bytes(data[at : at + 2], "big")


def _check_gif(data: bytes, limits: ScanLimits) -> None:
    """Frames, and blocks of data, which both cost a step of an interpreter each (GIF89a, section 15 on)."""
    at, frames, blocks = 13 + _colours(data, 10), 0, 0
    most_blocks = _MOST_BLOCKS + len(data) // _LEAST_BLOCK
    while at < len(data):
        kind = data[at]
        if kind == 0x2C:
            frames += 1
            at += 11 + _colours(data, at + 9)
        elif kind == 0x21:
            at += 2
        else:
            at += 1
            if kind == 0x3B:
                return
            continue
        while at < len(data) and data[at]:
            at += data[at] + 1
            blocks += 1
            if blocks > most_blocks:
                raise Unscannable("too_many_blocks")
        at += 1
        if frames > limits.max_frames:
            raise Unscannable("too_many_frames", f"more than {limits.max_frames}")


def _colours(data: bytes, at: int) -> int:
    """Bytes of the colour table that the flags at `at` announce."""
    flags = data[at] if at < len(data) else 0
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _check_png(data: bytes) -> None:
    at = 8
    for _ in range(_MOST_CHUNKS):
        if at + 8 > len(data):
            return
        at += 12 + int.from_bytes(data[at : at + 4], "big")
    raise Unscannable("too_many_chunks")


def _check_webp(data: bytes, limits: ScanLimits) -> None:
    """Before opening: Pillow's decoder then takes memory for the whole canvas at once."""
    width, height = _webp_size(data)
    pixels = width * height
    if pixels > limits.max_pixels or pixels > max(_SMALL_ENOUGH, len(data) * _MOST_PIXELS_A_BYTE):
        raise Unscannable("too_many_pixels", f"{width}x{height} in {len(data)} bytes")


def _webp_size(data: bytes) -> tuple[int, int]:
    """From the first chunk (RFC 9649, sections 2.5 to 2.7); nothing for what the decoder will refuse."""
    kind, body = data[12:16], data[20:30].ljust(10, b"\0")
    if kind == b"VP8X":
        return 1 + int.from_bytes(body[4:7], "little"), 1 + int.from_bytes(body[7:10], "little")
    if kind == b"VP8L":
        bits = int.from_bytes(body[1:5], "little")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if kind == b"VP8 ":
        width, height = struct.unpack("<HH", body[6:10])
        return width & 0x3FFF, height & 0x3FFF
    return 0, 0


def _check_tiff(data: bytes, limits: ScanLimits) -> None:
    for number, _ in enumerate(directories(data)):
        if number >= limits.max_frames:
            raise Unscannable("too_many_frames", f"more than {limits.max_frames}")
