"""Innocent pictures, new ones each time, in the formats that uploads come in."""

from __future__ import annotations

import io
import secrets
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from upload_guard.demo.pictures import landscape
from upload_guard.imaging.pdq import pdq

_SIZE = (640, 480)


@dataclass(frozen=True, slots=True)
class Innocent:
    """A drawn landscape with a random text in it, so that no list and no cache can know it."""

    image: Image.Image

    @classmethod
    def draw(cls) -> Innocent:
        image = landscape(secrets.randbelow(1 << 32), _SIZE)
        text = f"upload_guard doctor {secrets.token_hex(8)}"
        ImageDraw.Draw(image).text((12, 12), text, fill=(255, 255, 255), font=ImageFont.load_default(22))
        return cls(image)

    @property
    def look(self) -> bytes:
        """Its PDQ hash."""
        return pdq(np.asarray(self.image.convert("L"))).value

    def encoded(self, file_format: str) -> bytes:
        """A file of it. Raises `ValueError` or `OSError` where this installation cannot write the format."""
        return _WRITERS[file_format](self.image)


def _by_pillow(file_format: str) -> Callable[[Image.Image], bytes]:
    def write(image: Image.Image) -> bytes:
        out = io.BytesIO()
        try:
            image.save(out, file_format)
        except KeyError:
            raise ValueError(f"this Pillow does not know {file_format}") from None
        return out.getvalue()

    return write


def _heic(image: Image.Image) -> bytes:
    try:
        import pillow_heif
    except ImportError:
        raise ValueError("pillow-heif is not installed") from None
    out = io.BytesIO()
    pillow_heif.from_pillow(image).save(out, quality=90)
    return out.getvalue()


_WRITERS = {
    "JPEG": _by_pillow("JPEG"),
    "PNG": _by_pillow("PNG"),
    "WebP": _by_pillow("WEBP"),
    "AVIF": _by_pillow("AVIF"),
    "HEIC": _heic,
}
FORMATS = tuple(_WRITERS)
