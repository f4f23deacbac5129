"""Drawn pictures, harmless and each like no other, and the ways in which copies of them come."""

from __future__ import annotations

import io
import random
from collections.abc import Iterator

from PIL import Image, ImageDraw, ImageFilter

from upload_guard.records import View

SIZE = (480, 360)


def drawing(seed: int, size: tuple[int, int] = SIZE) -> Image.Image:
    """Soft shapes on a slope of colours, RGB: the same for the same seed."""
    rng = random.Random(seed)  # noqa: S311 - no secret, only the same each time
    slope = Image.linear_gradient("L").rotate(rng.choice((0, 90, 180, 270))).resize(size)
    image = Image.merge("RGB", [slope.point(_levels(rng)) for _ in range(3)])
    pen = ImageDraw.Draw(image)
    for _ in range(24):
        left, top = rng.uniform(-0.2, 0.9) * size[0], rng.uniform(-0.2, 0.9) * size[1]
        right, bottom = left + rng.uniform(0.1, 0.5) * size[0], top + rng.uniform(0.1, 0.5) * size[1]
        colour = (rng.randrange(256), rng.randrange(256), rng.randrange(256))
        draw = pen.ellipse if rng.random() < 0.5 else pen.rectangle
        draw((left, top, right, bottom), fill=colour)
    return image.filter(ImageFilter.GaussianBlur(min(size) / 200))


def _levels(rng: random.Random) -> list[int]:
    low, high = rng.randrange(128), rng.randrange(128, 256)
    return [low + (high - low) * level // 255 for level in range(256)]


def view_of(image: Image.Image, name: str = "frame 0") -> View:
    """A view as the sandbox makes them, in grey and in colour."""
    colours = image.convert("RGB")
    return View(name, colours.convert("L"), colours)


def copies(image: Image.Image) -> Iterator[tuple[str, Image.Image]]:
    """The same picture as it gets around: saved anew, smaller, a little lighter; each with its name."""
    for quality in (90, 60):
        yield f"a JPEG of quality {quality}", _saved(image, quality)
    yield "half the size", image.resize((image.width // 2, image.height // 2), Image.Resampling.LANCZOS)
    yield "a little lighter", image.point(lambda level: min(255, level + 8))


def odd_pictures() -> Iterator[tuple[str, Image.Image]]:
    """What strangers send: none of it may make a plug-in fail."""
    for width, height in ((1, 1), (1, 4000), (4000, 1), (33, 3000), (3000, 33)):
        yield (
            f"{width} x {height}",
            drawing(1, (width, height))
            if min(width, height) > 32
            else Image.new("RGB", (width, height), (90, 120, 150)),
        )
    for name, colour in (("black", (0, 0, 0)), ("white", (255, 255, 255)), ("grey", (127, 127, 127))):
        yield f"plain {name}", Image.new("RGB", (64, 64), colour)


def png(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def _saved(image: Image.Image, quality: int) -> Image.Image:
    file = io.BytesIO()
    image.save(file, "JPEG", quality=quality)
    with Image.open(io.BytesIO(file.getvalue())) as again:
        return again.convert("RGB")
