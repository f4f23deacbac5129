"""Draws upload_guard/canary.png, the harmless picture by which `upload-guard doctor` proves detection.

Run it only to see that nothing else is in the picture: the file's SHA-256 is what every installation knows,
so a file written anew by another Pillow would be another canary. tests/test_canary.py compares the pixels.
"""

from __future__ import annotations

import sys
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont
from PIL.PngImagePlugin import PngInfo

SIZE = (400, 300)
_SKY, _FELT, _YELLOW, _WING = (196, 222, 240), (40, 78, 60), (250, 210, 40), (214, 160, 20)
_DARK, _BEAK, _LEG, _WHITE = (24, 24, 28), (236, 120, 30), (150, 80, 40), (255, 255, 255)


def canary() -> Image.Image:
    """A yellow bird on a perch before bars, and a line that says what it is."""
    image = Image.new("RGB", SIZE, _SKY)
    draw = ImageDraw.Draw(image)
    for at in range(12, 400, 44):
        draw.line([(at, 0), (at, 236)], fill=(150, 160, 172), width=4)
    draw.rectangle([0, 0, 400, 14], fill=(96, 104, 116))
    draw.rectangle([0, 176, 400, 188], fill=(122, 78, 44))
    draw.polygon([(86, 196), (150, 126), (176, 150), (112, 220)], fill=_WING)
    draw.ellipse([126, 78, 262, 182], fill=_YELLOW)
    draw.ellipse([214, 34, 300, 118], fill=_YELLOW)
    draw.pieslice([140, 92, 236, 184], 150, 350, fill=_WING)
    draw.polygon([(292, 66), (334, 80), (290, 92)], fill=_BEAK)
    draw.ellipse([258, 56, 276, 74], fill=_DARK)
    draw.ellipse([262, 59, 268, 65], fill=_WHITE)
    for at in (176, 206):
        draw.line([(at, 172), (at + 8, 188)], fill=_LEG, width=6)
    draw.rectangle([0, 236, 400, 300], fill=_FELT)
    draw.text((14, 242), "upload_guard canary", fill=_WHITE, font=ImageFont.load_default(26))
    draw.text(
        (14, 276),
        "A harmless test picture. It should be refused.",
        fill=_YELLOW,
        font=ImageFont.load_default(15),
    )
    return image


def main() -> None:
    """Write the picture to the file that is named."""
    said = PngInfo()
    said.add_text(
        "Comment", "The canary of upload_guard: a harmless, drawn picture to test a chain of checks with."
    )
    canary().save(Path(sys.argv[1]), "PNG", optimize=True, pnginfo=said)


if __name__ == "__main__":
    main()
