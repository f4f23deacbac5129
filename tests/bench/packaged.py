"""Pictures that people really have, by kind, out of Debian's packages: each artwork once.

What is listed and what is checked come from different packages, or (clip art) from different shelves of one.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from tests.debian import CACHE, pictures_of

# Smaller pictures have no perceptual hash: they could only make shares look better.
_LEAST_SIDE = 32
_HUGE = (1 << 14, 1 << 14)
_SIZE = re.compile(r"\d+x\d+")


@dataclass(frozen=True, slots=True)
class Shelf:
    """Pictures of a package: those below any of the folders `under`, or all of them."""

    package: str
    under: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Kind:
    """Pictures of one kind; `name` can be that of a list."""

    name: str
    shelves: tuple[Shelf, ...]

    def files(self) -> list[Path]:
        return [file for shelf in self.shelves for file in _largest_of_each(shelf)]

    def some(self, most: int) -> list[Path]:
        """Of `most` files at most, evenly chosen."""
        files = self.files()
        return files[:: -(-len(files) // most)]


_CLIP_ART = "openclipart-png"

LISTED = (
    Kind(
        "photographs",
        (
            Shelf("mate-backgrounds"),
            Shelf("plasma-workspace-wallpapers", ("images", "images_dark")),
            Shelf("kphotoalbum", ("demo",)),
        ),
    ),
    Kind("cut-outs", (Shelf("tuxpaint-stamps-default"),)),
    Kind("icons", (Shelf("oxygen-icon-theme"),)),
    Kind(
        "clip-art",
        (
            Shelf(
                _CLIP_ART,
                ("animals", "education", "electronics", "food", "people", "special", "transportation"),
            ),
        ),
    ),
)

CHECKED = (
    Kind(
        "photographs",
        (
            Shelf("gnome-backgrounds"),
            Shelf("lomiri-wallpapers-16.04"),
            Shelf("lomiri-wallpapers-20.04"),
            Shelf("propaganda-debian"),
            Shelf("sway-backgrounds"),
            Shelf("ukui-wallpapers"),
            Shelf("stellarium-data", ("nebulae", "landscapes")),
        ),
    ),
    Kind("screenshots", (Shelf("gimp-help-en", ("images",)), Shelf("kstars-data", ("en",)))),
    Kind("icons", (Shelf("gnome-icon-theme"), Shelf("tango-icon-theme"), Shelf("faenza-icon-theme"))),
    Kind("shapes", (Shelf(_CLIP_ART, ("shapes",)),)),
    Kind(
        "clip-art",
        (
            Shelf(
                _CLIP_ART,
                (
                    "buildings",
                    "geography",
                    "office",
                    "plants",
                    "recreation",
                    "signs_and_symbols",
                    "tools",
                ),
            ),
        ),
    ),
)


def _largest_of_each(shelf: Shelf) -> Iterator[Path]:
    """Files that differ in nothing but the size in their path are one artwork."""
    best: dict[str, tuple[int, Path]] = {}
    for file in pictures_of(shelf.package):
        size = _size_of(file)
        path = file.relative_to(CACHE / shelf.package)
        if min(size) < _LEAST_SIDE or (shelf.under and not set(shelf.under) & set(path.parts[:-1])):
            continue
        artwork = _SIZE.sub("", str(path))
        area = size[0] * size[1]
        if artwork not in best or best[artwork][0] < area:
            best[artwork] = area, file
    yield from (file for _, file in best.values())


def _size_of(file: Path) -> tuple[int, int]:
    try:
        with warnings.catch_warnings(action="ignore"), Image.open(file) as image:
            return image.size
    except Image.DecompressionBombError:
        return _HUGE
    except (UnidentifiedImageError, OSError):
        return 0, 0
