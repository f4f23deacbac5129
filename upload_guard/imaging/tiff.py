"""The pictures of a TIFF, and of the camera raw files that are made like one (DNG, NEF, CR2, ARW, PEF).

Sources: TIFF 6.0, sections 2 to 8 and 22 (JPEG); TIFF Technical Notes 1 (SubIFDs) and 2 (JPEG); DNG 1.7.1.
A raw file holds the numbers of a sensor, which no viewer shows as they are, and pictures made of them, which
all viewers show. What says to be a sensor's is decoded like anything else, under the label of a common
picture if need be: a label is easily made up. Only what then cannot be decoded is let go, and said.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Callable, Iterator
from functools import partial

from PIL import (
    Image,
    TiffImagePlugin,  # noqa: F401 - Pillow would import it later
    UnidentifiedImageError,
)

from upload_guard.errors import Unscannable
from upload_guard.imaging.bounds import check_scans
from upload_guard.imaging.budget import ScanLimits
from upload_guard.imaging.ifds import (
    THUMBNAIL_LENGTH,
    THUMBNAIL_OFFSET,
    Directory,
    directories,
    sub_directories,
)
from upload_guard.imaging.jpeg import frame_of
from upload_guard.imaging.picture import ENOUGH, Picture
from upload_guard.spans import WindowReader

_WIDTH, _HEIGHT, _COMPRESSION, _PHOTOMETRIC, _SAMPLES = 0x0100, 0x0101, 0x0103, 0x0106, 0x0115
_STRIPS, _STRIP_SIZES, _TILES = 0x0111, 0x0117, 0x0144
_OLD_JPEG, _JPEG = 6, 7

# Colour filter array, linear raw (DNG), depth and masks (DNG 1.5 and 1.6).
_RAW_PHOTOMETRICS = {32803, 34892, 51177, 52527}
# Sony, packed and Nikon's, Samsung, Kodak, DNG's own JPEG, JPEG XL in DNG, Pentax.
_RAW_COMPRESSIONS = {32767, 32769, 32770, 32867, 34713, 34892, 52546, 65000, 65535}
_LOSSY_DNG = 34892
_RAW = "raw sensor data not decoded"
# The shorter side of a preview that stands for a raw file. The thumbnails of all makers are larger.
_PREVIEW = 64


def tiff_pictures(data: bytes, limits: ScanLimits) -> Iterator[Picture]:
    """Each page in the order of the chain, then the sub-directories, with the JPEG files that they name.

    Raises `Unscannable` for loops, for more directories than frames are allowed, for a chain that is cut, and
    if all that there is is raw data; and whatever Pillow raises for a page that is nobody's raw data.
    """
    yield from _Tiff(data, limits).pictures()


Opening = Callable[[], Image.Image]
"""Gives a page whose head is read and whose samples are not."""


class _Tiff:
    def __init__(self, data: bytes, limits: ScanLimits) -> None:
        self._data = data
        self._most = limits.max_frames
        self._chain: Image.Image | None = None
        self._decoded = False
        self._preview = False
        self._raw = False

    def pictures(self) -> Iterator[Picture]:
        chain = list(directories(self._data))
        if not chain:
            raise Unscannable("undecodable", "no directory")
        subs = list(sub_directories(self._data, chain))
        if len(chain) + len(subs) > self._most:
            # Now, and not after the first few hundred have been decoded.
            raise Unscannable("too_many_frames", str(len(chain) + len(subs)))
        for number, directory in enumerate(chain):
            yield from self._page(directory, f"frame {number}", number)
        for number, directory in enumerate(subs, 1):
            if _has_samples(directory) or THUMBNAIL_OFFSET in directory.tags:
                yield from self._page(directory, f"sub-picture {number}")
        if chain[-1].following:
            raise Unscannable("truncated", "the last directory names another")
        if not self._decoded or (self._raw and not self._preview):
            raise Unscannable("unsupported_format" if self._raw else "undecodable", "no picture in it")

    def _page(self, directory: Directory, name: str, number: int = -1) -> Iterator[Picture]:
        """`number` is its place in the chain."""
        named = self._named_jpeg(directory)
        if named:
            title = "thumbnail" if number == 1 else f"preview of {name}"
            yield self._picture(title, [named], optional=True)
        if _has_samples(directory) or not named:
            yield self._samples(directory, name, number, named)

    def _named_jpeg(self, directory: Directory) -> Opening | None:
        if THUMBNAIL_OFFSET not in directory.tags:
            return None
        data = self._data[directory.tags[THUMBNAIL_OFFSET] :][: directory.tags.get(THUMBNAIL_LENGTH) or None]
        return partial(_jpeg, data)

    def _samples(self, directory: Directory, name: str, number: int, named: Opening | None) -> Picture:
        """The page as Pillow reads it; else under a common label; else as the JPEG file that it keeps."""
        ways: list[Opening] = [partial(self._open, directory, number)]
        patches = _common_labels(directory)
        if patches:
            ways.append(partial(_relabelled, self._data, directory, patches))
        strip = self._jpeg_strip(directory)
        if strip:
            ways.append(partial(_jpeg, strip))
        if named and directory.tags.get(_COMPRESSION) == _OLD_JPEG:
            ways.append(named)
        if _says_raw(directory) or _is_lossless(strip):
            return self._picture(name, ways, optional=True, remark=_RAW)
        return self._picture(name, ways)

    def _picture(
        self, name: str, ways: list[Opening], optional: bool = False, remark: str = "broken"
    ) -> Picture:
        opened: list[Image.Image] = []
        fault: Exception = Unscannable("undecodable", name)
        for way in reversed(ways):
            try:
                opened.insert(0, way())
            except (MemoryError, Unscannable, Image.DecompressionBombError):
                raise
            except Exception as error:  # noqa: BLE001 - another way may do; else it is raised when decoded
                fault = error
        size = max((image.size for image in opened), key=lambda size: size[0] * size[1], default=(0, 0))
        decode = partial(self._first_decoded, opened, fault, raw=remark == _RAW)
        return Picture(name, size, decode, optional, remark)

    def _first_decoded(self, opened: list[Image.Image], fault: Exception, raw: bool) -> Image.Image:
        for image in opened:
            try:
                found = _decoded(image)
            except MemoryError:
                raise
            except Exception as error:  # noqa: BLE001 - as above
                fault = error
                continue
            self._decoded = True
            self._preview = self._preview or min(found.size) >= _PREVIEW
            return found
        self._raw = self._raw or raw
        raise fault

    def _open(self, directory: Directory, number: int) -> Image.Image:
        """Pages of the chain in one open file; for others Pillow is shown a file that begins with them."""
        if number < 0:
            return _relabelled(self._data, directory, {})
        if self._chain is None:
            try:
                self._chain = Image.open(io.BytesIO(self._data), formats=("TIFF",))
            except UnidentifiedImageError:
                return _relabelled(self._data, directory, {})
        self._chain.seek(number)
        return self._chain

    def _jpeg_strip(self, directory: Directory) -> bytes:
        """The page's one strip, if that is a JPEG file."""
        if directory.tags.get(_COMPRESSION) not in {_OLD_JPEG, _JPEG}:
            return b""
        starts = directory.numbers(self._data, _STRIPS, self._most)
        if len(starts) != 1:
            return b""
        sizes = directory.numbers(self._data, _STRIP_SIZES, self._most)
        strip = self._data[starts[0] :][: sizes[0] if sizes else None]
        return strip if strip.startswith(b"\xff\xd8\xff") else b""


