"""Benign pictures, drawn from a seed: hills under a sky, with enough in them for a perceptual hash."""

from __future__ import annotations

import io
import random

from PIL import Image, ImageDraw, ImageFilter

SIZE = (1200, 900)


def landscape(seed: int, size: tuple[int, int] = SIZE) -> Image.Image:
    """The same picture for the same seed; different seeds look different to PDQ."""
    dice = random.Random(seed)  # noqa: S311 - a picture, no secret
    width, height = size
    image = Image.new("RGB", size)
    draw = ImageDraw.Draw(image)
    _sky(draw, dice, width, height)
    for layer in range(4):
        _hills(draw, dice, width, height, layer)
    for _ in range(dice.randint(8, 14)):
        _tree(draw, dice, width, height)
    return image.filter(ImageFilter.GaussianBlur(min(size) / 600))


def jpeg(image: Image.Image, quality: int = 90) -> bytes:
    """`image` as the bytes of a JPEG file."""
    out = io.BytesIO()
    image.save(out, "JPEG", quality=quality)
    return out.getvalue()


def _sky(draw: ImageDraw.ImageDraw, dice: random.Random, width: int, height: int) -> None:
    top, low = _colour(dice, 90, 200), _colour(dice, 180, 255)
    for y in range(height):
        share = y / height
        draw.line([(0, y), (width, y)], fill=_mix(top, low, share))
    radius = height * dice.uniform(0.05, 0.14)
    across, down = width * dice.random(), height * dice.uniform(0.1, 0.4)
    sun = [across - radius, down - radius, across + radius, down + radius]
    draw.ellipse(sun, fill=_colour(dice, 200, 255))


def _hills(draw: ImageDraw.ImageDraw, dice: random.Random, width: int, height: int, layer: int) -> None:
    base = height * (0.35 + 0.15 * layer)
    ridge = [(width * step / 8, base + height * dice.uniform(-0.16, 0.16)) for step in range(9)]
    corners = [(float(width), float(height)), (0.0, float(height))]
    draw.polygon(ridge + corners, fill=_colour(dice, 10, 190 - 30 * layer))


def _tree(draw: ImageDraw.ImageDraw, dice: random.Random, width: int, height: int) -> None:
    x, y = width * dice.random(), height * dice.uniform(0.5, 1.0)
    size = height * dice.uniform(0.05, 0.18)
    draw.rectangle([x - size / 12, y - size / 2, x + size / 12, y], fill=_colour(dice, 0, 60))
    draw.ellipse([x - size / 3, y - size, x + size / 3, y - size / 3], fill=_colour(dice, 0, 230))


def _colour(dice: random.Random, low: int, high: int) -> tuple[int, int, int]:
    return dice.randint(low, high), dice.randint(low, high), dice.randint(low, high)


def _mix(one: tuple[int, int, int], two: tuple[int, int, int], share: float) -> tuple[int, int, int]:
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, two, strict=True))
    return red, green, blue
