"""What the benign bank says against matches: each is asked for alone, none is excused by its neighbours.

Names of views come from uploads (a ZIP may hold two files of one name), so wherever several signals bear the
name in question, all of them must be known to be good.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
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


class _Known:
    """What the bank knows of one upload."""

    def __init__(self, signals: Sequence[Signal], bank: BenignBank, site: str) -> None:
        self._files = [
            (signal.view, bank.identical(signal.value, site))
            for signal in signals
            if signal.type is SignalType.SHA256
        ]
        self._views = [signal for signal in signals if signal.type is SignalType.PDQ]
        packed = b"".join(signal.value for signal in self._views)
        asked = np.frombuffer(packed, np.uint8).reshape(-1, SignalType.PDQ.size)
        self._near = {one.asked: one for one in bank.near(asked)}

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
        return _all([file for view, file in self._files if view == match.view])

    def _look_of(self, match: Match) -> Likeness | None:
        if match.signal_type is SignalType.PDQ:
            return self._nearest(
                at
                for at, signal in enumerate(self._views)
                if (signal.view, signal.variant) == (match.view, match.variant)
            )
        if not match.exact:
            return self._nearest(at for at, signal in enumerate(self._views) if signal.view == match.view)
        return self._look_of_file(match.view)

    def _look_of_file(self, path: str) -> Likeness | None:
        """Known to be good by its look is a file of which every view is."""
        inside = f"{path}, " if path else ""
        views: dict[str, list[Likeness]] = {}
        for at, signal in enumerate(self._views):
            if signal.view.startswith(inside):
                views.setdefault(signal.view, []).extend(filter(None, [self._near.get(at)]))
        return _all([min(found, key=_distance, default=None) for found in views.values()])

    def _nearest(self, places: Iterable[int]) -> Likeness | None:
        return _all([self._near.get(at) for at in places])


def _distance(likeness: Likeness) -> int:
    return likeness.distance


def _all(found: Sequence[_Found | None]) -> _Found | None:
    """The first, if there is any and none is unknown."""
    return found[0] if found and all(one is not None for one in found) else None
