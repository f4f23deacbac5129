"""What the benign bank says against matches: each is asked for alone, none is excused by its neighbours.

A view is known to be good when any position of its picture is near the bank, for all of them are made of the
same frequencies. The two forms of PDQ are not: the second looks at one pixel in nine of a large picture, and
those can be painted as another picture, so each form speaks for itself alone. What is left of a view without
its borders is another picture, cut in several ways: all of them must be near. Names of views come from
uploads, and a ZIP may hold two files of one name: where a name could mean two things, nothing is known by it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TypeVar

import numpy as np

from upload_guard.lists.bank.bank import BankFile, BenignBank, Likeness
from upload_guard.records import Benign, Match, Signal, SignalType


def with_benign(
    matches: tuple[Match, ...], signals: Sequence[Signal], bank: BenignBank, site: str
) -> tuple[Match, ...]:
    """`matches`, each with what `bank` knows of the very file or view; `signals` are the upload's."""
    if not matches or not bank.files:
        return matches
    known = _Known(signals, bank, site)
    return tuple(replace(match, benign=known.speaks_for(match)) for match in matches)


_Found = TypeVar("_Found", BankFile, Likeness)
_SIZE = SignalType.PDQ.size


class _Known:
    """What the bank knows of one upload."""

    def __init__(self, signals: Sequence[Signal], bank: BenignBank, site: str) -> None:
        self._files = [
            (signal.view, bank.identical(signal.value, site))
            for signal in signals
            if signal.type is SignalType.SHA256
        ]
        self._looks: dict[_Picture, Likeness | None] = {}
        if len({path for path, _ in self._files}) == len(self._files):
            self._looks = _looks([signal for signal in signals if signal.type is SignalType.PDQ], bank)

    def speaks_for(self, match: Match) -> Benign | None:
        file = self._file_of(match)
        if file is not None:
            return Benign(file.scope, file.name, identical=True)
        near = self._look_of(match)
        if near is None:
            return None
        return Benign(near.file.scope, near.file.name, identical=False, distance=near.distance)

    def _file_of(self, match: Match) -> BankFile | None:
        """The known file that the match is of; a view is surely of a file only where there is no other."""
        if not match.exact:
            return self._files[0][1] if len(self._files) == 1 else None
        return _all([file for path, file in self._files if path == match.view])

    def _look_of(self, match: Match) -> Likeness | None:
        if not match.exact:
            return self._looks.get(_picture(match.view, match.variant))
        # A file that was digested is known by its look where all of its views are, in one form or the other.
        inside = f"{match.view}, " if match.view else ""
        views: defaultdict[str, Likeness | None] = defaultdict(lambda: None)
        for picture, near in self._looks.items():
            if picture.view.startswith(inside) and picture.part is not _Part.TRIMMED:
                views[picture.view] = views[picture.view] or near
        return _all(list(views.values()))


class _Part(StrEnum):
    """Which pixels of a view were hashed: all, the samples of PDQ's second form, or those inside borders."""

    WHOLE = ""
    SQUASHED = "squashed"
    TRIMMED = "trimmed"


@dataclass(frozen=True, slots=True)
class _Picture:
    """What has one look: the same pixels of a view."""

    view: str
    part: _Part


def _picture(view: str, variant: str) -> _Picture:
    begins = (part for part in (_Part.TRIMMED, _Part.SQUASHED) if variant.startswith(part))
    return _Picture(view, next(begins, _Part.WHOLE))


def _looks(signals: Sequence[Signal], bank: BenignBank) -> dict[_Picture, Likeness | None]:
    """The nearest that the bank has to each picture; None for those that it does not surely know."""
    packed = b"".join(signal.value for signal in signals)
    near = {one.asked: one for one in bank.near(np.frombuffer(packed, np.uint8).reshape(-1, _SIZE))}
    by_picture: defaultdict[_Picture, list[int]] = defaultdict(list)
    for at, signal in enumerate(signals):
        by_picture[_picture(signal.view, signal.variant)].append(at)
    doubtful = _doubtful(signals)
    found: dict[_Picture, Likeness | None] = {}
    for picture, places in by_picture.items():
        known = [near[at] for at in places if at in near]
        sure = len(known) == len(places) if picture.part is _Part.TRIMMED else picture.view not in doubtful
        nearest = min(known, key=lambda likeness: likeness.distance, default=None)
        found[picture] = nearest if sure else None
    return found


def _doubtful(signals: Sequence[Signal]) -> set[str]:
    """The names that more than one view has, told by a variant that comes twice."""
    whole = (
        (signal.view, signal.variant)
        for signal in signals
        if _picture(signal.view, signal.variant).part is not _Part.TRIMMED
    )
    return {view for (view, _), count in Counter(whole).items() if count > 1}


def _all(found: Sequence[_Found | None]) -> _Found | None:
    """The first, if there is any and none is unknown."""
    return found[0] if found and all(one is not None for one in found) else None
