"""A PDF raster as a picture: samples, colour space, Decode array and soft mask.

Source: ISO 32000-2, 8.6 (colour spaces), 8.9.5 (image dictionaries), 11.6.5.2 (soft masks).
"""

from __future__ import annotations

import io
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

from upload_guard.containers.pdf_filters import entry, is_true, plain
from upload_guard.errors import Unreadable, Unscannable
from upload_guard.imaging.budget import Budget

_COMPONENTS = {
    "/DeviceGray": 1,
    "/CalGray": 1,
    "/G": 1,
    "/DeviceRGB": 3,
    "/CalRGB": 3,
    "/RGB": 3,
    "/Lab": 3,
    "/DeviceCMYK": 4,
    "/CMYK": 4,
    "/Separation": 1,
    "/Indexed": 1,
    "/I": 1,
}
_MODES = {1: "L", 3: "RGB", 4: "CMYK"}


@dataclass(frozen=True, slots=True)
class Shape:
    """Width and height in pixels, bits a component, components a pixel."""

    width: int
    height: int
    depth: int
    components: int

    @property
    def size(self) -> int:
        """Bytes of all samples; each row starts on a byte."""
        return math.ceil(self.width * self.components * self.depth / 8) * self.height


def shape(values: Any, budget: Budget) -> Shape:
    """As the image dictionary says. Raises `Unscannable` for a size over the limits, before it is decoded."""
    width, height = entry(values, "/Width", "/W"), entry(values, "/Height", "/H")
    mask = is_true(entry(values, "/ImageMask", "/IM"))
    depth = 1 if mask else entry(values, "/BitsPerComponent", "/BPC") or 8
    if not (isinstance(width, int) and isinstance(height, int) and width > 0 and height > 0):
        raise Unscannable("undecodable", "a raster without a size")
    if depth not in {1, 2, 4, 8, 16}:
        raise Unscannable("undecodable", f"{depth} bits a component")
    if width * height > budget.limits.max_pixels:
        raise Unscannable("too_many_pixels", f"{width}x{height}")
    return Shape(width, height, int(depth), 1 if mask else components(entry(values, "/ColorSpace", "/CS")))


def components(space: Any) -> int:
    """How many numbers a pixel has; 0 for a space that is not told here, such as a name of the page's."""
    kind, rest = _space(space)
    if kind == "/ICCBased":
        return int(entry(plain(rest[0]), "/N") or 0) if rest else 0
    if kind == "/DeviceN":
        return len(plain(rest[0])) if rest else 0
    return _COMPONENTS.get(kind, 0)


def _space(space: Any) -> tuple[str, list[Any]]:
    if isinstance(space, list) and space:
        return str(plain(space[0])), list(space[1:])
    return str(space), []


def picture(values: Any, data: bytes, form: Shape) -> Image.Image:
    """The raster as a Pillow image. Rows that are missing stay empty, as viewers leave them."""
    if not form.components:
        form = _guessed(form, len(data))
    samples = _samples(data, form)
    space = entry(values, "/ColorSpace", "/CS")
    kind, rest = _space(space)
    if kind in {"/Indexed", "/I"} and len(rest) >= 3:
        return _indexed(samples[:, :, 0], form, rest)
    scaled = _scaled(samples, form.depth)
    if inverted(values, form.depth) != (kind in {"/Separation", "/DeviceN"} and form.components != 4):
        scaled = 255 - scaled
    return _image(scaled, "LAB" if kind == "/Lab" else "")


def _guessed(form: Shape, length: int) -> Shape:
    """Components by the length of the data, where the colour space is not told."""
    for count in (4, 3, 1):
        guess = Shape(form.width, form.height, form.depth, count)
        if guess.size <= length:
            return guess
    return Shape(form.width, form.height, form.depth, 1)


