"""Whether an entry floods: suddenly matches so much, from so many, that it is likelier wrong than right.

What one source sends over and over, or again with other bytes, must not make an entry look wrong: then
anybody with a listed image could disarm it. So sources have to be several, and of the files of one source
that look alike only those of one count.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

# Copies saved anew mostly lie within 8 bits of each other; simple logos that anybody tells apart begin at 18.
ALIKE = 16


@dataclass(frozen=True, slots=True)
class FloodLimits:
    """An entry floods when all three are reached: uploads, their share of all, sources they came from."""

    uploads: int = 20
    share: float = 0.05
    sources: int = 3


@dataclass(frozen=True, slots=True)
class Hit:
    """So many uploads of one file by one source that an entry matched. `look` is as `EntryHit.look`."""

    source: bytes
    file: bytes
    look: bytes
    uploads: int = 1


@dataclass(frozen=True, slots=True)
class Flood:
    """What was counted: uploads that the entry matched, those checked in the same time, sources."""

    matched: int
    uploads: int
    sources: int


def flood_of(hits: Iterable[Hit], uploads: int, limits: FloodLimits) -> Flood | None:
    """What the hits of one entry amount to among `uploads` checked, or None where that is no flood."""
    by_source: defaultdict[bytes, defaultdict[tuple[bytes, bytes], int]] = defaultdict(
        lambda: defaultdict(int)
    )
    for hit in hits:
        by_source[hit.source][hit.file, hit.look] += hit.uploads
    if len(by_source) < limits.sources:
        return None
    matched = sum(_counted(files) for files in by_source.values())
    if matched < limits.uploads or matched < limits.share * uploads:
        return None
    return Flood(matched, max(matched, uploads), len(by_source))


def _counted(files: dict[tuple[bytes, bytes], int]) -> int:
    """The uploads of one source: of files that look alike, those of the one sent most often."""
    kept: list[int] = []
    counted = 0
    for (_, look), uploads in sorted(files.items(), key=lambda item: (-item[1], item[0])):
        bits = int.from_bytes(look, "big")
        if all((bits ^ other).bit_count() > ALIKE for other in kept):
            kept.append(bits)
            counted += uploads
    return counted
