"""What reading one file may cost: bounds, and a budget that everything found inside it shares.

Nesting cannot multiply work: a picture in a document in an archive draws on the same budget as the archive.
"""

from __future__ import annotations

from dataclasses import dataclass

from upload_guard.errors import Unreadable, Unscannable


@dataclass(frozen=True, slots=True)
class ScanLimits:
    """Bounds on one file and all that is inside it. Sizes in bytes; `min_quality` is PDQ's, 0 to 100.

    `containers` names those that are opened; None opens all. `colours`: views come in colour as well.
    """

    max_pixels: int = 100_000_000
    max_total_pixels: int = 1_000_000_000
    max_frames: int = 256
    min_quality: int = 50
    max_depth: int = 4
    max_files: int = 1000
    max_bytes: int = 1 << 30
    containers: tuple[str, ...] | None = None
    colours: bool = False


_MOST_TEXT = 128 << 20
"""Bytes of text that are searched in one upload and all that is in it: it is slow work."""


class Budget:
    """What is left. Every `take_` raises when it is used up: a sample would be a silent miss."""

    def __init__(self, limits: ScanLimits) -> None:
        self.limits = limits
        self._pixels = limits.max_total_pixels
        self._frames = limits.max_frames
        self._files = limits.max_files
        self._bytes = limits.max_bytes
        self._text = _MOST_TEXT

    def start_image(self) -> None:
        """Before an image is opened: how many frames it may have does not depend on those before it."""
        self._frames = self.limits.max_frames

    def take_picture(self, name: str, size: tuple[int, int]) -> None:
        """Before a frame, page or icon of `size` is decoded. Raises `Unscannable`."""
        pixels = size[0] * size[1]
        self._pixels -= pixels
        self._frames -= 1
        if self._frames < 0:
            raise Unscannable("too_many_frames", name)
        if pixels > self.limits.max_pixels or self._pixels < 0:
            raise Unscannable("too_many_pixels", f"{name} of {size[0]}x{size[1]}")

    def take_file(self) -> None:
        """Before a file inside the file is opened. Raises `Unreadable`."""
        self._files -= 1
        if self._files < 0:
            raise Unreadable("too_many_files")

    def may_search(self, count: int) -> bool:
        """Whether a text of `count` bytes may be searched for files: no look at a file is slower."""
        self._text -= count
        return self._text >= 0

    def take_bytes(self, count: int) -> None:
        """While a file inside the file is unpacked. Raises `Unreadable`."""
        self._bytes -= count
        if self._bytes < 0:
            raise Unreadable("too_many_bytes")