def _has_samples(directory: Directory) -> bool:
    tags = directory.tags.keys()
    return {_WIDTH, _HEIGHT} <= tags and bool({_STRIPS, _TILES} & tags)


def _says_raw(directory: Directory) -> bool:
    """Only where every reader understands it so: one entry of one value, in a type that all take."""
    return (
        _one(directory, _PHOTOMETRIC) in _RAW_PHOTOMETRICS
        or _one(directory, _COMPRESSION) in _RAW_COMPRESSIONS
    )


def _one(directory: Directory, tag: int) -> int:
    fields = directory.named(tag)
    plain = len(fields) == 1 and fields[0].count == 1 and fields[0].kind in {_SHORT, _LONG}
    return directory.tags[tag] if plain else 0


_SHORT, _LONG = 3, 4


def _is_lossless(strip: bytes) -> bool:
    """Whether it is a JPEG of the kind that cameras keep the numbers of a sensor in, and no viewer opens."""
    frame = frame_of(lambda at, count: strip[at : at + count])
    return frame is not None and frame.lossless and not frame.shown


def _common_labels(directory: Directory) -> dict[int, bytes]:
    """What to write where, for a page with a raw label to read as the common kind that it is most like."""
    new: dict[int, int] = {}
    if directory.tags.get(_COMPRESSION) == _LOSSY_DNG:
        new[_COMPRESSION] = _JPEG
    jpeg = new.get(_COMPRESSION, directory.tags.get(_COMPRESSION)) == _JPEG
    colours = {3: _YCBCR if jpeg else _RGB, 4: _CMYK}.get(directory.tags.get(_SAMPLES, 1), _GREY)
    # A file may name a tag twice; readers disagree on which counts, so all say the same.
    if directory.tags.get(_PHOTOMETRIC) in _RAW_PHOTOMETRICS:
        new[_PHOTOMETRIC] = colours
    return {
        field.value_at: struct.pack(directory.order + ("H" if field.kind == _SHORT else "I"), value)
        for tag, value in new.items()
        for field in directory.named(tag)
    }


_GREY, _RGB, _CMYK, _YCBCR = 1, 2, 5, 6


def _relabelled(data: bytes, directory: Directory, patches: dict[int, bytes]) -> Image.Image:
    """The page of `directory` as the first of a file that says `patches` by offset, without a copy."""
    first = (
        {8: struct.pack(directory.order + "Q", directory.at)}
        if directory.big
        else {4: struct.pack(directory.order + "I", directory.at)}
    )
    changes = {
        at + spot: value for at, patch in (patches | first).items() for spot, value in enumerate(patch)
    }

    def read(offset: int, count: int) -> bytes:
        block = data[offset : offset + count]
        touched = [at for at in changes if offset <= at < offset + len(block)]
        if not touched:
            return block
        changed = bytearray(block)
        for at in touched:
            changed[at - offset] = changes[at]
        return bytes(changed)

    return Image.open(io.BufferedReader(WindowReader(read, len(data))), formats=("TIFF",))


def _jpeg(data: bytes) -> Image.Image:
    check_scans(data)
    return Image.open(io.BytesIO(data + _END_OF_JPEG), formats=("JPEG",))


_END_OF_JPEG = b"\xff\xd9"


def _decoded(image: Image.Image) -> Image.Image:
    if image.format != "TIFF":
        image.draft("L", (ENOUGH, ENOUGH))
    image.load()
    return image
