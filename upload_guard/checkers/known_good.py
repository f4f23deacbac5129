"""What the benign bank says against matches: each is asked for alone, none is excused by its neighbours.

A view is known to be good when any form or position of its picture is near the bank, for all of them show
the same pixels. What is left of it without its borders is another picture, cut in several ways: all of them
must be near. Names of views come from uploads, and a ZIP may hold two files of one name: where a name could
mean two things, nothing is known to be good by it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np

from upload_guard.lists.bank import BankFile, BenignBank, Likeness
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
            return self._looks.get(_Picture(match.view, _is_trimmed(match.variant)))
        # A file that was digested is known by its look where all of its pictures are.
        inside = f"{match.view}, " if match.view else ""
        return _all(
            [
                near
                for picture, near in self._looks.items()
                if picture.view.startswith(inside) and not picture.trimmed
            ]
        )


@dataclass(frozen=True, slots=True)
class _Picture:
    """The pixels of a view, as a whole or without its borders."""

    view: str
    trimmed: bool


def _is_trimmed(variant: str) -> bool:
    return variant.startswith("trimmed")


def _looks(signals: Sequence[Signal], bank: BenignBank) -> dict[_Picture, Likeness | None]:
    """The nearest that the bank has to each picture; None for those that it does not surely know."""
    packed = b"".join(signal.value for signal in signals)
    near = {one.asked: one for one in bank.near(np.frombuffer(packed, np.uint8).reshape(-1, _SIZE))}
    by_picture: defaultdict[_Picture, list[int]] = defaultdict(list)
    for at, signal in enumerate(signals):
        by_picture[_Picture(signal.view, _is_trimmed(signal.variant))].append(at)
    found: dict[_Picture, Likeness | None] = {}
    for picture, places in by_picture.items():
        known = [near[at] for at in places if at in near]
        variants = {signals[at].variant for at in places}
        sure = len(known) == len(places) if picture.trimmed else len(variants) == len(places)
        nearest = min(known, key=lambda likeness: likeness.distance, default=None)
        found[picture] = nearest if sure else None
    return found


def _all(found: Sequence[_Found | None]) -> _Found | None:
    """The first, if there is any and none is unknown."""
    return found[0] if found and all(one is not None for one in found) else None
