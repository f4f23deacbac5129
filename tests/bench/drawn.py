"""Pictures like photos for benchmarks: noise of every scale, falling off as in photos."""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

Plane = npt.NDArray[np.float32]

# How much fainter the detail of half the size is; photos lie about there.
_FALL = 0.7
_CONTRAST = 45
_COLOUR = 6


@dataclass(frozen=True, slots=True)
class Sample:
    """A file to check: its name, its bytes, and how many bare decodes a check may cost at most."""

    name: str
    data: bytes
    target: float


def photo(size: tuple[int, int], seed: int = 1) -> Image.Image:
    rng = np.random.default_rng(seed)
    luma = _cloud(rng, size, max(size))
    planes = [128 + luma * _CONTRAST / luma.std(), *(128 + _COLOUR * _cloud(rng, size, 64) for _ in range(2))]
    images = [Image.fromarray(plane.clip(0, 255).astype(np.uint8)) for plane in planes]
    return Image.merge("YCbCr", images).convert("RGB")


def _cloud(rng: np.random.Generator, size: tuple[int, int], finest: int) -> Plane:
    """Noise of 4, 8, 16 ... `finest` grains along the longer side, each finer one fainter."""
    total: Plane = np.zeros(size[::-1], np.float32)
    grains, strength = 4, 1.0
    while grains <= finest:
        shape = [max(2, grains * side // max(size) + 1) for side in size[::-1]]
        noise = Image.fromarray(rng.normal(size=shape).astype(np.float32))
        total += strength * np.asarray(noise.resize(size, Image.Resampling.BICUBIC))
        grains, strength = grains * 2, strength * _FALL
    return total


def samples() -> list[Sample]:
    found = []
    for megapixels, size, target in (
        (1, (1152, 864), 4.0),
        (4, (2304, 1728), 1.8),
        (12, (4000, 3000), 1.2),
        (24, (6000, 4000), 1.2),
    ):
        image = photo(size)
        found.append(Sample(f"JPEG {megapixels} MP", written(image, "JPEG", quality=88), target))
        if megapixels == 12:
            progressive = written(image, "JPEG", quality=88, progressive=True)
            found.append(Sample("JPEG 12 MP progressive", progressive, target))
            found.append(Sample("JPEG 12 MP fine", written(image, "JPEG", quality=98), target))
            framed = written(ImageOps.expand(image, 200, (20, 20, 20)), "JPEG", quality=88)
            found.append(Sample("JPEG 12 MP with a border", framed, target))
        if megapixels == 4:
            found.append(Sample("PNG 4 MP", written(image, "PNG"), 1.3))
            found.append(Sample("WebP 4 MP", written(image, "WEBP", quality=85, method=2), 1.3))
    return found


def written(image: Image.Image, name: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, name, **options)
    return out.getvalue()
