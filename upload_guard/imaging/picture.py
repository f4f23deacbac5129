"""One picture of a file before it is decoded, so that its size can be judged first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PIL import Image

ENOUGH = 768
"""Pixels on the shorter side that the hashes need: the least at which a smaller decode moves PDQ by at most
10 of 256 bits, the published bound between implementations (measured on 149 photos: 2.4 in the mean)."""


def drafted(image: Image.Image, colours: bool) -> Image.Image:
    """The picture decoded: of a JPEG only the luma unless `colours`, and only as large as needed.

    libjpeg does both for less than a full decode. The luma is the same either way.
    """
    if image.format in {"JPEG", "MPO"}:
        image.draft(_draft_mode(image) if colours else "L", (ENOUGH, ENOUGH))
    image.load()
    return image


def _draft_mode(image: Image.Image) -> str | None:
    # libjpeg makes no YCbCr of what is stored as RGB: Adobe's transform 0, or components of those names.
    names = bytes(component[0] for component in getattr(image, "layer", ()))
    stored_as_rgb = image.info.get("adobe_transform") == 0 or names == b"RGB"
    return image.mode if stored_as_rgb else "YCbCr"


@dataclass(frozen=True, slots=True)
class Picture:
    """`size` is announced, in pixels. `optional` is a thumbnail: where it is broken, the file is not.

    `remark` is what is then said of it.
    """

    name: str
    size: tuple[int, int]
    decode: Callable[[], Image.Image]
    optional: bool = False
    remark: str = "broken"


def ordinal(number: int) -> str:
    """The name of picture `number`, from 0, in a file of several that are not frames of a film."""
    if number == 0:
        return "frame 0"
    words = ("second", "third", "fourth", "fifth")
    return f"{words[number - 1]} image" if number <= len(words) else f"image {number + 1}"
