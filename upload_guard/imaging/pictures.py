"""Every picture inside a file: frames, pages, second images, icon sizes. Nothing is decoded here.

All of Pillow that may run is imported here at the top: a sandboxed worker cannot import later.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from functools import partial
from typing import BinaryIO

from PIL import (
    AvifImagePlugin,  # noqa: F401
    IcoImagePlugin,
    Image,
    ImageCms,  # noqa: F401 - LAB
    ImageColor,  # noqa: F401
    ImagePalette,  # noqa: F401
    Jpeg2KImagePlugin,  # noqa: F401
    MpoImagePlugin,  # noqa: F401
    WebPImagePlugin,  # noqa: F401
)

from upload_guard.errors import Unscannable
from upload_guard.imaging.budget import ScanLimits
from upload_guard.imaging.formats import CURSOR, ImageFormat
from upload_guard.imaging.heif import heif_pictures
from upload_guard.imaging.picture import ENOUGH, Picture, drafted, ordinal
from upload_guard.imaging.tiff import tiff_pictures
from upload_guard.spans import WindowReader

# `Image.open` would do this at its first call.
Image.preinit()


def pictures(data: bytes, image_format: ImageFormat, limits: ScanLimits) -> Iterator[Picture]:
    """In the file's order. `decode` of one is to be called before the next is asked for.

    Raises `Unscannable` for a format that is not decoded, and whatever Pillow raises.
    """
    if not image_format.decoded_by:
        raise Unscannable("unsupported_format", image_format.value)
    if image_format is ImageFormat.HEIF:
        yield from heif_pictures(data)
    elif image_format is ImageFormat.ICO:
        yield from _icons(data, limits)
    elif image_format is ImageFormat.TIFF:
        yield from tiff_pictures(data, limits)
    else:
        with Image.open(io.BytesIO(data), formats=image_format.decoded_by) as image:
            yield from _frames(image, data, limits)


def _frames(image: Image.Image, data: bytes, limits: ScanLimits) -> Iterator[Picture]:
    count = getattr(image, "n_frames", 1)
    if count > limits.max_frames:
        # Now, and not after the first few hundred have been decoded.
        raise Unscannable("too_many_frames", str(count))
    for number in range(count):
        if count > 1:
            image.seek(number)
        decode = (
            partial(_of_fewer_levels, image, data)
            if image.format == "JPEG2000"
            else partial(drafted, image, limits.colours)
        )
        yield Picture(_name(image, number), image.size, decode)


def _name(image: Image.Image, number: int) -> str:
    if number == 0 and getattr(image, "default_image", False):
        return "hidden default image"
    return ordinal(number) if image.format == "MPO" else f"frame {number}"


def _of_fewer_levels(image: Image.Image, data: bytes) -> Image.Image:
    """JPEG 2000 keeps a picture in halves of its size (T.800 annex F); only those needed are decoded.

    A file may have fewer of them, which shows only while decoding.
    """
    halvings = (min(image.size) // ENOUGH).bit_length() - 1
    if halvings > 0:
        try:
            setattr(image, "reduce", halvings)  # noqa: B010 - the plug-in calls it as it calls a method of images
            image.load()
        except MemoryError:
            raise
        except Exception:  # noqa: BLE001 - whatever it is, the whole picture is asked for next
            image = Image.open(io.BytesIO(data), formats=("JPEG2000",))
    image.load()
    return image


def _icons(data: bytes, limits: ScanLimits) -> Iterator[Picture]:
    """Entry by entry: of several with one size Pillow would show only the first. Cursors are icons to it.

    The directory may lie about sizes, so those inside the entries are judged.
    """
    (count,) = struct.unpack_from("<H", data, 4)
    if count > limits.max_frames:
        raise Unscannable("too_many_frames", str(count))
    file = IcoImagePlugin.IcoFile(io.BytesIO(_as_icon(data, count) if data.startswith(CURSOR) else data))
    for number, entry in enumerate(file.entry):
        name = f"icon {entry.width}x{entry.height}"
        if data.startswith(b"\x89PNG", entry.offset):
            with Image.open(_from(data, entry.offset), formats=("PNG",)) as image:
                yield Picture(name, image.size, partial(drafted, image, limits.colours))
        else:
            yield Picture(name, _bitmap_size(data, entry.offset), partial(file.frame, number))


def _as_icon(cursor: bytes, count: int) -> bytes:
    """With the depth of each bitmap where a cursor says which of its points clicks."""
    entries = bytearray(cursor[4 : 6 + 16 * count])
    for at in range(2, 2 + 16 * count, 16):
        (start,) = struct.unpack_from("<I", entries, at + 12)
        (depth,) = struct.unpack_from("<H", cursor, start + 14)
        struct.pack_into("<HH", entries, at + 4, 1, depth)
    return b"\x00\x00\x01\x00" + entries + cursor[6 + 16 * count :]


def _from(data: bytes, start: int) -> BinaryIO:
    """Without a copy: a few hundred entries may begin in one large file."""

    def read(offset: int, count: int) -> bytes:
        return data[start + offset : start + offset + count]

    return io.BufferedReader(WindowReader(read, len(data) - start))


def _bitmap_size(data: bytes, at: int) -> tuple[int, int]:
    """Of a BITMAPINFOHEADER in an icon, whose height counts picture and mask."""
    width, height = struct.unpack_from("<ii", data, at + 4)
    return abs(width), abs(height) // 2
