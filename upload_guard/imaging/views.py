"""The views of an image: every picture that a viewer could show of it, as 8-bit grey.

Decoding runs under limits and any exception out of a decoder means `Unscannable`: on odd files Pillow
raises a dozen unrelated classes, TypeError and struct.error among them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import BinaryIO

import numpy as np
import numpy.typing as npt
from PIL import Image, UnidentifiedImageError
from PIL.IcoImagePlugin import IcoImageFile

from upload_guard.errors import Unscannable
from upload_guard.imaging.budget import Budget
from upload_guard.imaging.formats import ImageFormat
from upload_guard.records import View

# As many pixels on the shorter side as PDQ and the perceptual hashes need; by measurement 1024 moves PDQ by
# at most 10 of 256 bits, the published bound between implementations.
_ENOUGH = 1024


def views(stream: BinaryIO, image_format: ImageFormat, budget: Budget) -> Iterator[View]:
    """Each frame or page in turn, composed on white where it is transparent.

    Raises `Unscannable` for a format that is not decoded, for what is over the limits (never a sample of
    it: that would be a silent miss) and for what is truncated or broken, at the frame where that shows.
    """
    if not image_format.decoded_by:
        raise Unscannable("unsupported_format", image_format.value)
    try:
        with Image.open(stream, formats=image_format.decoded_by) as image:
            yield from _views(image, budget)
    except Unscannable:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise Unscannable("too_many_pixels", str(error)) from error
    except UnidentifiedImageError as error:
        raise Unscannable("undecodable", "the decoder does not know it") from error
    except Exception as error:
        reason = "truncated" if "truncated" in str(error).lower() else "undecodable"
        raise Unscannable(reason, f"{type(error).__name__}: {error}") from error


def _views(image: Image.Image, budget: Budget) -> Iterator[View]:
    for name, size, decode in _pictures(image):
        budget.take_picture(name, size)
        yield View(name, _luma(_reduced(decode())))


_Picture = tuple[str, tuple[int, int], Callable[[], Image.Image]]


def _pictures(image: Image.Image) -> Iterator[_Picture]:
    """Name and size of each picture in a file, and how to decode it, so that its size is judged first."""
    if isinstance(image, IcoImageFile):
        for size in sorted(image.ico.sizes()):
            yield f"icon {size[0]}x{size[1]}", size, partial(image.ico.getimage, size)
        return
    count = getattr(image, "n_frames", 1)
    for number in range(count):
        if count > 1:
            image.seek(number)
        elif image.format == "JPEG":
            image.draft(None, (_ENOUGH, _ENOUGH))
        yield f"frame {number}", image.size, lambda: image


def _reduced(image: Image.Image) -> Image.Image:
    """At a whole fraction of its size, where that still has all that the hashes look at."""
    factor = min(image.size) // _ENOUGH
    if factor < 2 or image.mode not in {"L", "LA", "RGB", "RGBA", "CMYK", "YCbCr"}:
        return image
    return image.reduce(factor)


def _luma(image: Image.Image) -> Image.Image:
    """Grey as PDQ's reference weighs it (ITU-R 601), transparent parts on white."""
    if image.mode[0] in "IF":
        return Image.fromarray(_to_eight_bits(np.asarray(image, np.float64)))
    if image.mode in {"RGBA", "LA", "PA", "RGBa", "La"} or "transparency" in image.info:
        opaque = Image.new("RGBA", image.size, "white")
        opaque.alpha_composite(image.convert("RGBA"))
        return opaque.convert("L")
    if image.mode in {"L", "RGB", "YCbCr", "1"}:
        return image.convert("L")
    return image.convert("RGB").convert("L")


def _to_eight_bits(samples: npt.NDArray[np.float64]) -> npt.NDArray[np.uint8]:
    """Deep samples in the range that their largest value fits: 1, 8 bits, 16 bits, else their own.

    Pillow's own conversion clips at 255, which moves the hash by half its bits.
    """
    low, high = float(samples.min()), float(samples.max())
    if low < 0 or high > _DEPTHS[-1]:
        return ((samples - low) * (255 / max(high - low, 1.0))).astype(np.uint8)
    depth = next(depth for depth in _DEPTHS if high <= depth)
    return (samples * (255 / depth)).astype(np.uint8)


_DEPTHS = (1.0, 255.0, 65535.0)
