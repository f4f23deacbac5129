"""A glimpse as a picture: grey, blurred, of at most 96 pixels each way, without any metadata.

The blur is not what protects: a picture of step n holds what `_SAMPLES` samples each way hold, and a client
that undoes the blur finds just those.
"""

from __future__ import annotations

import io

from PIL import Image, ImageFilter

from upload_guard.records import GLIMPSE_SIDE, Glimpse

SIDE = 96
"""Pixels on the longer side."""
_SAMPLES = {1: 8, 2: 16, 3: GLIMPSE_SIDE}
LAST_STEP = max(_SAMPLES)


def blurred(glimpse: Glimpse, step: int) -> bytes:
    """`glimpse` as a PNG file: step 1 shows the least, `LAST_STEP` the most."""
    coarse = _fewer(glimpse, _SAMPLES[step])
    smooth = coarse.resize(_fitted(coarse.size, SIDE), Image.Resampling.BICUBIC)
    cell = SIDE / max(coarse.size)
    out = io.BytesIO()
    smooth.filter(ImageFilter.GaussianBlur(cell / 2)).save(out, "PNG")
    return out.getvalue()


def _fewer(glimpse: Glimpse, most: int) -> Image.Image:
    image = Image.frombytes("L", (glimpse.width, glimpse.height), glimpse.samples)
    if max(image.size) <= most:
        return image
    return image.resize(_fitted(image.size, most), Image.Resampling.BOX)


def _fitted(size: tuple[int, int], longer: int) -> tuple[int, int]:
    width, height = (max(1, round(side * longer / max(size))) for side in size)
    return width, height
