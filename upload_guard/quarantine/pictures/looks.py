"""Which group holds a picture that looks like this one, by its first file's PDQ hash.

What a group holds is near its first file, not merely near some other member: by a chain of small steps one
could get from any picture to any other. A file counts as one picture where every view in it is near: a second
frame or a file inside would be decided unseen.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sqlalchemy import select
from sqlalchemy.orm import Session

from upload_guard.matching.hamming import near_by_scan
from upload_guard.records import Findings, Signal, SignalType
from upload_guard.storage.group_tables import CaseGroup

LIMIT = 31
"""Bits of 256 that two files of one picture may differ by: the practice for PDQ."""
MOST_GROUPS = 100_000
"""A picture is looked for among so many of the newest groups with a look: 3 MB, and some milliseconds."""
_MOST_VIEWS = 8
_SIZE = SignalType.PDQ.size

Words = npt.NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Picture:
    """What a file that holds one picture looks like.

    `look` is its plain PDQ hash; `views` are those of each of its views in all positions, (n, 32) bytes each.
    """

    look: bytes
    views: tuple[npt.NDArray[np.uint8], ...]

    def near(self, looks: Words) -> npt.NDArray[np.intp]:
        """Which of `looks` (n, 4) all views are near, nearest first and then in their order."""
        places, farthest = np.arange(len(looks)), np.zeros(len(looks), np.intp)
        for view in self.views:
            nearest = np.full(len(places), _FAR, np.intp)
            for found in near_by_scan(looks[places], view, np.arange(len(view)), LIMIT):
                nearest[found.positions] = np.minimum(nearest[found.positions], found.distances)
            left = np.flatnonzero(nearest <= LIMIT)
            places, farthest = places[left], np.maximum(farthest[left], nearest[left])
        return places[np.argsort(farthest, kind="stable")]


_FAR = LIMIT + 1


def picture_of(findings: Findings) -> Picture | None:
    """None where the file does not surely hold one picture, and nothing else."""
    if findings.unscannable or findings.unreadable or findings.degraded:
        return None
    if any(signal.type.exact and signal.view for signal in findings.signals):
        return None
    hashes: dict[str, list[bytes]] = {}
    for signal in findings.signals:
        if signal.type is SignalType.PDQ and "squashed" not in signal.variant:
            hashes.setdefault(signal.view, []).append(signal.value)
    look = next((one.value for one in findings.signals if _is_plain(one)), None)
    if look is None or len(hashes) > _MOST_VIEWS:
        return None
    picture = Picture(look, tuple(_rows(one) for one in hashes.values()))
    return picture if len(picture.near(_words([look]))) else None


def _is_plain(signal: Signal) -> bool:
    return signal.type is SignalType.PDQ and not signal.variant


def _rows(hashes: Sequence[bytes]) -> npt.NDArray[np.uint8]:
    return np.frombuffer(b"".join(hashes), np.uint8).reshape(-1, _SIZE)


def _words(looks: Iterable[bytes]) -> Words:
    return np.frombuffer(b"".join(looks), np.uint64).reshape(-1, _SIZE // 8)


@dataclass(frozen=True, slots=True)
class _Known:
    """The looks of groups up to the number `last`."""

    last: int
    groups: npt.NDArray[np.int64]
    looks: Words

    def with_more(self, rows: Sequence[tuple[int, bytes]]) -> _Known:
        groups = np.concatenate([self.groups, np.array([group for group, _ in rows], np.int64)])
        looks = np.concatenate([self.looks, _words(look for _, look in rows)])
        return _Known(int(groups[-1]), groups[-MOST_GROUPS:], looks[-MOST_GROUPS:])


class Looks:
    """Those of all groups, held in memory and brought up to date from rows. Safe for threads and forks."""

    def __init__(self) -> None:
        self._known = _Known(0, np.zeros(0, np.int64), _words([]))

    def catch_up(self, session: Session) -> None:
        """Read what came since."""
        known = self._known
        newer = (
            select(CaseGroup.id, CaseGroup.look)
            .where(CaseGroup.id > known.last, CaseGroup.look.is_not(None))
            .order_by(CaseGroup.id.desc())
            .limit(MOST_GROUPS)
        )
        rows = [(group, look) for group, look in session.execute(newer) if look is not None]
        if rows:
            # Two threads may do the same at once: either's is right, and only ever behind.
            self._known = known.with_more(rows[::-1])

    def nearest(self, session: Session, picture: Picture) -> int | None:
        """The group whose first file is nearest, the older of two; None where none is near."""
        self.catch_up(session)
        known = self._known
        groups = (int(known.groups[at]) for at in picture.near(known.looks))
        # The first file may have failed to be stored, and then there is no such group.
        return next((group for group in groups if session.get(CaseGroup, group) is not None), None)
