"""Whether two files show one artwork, told by their pixels; and copies of one, as they are passed on."""

from __future__ import annotations

import io
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

Thumb = npt.NDArray[np.float32]

SAME = 8.0
"""Steps of 255 by which two files of one artwork differ at most, on average."""
_SIDE = 48
_ENOUGH = (512, 512)
_LEAST_COPY = 64


def difference(one: Path, two: Path) -> float:
    """Average of steps of 255: in colour, trimmed, at one size, mirrored and turned as they are most alike.

    On white and on black; the worse counts.
    """
    pairs = zip(_thumbs(one), _thumbs(two), strict=True)
    return max(min(float(np.abs(a - b).mean()) for b in _positions(thumb)) for a, thumb in pairs)


@cache
def _thumbs(file: Path) -> tuple[Thumb, Thumb]:
    full = _reduced(file)
    shown = full.getchannel("A").point([255 * (alpha > 16) for alpha in range(256)]).getbbox()
    full = full.crop(shown).resize((_SIDE, _SIDE), Image.Resampling.BOX)
    white, black = (np.asarray(_on(ground, full), np.float32) for ground in ("white", "black"))
    return white, black


def _reduced(file: Path) -> Image.Image:
    with Image.open(file) as image:
        image.thumbnail(_ENOUGH)
        return image.convert("RGBA")


def _on(ground: str, image: Image.Image) -> Image.Image:
    return Image.alpha_composite(Image.new("RGBA", image.size, ground), image).convert("RGB")


def _positions(thumb: Thumb) -> Iterator[Thumb]:
    for turns in range(4):
        turned = np.rot90(thumb, turns)
        yield turned
        yield turned[:, ::-1]


def copy_of(file: Path) -> bytes:
    """Half of 512 pixels at most, and not below 64, on white, as a JPEG of quality 60."""
    flat = _on("white", _reduced(file))
    factor = max(0.5, min(1.0, _LEAST_COPY / min(flat.size)))
    out = io.BytesIO()
    width, height = (max(1, round(side * factor)) for side in flat.size)
    flat.resize((width, height)).save(out, "JPEG", quality=60)
    return out.getvalue()
