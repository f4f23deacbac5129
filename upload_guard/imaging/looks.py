"""How a decoded picture may look, in 8-bit grey: on white, on black, without its transparency.

Grey is luma as PDQ's reference weighs it (ITU-R 601).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image


def looks(image: Image.Image) -> Iterator[tuple[str, Image.Image]]:
    """Name of the look, empty for the usual one, and the grey picture.

    A page may be white or black, some programs ignore transparency, and a picture may be drawn in nothing
    but transparency.
    """
    if image.mode[0] in "IF":
        yield "", Image.fromarray(_to_eight_bits(np.asarray(image)))
        return
    if not _has_alpha(image):
        yield "", _grey(image)
        return
    colours, alpha = _split(image)
    if alpha.getextrema() == (255, 255):
        yield "", colours
        return
    yield "", Image.composite(colours, Image.new("L", image.size, 255), alpha)
    yield "on black", Image.composite(colours, Image.new("L", image.size, 0), alpha)
    yield "without alpha", colours
    yield "alpha", alpha


def in_colour(image: Image.Image, look: str, grey: Image.Image) -> Image.Image:
    """The same look of `image` in RGB, of the size of `grey`, which may be reduced.

    Strip by strip, so that a large picture is not held in colour a second time.
    """
    if look == "alpha" or image.mode[0] in "IF" or image.mode in {"1", "L"}:
        return grey.convert("RGB")
    factor = max(1, round(image.width / grey.width))
    found = Image.new("RGB", grey.size)
    step = factor * _ROWS
    for top in range(0, image.height, step):
        strip = image.crop((0, top, image.width, min(top + step, image.height)))
        coloured = _coloured(strip, look)
        found.paste(coloured.reduce(factor) if factor > 1 else coloured, (0, top // factor))
    return found


def _coloured(image: Image.Image, look: str) -> Image.Image:
    if look == "without alpha" or not _has_alpha(image):
        return image.convert("RGB")
    full = (image.convert("LA") if image.mode == "La" else image).convert("RGBA")
    page = Image.new("RGBA", image.size, "black" if look == "on black" else "white")
    return Image.alpha_composite(page, full).convert("RGB")


def is_opaque(image: Image.Image) -> bool:
    """Whether its grey is a plain sum of its colours, so that averaging may as well come first."""
    return image.mode in {"L", "RGB", "YCbCr"} and not _has_alpha(image)


def _has_alpha(image: Image.Image) -> bool:
    return image.mode in {"RGBA", "LA", "PA", "RGBa", "La"} or "transparency" in image.info


def _split(image: Image.Image) -> tuple[Image.Image, Image.Image]:
    """Colours as they are stored, also where nothing shows of them, and the alpha channel."""
    full = image if image.mode in {"RGBA", "LA"} else image.convert("LA" if image.mode == "La" else "RGBA")
    return full.convert("L"), full.getchannel("A")


def _grey(image: Image.Image) -> Image.Image:
    if image.mode in {"L", "RGB", "YCbCr", "1"}:
        return image.convert("L")
    return image.convert("RGB").convert("L")


def _to_eight_bits(samples: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    """Deep samples in the range that their largest value fits: 1, 8 bits, 16 bits, else their own.

    Pillow's own conversion clips at 255, which moves the hash by half its bits.
    """
    if samples.dtype.kind == "f":
        samples = np.nan_to_num(samples, nan=0.0, posinf=0.0, neginf=0.0)
    low, high = float(samples.min()), float(samples.max())
    if low < 0 or high > _DEPTHS[-1]:
        scale = 255 / max(high - low, 1.0)
    else:
        low, scale = 0.0, 255 / next(depth for depth in _DEPTHS if high <= depth)
    scaled = np.empty(samples.shape, np.uint8)
    # A camera's picture would be eight times as large in between.
    for top in range(0, len(samples), _ROWS):
        scaled[top : top + _ROWS] = (samples[top : top + _ROWS].astype(np.float64) - low) * scale
    return scaled


_DEPTHS = (1.0, 255.0, 65535.0)
_ROWS = 256