def _samples(data: bytes, form: Shape) -> npt.NDArray[np.uint16]:
    """Height x width x components, as the numbers stand in the file."""
    row = form.width * form.components
    if form.size > _MOST:
        raise Unscannable("too_many_pixels", f"{form.width}x{form.height}")
    raw = np.frombuffer(data[: form.size].ljust(form.size, b"\0"), np.uint8).reshape(form.height, -1)
    if form.depth == 16:
        values = raw[:, ::2].astype(np.uint16)
    elif form.depth == 8:
        values = raw.astype(np.uint16)
    else:
        bits = np.unpackbits(raw, axis=1)
        bits = bits[:, : bits.shape[1] // form.depth * form.depth].reshape(form.height, -1, form.depth)
        weights = (1 << np.arange(form.depth)[::-1]).astype(np.uint16)
        values = (bits * weights).sum(axis=2, dtype=np.uint16)
    return values[:, :row].reshape(form.height, form.width, form.components)


_MOST = 1 << 29


def _scaled(samples: npt.NDArray[np.uint16], depth: int) -> npt.NDArray[np.uint8]:
    """To 0..255; of 16 bits only the upper eight were kept."""
    if depth >= 8:
        return samples.astype(np.uint8)
    return (samples * (255 // ((1 << depth) - 1))).astype(np.uint8)


def inverted(values: Any, depth: int) -> bool:
    """Whether the Decode array turns the first component round."""
    bounds = entry(values, "/Decode", "/D")
    if not isinstance(bounds, list) or len(bounds) < 2 or depth > 16:
        return False
    return float(plain(bounds[0])) > float(plain(bounds[1]))


def negative(data: bytes, form: Shape) -> bytes:
    """The image file that is embedded as its Decode array shows it. Raises what Pillow raises.

    Raises `Unscannable` where the file is larger than its dictionary says, by which it was judged.
    """
    with Image.open(io.BytesIO(data), formats=("JPEG", "JPEG2000")) as image:
        if image.width * image.height > form.width * form.height:
            raise Unscannable("too_many_pixels", f"{image.width}x{image.height}")
        return as_file(ImageOps.invert(image.convert("L")), None)


def _indexed(numbers: npt.NDArray[np.uint16], form: Shape, rest: list[Any]) -> Image.Image:
    """Through the table of an Indexed space (8.6.6.3), which is a string or a stream."""
    count = components(plain(rest[0])) or 3
    table = plain(rest[2])
    raw = table.get_data() if hasattr(table, "get_data") else _bytes(table)
    colours = np.zeros((1 << min(form.depth, 8), count), np.uint8)
    given = np.frombuffer(raw[: len(raw) // count * count], np.uint8).reshape(-1, count)[: len(colours)]
    colours[: len(given)] = given
    return _image(colours[numbers], "")


def _bytes(text: Any) -> bytes:
    """A PDF string's own bytes; pypdf may have read it as text."""
    if isinstance(text, bytes):
        return text
    original = getattr(text, "original_bytes", None)
    return original if isinstance(original, bytes) else str(text).encode("latin-1", "replace")


def _image(samples: npt.NDArray[np.uint8], mode: str) -> Image.Image:
    height, width, count = samples.shape
    if count not in _MODES:
        samples, count = samples[:, :, :1], 1
    return Image.frombytes(mode or _MODES[count], (width, height), np.ascontiguousarray(samples).tobytes())


def as_file(image: Image.Image, alpha: Image.Image | None) -> bytes:
    """As an uncompressed TIFF, which costs no compression, with a soft mask as its alpha channel."""
    if alpha is not None:
        image = image.convert("L" if image.mode == "L" else "RGB")
        image.putalpha(alpha.convert("L").resize(image.size))
    out = io.BytesIO()
    if image.mode == "LA":
        image = image.convert("RGBA")
    image.save(out, "TIFF")
    return out.getvalue()


def unmasked(values: Any, data: bytes, budget: Budget) -> Image.Image | None:
    """The soft mask whose decoded samples are `data`, or None where it is out of the ordinary."""
    try:
        return picture(values, data, shape(values, budget)).convert("L")
    except (Unscannable, Unreadable):
        return None
