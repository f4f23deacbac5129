"""Drawn pictures written into files in odd ways, and whether a listed picture is found in a file."""

from __future__ import annotations

import io
import struct
import zlib
from dataclasses import dataclass, field

import numpy as np
from PIL import Image

from upload_guard.demo.pictures import landscape
from upload_guard.imaging.budget import Budget, ScanLimits
from upload_guard.imaging.formats import sniff
from upload_guard.imaging.pdq import pdq
from upload_guard.imaging.signals import image_signals
from upload_guard.records import Analysis, SignalType

SIZE = (320, 240)
TARGET = landscape(1, SIZE)
OTHER = landscape(2, SIZE)
REACH = 31


def analysed(data: bytes, limits: ScanLimits | None = None) -> Analysis:
    image_format = sniff(data)
    assert image_format is not None
    return image_signals(io.BytesIO(data), image_format, Budget(limits or ScanLimits()))


def hash_of(image: Image.Image) -> bytes:
    return pdq(np.asarray(image.convert("L"))).value


def bits_between(one: bytes, other: bytes) -> int:
    return (int.from_bytes(one, "big") ^ int.from_bytes(other, "big")).bit_count()


def nearest(found: Analysis, listed: Image.Image) -> int:
    """Bits from a listed picture to the nearest PDQ signal; 256 if there is none."""
    value = hash_of(listed)
    distances = (bits_between(one.value, value) for one in found.signals if one.type is SignalType.PDQ)
    return min(distances, default=256)


def hits(data: bytes, listed: Image.Image = TARGET) -> bool:
    return nearest(analysed(data), listed) <= REACH


def places(data: bytes, listed: Image.Image = TARGET) -> set[str]:
    """The views in which a listed picture is found."""
    value = hash_of(listed)
    return {
        one.view
        for one in analysed(data).signals
        if one.type is SignalType.PDQ and bits_between(one.value, value) <= REACH
    }


def written(image: Image.Image, name: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.copy().save(out, name, **options)
    return out.getvalue()


def several(name: str, *pictures: Image.Image, **options: object) -> bytes:
    first, *others = (picture.copy() for picture in pictures)
    return written(first, name, save_all=True, append_images=others, **options)


def exif_with_thumbnail(thumbnail: bytes, length: int | None = None) -> bytes:
    """An EXIF block whose IFD1 announces a JPEG of `length` bytes."""
    first, second = 8, 14
    at = second + 2 + 3 * 12 + 4
    tags = [(0x0103, 3, 6), (0x0201, 4, at), (0x0202, 4, len(thumbnail) if length is None else length)]
    block = b"II*\0" + struct.pack("<I", first) + struct.pack("<HI", 0, second) + struct.pack("<H", len(tags))
    block += b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in tags)
    return b"Exif\0\0" + block + bytes(4) + thumbnail


def exif_with_samples(image: Image.Image) -> bytes:
    """An EXIF block whose IFD1 holds red, green and blue as they are."""
    second, count = 14, 5
    at = second + 2 + count * 12 + 4
    tags = [
        (0x0100, image.width),
        (0x0101, image.height),
        (0x0103, 1),
        (0x0111, at),
        (0x0115, 3),
    ]
    block = b"MM\0*" + struct.pack(">I", 8) + struct.pack(">HI", 0, second) + struct.pack(">H", count)
    block += b"".join(struct.pack(">HHII", tag, 4, 1, value) for tag, value in tags)
    return b"Exif\0\0" + block + bytes(4) + image.convert("RGB").tobytes()


def png_chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png_with(*chunks: bytes) -> bytes:
    """The target as PNG with `chunks` behind its header."""
    data = written(TARGET, "PNG")
    return data[:33] + b"".join(chunks) + data[33:]


def png_header(width: int, height: int) -> bytes:
    head = png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + png_chunk(b"IDAT", zlib.compress(bytes(1000)))


