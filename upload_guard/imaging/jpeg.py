"""The head of a JPEG: what kind of frame it has, before anything is decoded (ITU-T T.81, B.2)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

# Markers that begin a frame: C0 to CF without DHT, JPG and DAC.
_FRAMES = set(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_LOSSLESS = {0xC3, 0xC7, 0xCB, 0xCF}
_HEADERS = 2000


@dataclass(frozen=True, slots=True)
class Frame:
    """`kind` is its marker; `depth` in bits, `width` and `height` in samples."""

    kind: int
    depth: int
    width: int
    height: int

    @property
    def lossless(self) -> bool:
        """As cameras keep the numbers of a sensor."""
        return self.kind in _LOSSLESS

    @property
    def shown(self) -> bool:
        """Whether viewers show it: they know 8 bits, and no height that is told later."""
        return self.depth == 8 and self.width > 0 and self.height > 0


def frame_of(read: Callable[[int, int], bytes]) -> Frame | None:
    """The frame of the JPEG that `read(offset, count)` gives, if it comes to a scan."""
    at, frame = 2, None
    for _ in range(_HEADERS):
        head = read(at, 10)
        if len(head) < 4 or head[0] != 0xFF:
            return None
        if head[1] == 0xFF:  # markers may be filled up
            at += 1
            continue
        if head[1] < 0xC0 or 0xD0 <= head[1] <= 0xD9:
            return None
        if head[1] == 0xDA:
            return frame
        if head[1] in _FRAMES and len(head) == 10:
            height, width = int.from_bytes(head[5:7], "big"), int.from_bytes(head[7:9], "big")
            frame = Frame(head[1], head[4], width, height)
        at += 2 + int.from_bytes(head[2:4], "big")
    return None
