"""Small pictures inside the metadata of a picture: a file manager or a preview shows them instead of it.

EXIF keeps one in its second directory (IFD1, Exif 2.32 section 4.5.8), as a JPEG or as plain samples.
Cameras and editors put others into maker notes and JFIF or Photoshop segments, so any JPEG that begins in
there counts.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from functools import partial

from PIL import Image

from upload_guard.errors import Unscannable
from upload_guard.imaging.bounds import check_scans
from upload_guard.imaging.ifds import THUMBNAIL_LENGTH, THUMBNAIL_OFFSET, Tags, directories
from upload_guard.imaging.picture import Picture, drafted

# Real files have a handful; three bytes are found by chance in every 16 MB.
_MOST = 64
_WIDTH, _HEIGHT, _COMPRESSION, _STRIPS, _SAMPLES = 0x0100, 0x0101, 0x0103, 0x0111, 0x0115
_END_OF_JPEG = b"\xff\xd9"


class BrokenThumbnail(Exception):
    """One is announced and cannot be read; the picture around it is another matter."""


def thumbnails(image: Image.Image, name: str, colours: bool = False) -> Iterator[Picture]:
    """Those in the metadata of `image`.

    Raises `BrokenThumbnail` after the others if the one that EXIF announces cannot be read, and `Unscannable`
    for more beginnings of JPEGs than are looked at.
    """
    title = "thumbnail" if name == "frame 0" else f"thumbnail of {name}"
    exif = _exif(image)
    blocks = [block for _, block in getattr(image, "applist", ())] or ([exif] if exif else [])
    for start in _jpegs(blocks):
        yield from _jpeg(title, start, colours, announced=False)
    yield from _announced(title, exif, colours)


def _exif(image: Image.Image) -> bytes:
    """The block that begins with the byte order; older PNG programs wrote it as hexadecimal text."""
    block = image.info.get("exif", b"")
    text = image.info.get("Raw profile type exif")
    if not block and isinstance(text, str):
        try:
            block = bytes.fromhex("".join(text.split("\n")[3:]))
        except ValueError:
            return b""
    return block.removeprefix(b"Exif\0\0") if isinstance(block, bytes) else b""


def _jpegs(blocks: list[bytes]) -> Iterator[bytes]:
    left = _MOST
    for block in blocks:
        at = block.find(b"\xff\xd8\xff")
        while at >= 0:
            if not left:
                raise Unscannable("too_many_thumbnails", f"more than {_MOST}")
            yield block[at:]
            left -= 1
            at = block.find(b"\xff\xd8\xff", at + 3)


def _jpeg(title: str, start: bytes, colours: bool, *, announced: bool) -> Iterator[Picture]:
    """`start` begins with the picture; what follows it is left alone, and a lost end is made up for."""
    try:
        image = Image.open(io.BytesIO(start + _END_OF_JPEG), formats=("JPEG",))
        check_scans(start)
    except (Unscannable, MemoryError):
        raise
    except Exception as error:
        if announced:
            raise BrokenThumbnail(str(error)) from error
        return
    yield Picture(title, image.size, partial(drafted, image, colours), optional=True)


def _announced(title: str, block: bytes, colours: bool) -> Iterator[Picture]:
    tags = _second_directory(block)
    if THUMBNAIL_OFFSET in tags:
        start = block[tags[THUMBNAIL_OFFSET] :][: tags.get(THUMBNAIL_LENGTH) or None]
        yield from _jpeg(title, start, colours, announced=True)
    elif tags.get(_COMPRESSION) == 1 and {_WIDTH, _HEIGHT, _STRIPS} <= tags.keys():
        yield from _samples(title, block, tags)


def _second_directory(block: bytes) -> Tags:
    try:
        found = directories(block)
        next(found, None)
        second = next(found, None)
    except Unscannable as fault:
        if fault.reason != "ifd_loop":
            raise
        raise BrokenThumbnail(str(fault)) from fault
    return second.tags if second else {}


def _samples(title: str, block: bytes, tags: Tags) -> Iterator[Picture]:
    """Uncompressed: 8 bits of red, green and blue, or of grey, as cameras write it in one strip."""
    size = tags[_WIDTH], tags[_HEIGHT]
    mode = "RGB" if tags.get(_SAMPLES, 1) == 3 else "L"
    length = size[0] * size[1] * len(mode)
    if tags[_STRIPS] + length > len(block):
        raise BrokenThumbnail("beyond the end")
    samples = block[tags[_STRIPS] : tags[_STRIPS] + length]
    yield Picture(title, size, partial(Image.frombytes, mode, size, samples), optional=True)