def icon(*entries: tuple[int, bytes]) -> bytes:
    """An ICO whose directory says the given side of each PNG or bitmap in it."""
    at, head, body = 6 + 16 * len(entries), b"", b""
    for side, data in entries:
        head += struct.pack("<BBBBHHII", side % 256, side % 256, 0, 0, 1, 32, len(data), at + len(body))
        body += data
    return b"\0\0\1\0" + struct.pack("<H", len(entries)) + head + body


def gif_of_frames(count: int) -> bytes:
    head = b"GIF89a" + struct.pack("<HHBBB", 640, 480, 0x80, 0, 0) + bytes(6)
    frame = b"\x21\xf9\x04\0\0\0\0\0" + b"\x2c" + struct.pack("<HHHHB", 0, 0, 640, 480, 0)
    return head + (frame + b"\x02\x02\x4c\x01\x00") * count + b";"


def jpeg_with_scans(count: int, image: Image.Image = TARGET) -> bytes:
    """A progressive JPEG whose last scan is written again and again."""
    data = written(image, "JPEG", progressive=True)
    start = data.rindex(b"\xff\xda")
    scan = data[start:-2]
    return data[:start] + scan * count + b"\xff\xd9"


def flat_webp(width: int = 16383, height: int = 5400) -> bytes:
    """34 bytes of lossless WebP that announce a picture all of one colour."""
    bits = (width - 1) | (height - 1) << 14
    body = b"\x2f" + struct.pack("<I", bits) + b"\x88\x88\x08" + bytes(5)
    chunk = b"VP8L" + struct.pack("<I", len(body)) + body
    chunk += bytes(34 - 12 - len(chunk))
    return b"RIFF" + struct.pack("<I", 26) + b"WEBP" + chunk


@dataclass(frozen=True)
class Page:
    """A directory of a TIFF: tags of one number each, its samples in one strip, a JPEG that it names."""

    tags: dict[int, int] = field(default_factory=dict)
    strip: bytes = b""
    named: bytes = b""
    subs: tuple[Page, ...] = ()


def page_of(image: Image.Image, strip: bytes = b"", **changes: int) -> Page:
    """A page of 8-bit grey, or with other tags by name."""
    grey = image.convert("L")
    tags = {0x100: grey.width, 0x101: grey.height, 0x102: 8, 0x103: 1, 0x106: 1, 0x115: 1, 0x116: grey.height}
    tags |= {TAGS[name]: value for name, value in changes.items()}
    return Page(tags, strip or grey.tobytes())


TAGS = {"bits": 0x102, "compression": 0x103, "photometric": 0x106, "samples": 0x115}


def tiff(*pages: Page, order: str = "<") -> bytes:
    """A TIFF of a chain of pages, as cameras lay out their raw files."""
    out = bytearray((b"II*\0" if order == "<" else b"MM\0*") + bytes(4))
    link = 4
    for page in pages:
        directory = _directory(out, page, order)
        struct.pack_into(order + "I", out, link, directory)
        link = len(out) - 4
    return bytes(out)


def _directory(out: bytearray, page: Page, order: str) -> int:
    entries = {tag: (value,) for tag, value in page.tags.items()}
    for data, tags in ((page.strip, (0x111, 0x117)), (page.named, (0x201, 0x202))):
        if data:
            entries |= {tags[0]: (len(out),), tags[1]: (len(data),)}
            out += data
    if page.subs:
        entries[0x14A] = tuple(_directory(out, each, order) for each in page.subs)
    far: dict[int, int] = {}
    for tag, values in entries.items():
        if len(values) > 1:
            far[tag] = len(out)
            out += struct.pack(f"{order}{len(values)}I", *values)
    at = len(out)
    out += struct.pack(order + "H", len(entries))
    for tag, values in sorted(entries.items()):
        out += struct.pack(order + "HHII", tag, 4, len(values), far.get(tag, values[0]))
    out += bytes(4)
    return at
