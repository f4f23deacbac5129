"""Whether an entry floods: suddenly matches so much, from so many, that it is likelier wrong than right.

What one source sends over and over, or again with other bytes, must not make an entry look wrong: then
anybody with a listed image could disarm it. So sources have to be several, and of the files of one source
that look alike only those of one count.
"""

from __future__ import annotations

import heapq
import math
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

# Of 256: copies saved anew mostly lie within 8 bits of each other; simple logos that anybody tells apart
# begin at 18. Looks of other sizes are alike by the same share of their bits.
ALIKE = 16
# Some 20 ms of processor time for one entry.
_MOST_COMPARED = 200_000


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


def needed(uploads: int, limits: FloodLimits) -> int:
    """How many of `uploads` checked an entry has to match at least to flood."""
    return max(limits.uploads, math.ceil(limits.share * uploads))


def looks_compared(sources: int) -> int:
    """Of how many looks each source's files are compared, those sent most often: the more sources, the fewer.

    Comparing is quadratic in them, so this bounds the whole, whatever somebody sends: those that are left out
    do not count. With three sources that is 365 looks of each.
    """
    return max(1, math.isqrt(2 * _MOST_COMPARED // max(sources, 1)))


def flood_of(hits: Iterable[Hit], uploads: int, limits: FloodLimits) -> Flood | None:
    """What the hits of one entry amount to among `uploads` checked, or None where that is no flood.

    Counting ends where it cannot suffice any more. Once it does, the other sources count with what they sent
    most often alone: `Flood.matched` is then less than what a full count gives.
    """
    by_source = _looks_by_source(hits)
    wanted = needed(uploads, limits)
    left = sum(sum(looks.values()) for looks in by_source.values())
    if len(by_source) < limits.sources or left < wanted:
        return None
    matched, most = 0, looks_compared(len(by_source))
    for _, looks in sorted(by_source.items()):
        matched += max(looks.values()) if matched >= wanted else _counted(looks, most)
        left -= sum(looks.values())
        if matched + left < wanted:
            return None
    return Flood(matched, max(matched, uploads), len(by_source))


def _looks_by_source(hits: Iterable[Hit]) -> dict[bytes, dict[bytes, int]]:
    """By source and look, the uploads of the file sent most often: files of one look are alike."""
    by_file: defaultdict[tuple[bytes, bytes, bytes], int] = defaultdict(int)
    for hit in hits:
        by_file[hit.source, hit.look, hit.file] += hit.uploads
    by_source: defaultdict[bytes, dict[bytes, int]] = defaultdict(dict)
    for (source, look, _), uploads in by_file.items():
        looks = by_source[source]
        looks[look] = max(looks.get(look, 0), uploads)
    return by_source


def _counted(looks: dict[bytes, int], most: int) -> int:
    """The uploads of one source: of files that look alike, those of the one sent most often."""
    kept: list[int] = []
    counted = 0
    for look, uploads in heapq.nsmallest(most, looks.items(), key=lambda item: (-item[1], item[0])):
        bits = int.from_bytes(look, "big")
        alike = ALIKE * len(look) // 32
        if all((bits ^ other).bit_count() > alike for other in kept):
            kept.append(bits)
            counted += uploads
    return counted
