"""All active entries at one moment, immutable: the files of a built snapshot, and what changed since."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from upload_guard.matching.build import microseconds
from upload_guard.matching.delta import Delta
from upload_guard.matching.files import SnapshotFiles
from upload_guard.matching.layout import Group
from upload_guard.matching.limits import DistanceLimits
from upload_guard.matching.nearest import nearest
from upload_guard.matching.section import Row, Section
from upload_guard.records import Entry, Match, Signal, SignalType, in_order

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class _Reaches:
    """One caller's limits as numbers by group: (groups,) for each perceptual type."""

    limits: DistanceLimits
    limit: dict[SignalType, npt.NDArray[np.intp]]
    review: dict[SignalType, npt.NDArray[np.intp]]


class Snapshot:
    """The entries of one set of active list versions. `generation` names that set and the changes to it.

    Safe for threads. Without `files` and `delta` it is empty.
    """

    def __init__(
        self, generation: str, files: SnapshotFiles | None = None, delta: Delta | None = None
    ) -> None:
        delta = delta or Delta()
        self.generation = generation
        self.files = files
        self._groups = list(files.manifest.groups) if files else []
        added: defaultdict[SignalType, list[tuple[bytes, Row]]] = defaultdict(list)
        for entry in delta.added:
            added[entry.signal_type].append((entry.value, self._row(entry)))
        retracted = self._retracted(delta)
        tables = files.tables if files else {}
        self._sections = {
            kind: Section(kind, tables.get(kind), retracted[kind], added[kind])
            for kind in in_order((*SignalType, *tables, *added))
        }
        self.size = sum(section.size for section in self._sections.values())
        self._reaches: _Reaches | None = None

    def holds(self, kind: SignalType) -> bool:
        """Whether there is any entry of this type."""
        return kind in self._sections and self._sections[kind].size > 0

    @property
    def looks(self) -> tuple[SignalType, ...]:
        """The perceptual types that there is any entry of."""
        return tuple(kind for kind in self._sections if not kind.exact and self.holds(kind))

    @property
    def in_force(self) -> bool:
        """Whether any list is active, be it one of which everything is retracted."""
        return bool(self.generation)

    @property
    def lists(self) -> frozenset[str]:
        """The names of all lists here, be it that everything of one is retracted."""
        return frozenset(group.list_name for group in self._groups)

    def kinds(self, counts: Callable[[str, str], bool]) -> frozenset[SignalType]:
        """The types of which there is any entry on a list, and in its category, of which both count."""
        return frozenset(
            kind
            for kind, group in self._held
            if counts(self._groups[group].list_name, self._groups[group].category)
        )

    @cached_property
    def _held(self) -> frozenset[tuple[SignalType, int]]:
        """The types with the groups that they have entries of."""
        return frozenset(
            (kind, group) for kind, section in self._sections.items() for group in section.groups()
        )

    def lists_of(self, kind: SignalType, value: bytes) -> frozenset[str]:
        """The names of the lists that hold this very hash."""
        return frozenset(self._groups[row[0]].list_name for row in self._sections[kind].same(value))

    def values(self, kind: SignalType) -> Iterator[bytes]:
        """Every hash of this type that is listed, and some that were retracted."""
        return self._sections[kind].values() if kind in self._sections else iter(())

    def find(self, signals: Iterable[Signal], limits: DistanceLimits) -> tuple[Match, ...]:
        """Every entry that any of `signals` reaches under its list's limit or in its review band.

        In the order of the signals, nearest first; of a crowd of likenesses those that `nearest` keeps.
        """
        asked = tuple(signals)
        perceptual = tuple(signal for signal in asked if not signal.type.exact)
        alike = self._alike(perceptual, self._reaches_under(limits)) if perceptual else {}
        return tuple(match for signal in asked for match in self._matches(signal, alike, limits))

    def _matches(
        self, signal: Signal, alike: dict[_Look, list[_Reached]], limits: DistanceLimits
    ) -> Iterator[Match]:
        if signal.type.exact:
            found = [_Reached(row, 0, signal.value) for row in self._sections[signal.type].same(signal.value)]
        else:
            found = alike.get((signal.type, signal.value), [])
        for reached in found:
            group = self._groups[reached.row[0]]
            yield _match(signal, group, reached, limits.limit(signal.type, group.list_name))

    def _alike(self, signals: Sequence[Signal], reaches: _Reaches) -> dict[_Look, list[_Reached]]:
        """For each hash, once however many signals have it: the entries near it."""
        alike: defaultdict[_Look, list[_Reached]] = defaultdict(list)
        for kind, review in reaches.review.items():
            values = list(dict.fromkeys(signal.value for signal in signals if signal.type is kind))
            if not values or not len(review):
                continue
            portions = (
                found.only(found.distances <= review[found.rows["group"]])
                for found in self._sections[kind].near(values, int(review.max()))
            )
            found = nearest(portions, reaches.limit[kind])
            for query, row, distance, words in zip(
                found.queries.tolist(),
                found.rows.tolist(),
                found.distances.tolist(),
                found.words,
                strict=True,
            ):
                alike[kind, values[query]].append(_Reached(row, distance, words.tobytes()))
        return alike

    def _reaches_under(self, limits: DistanceLimits) -> _Reaches:
        """The same limits are asked for again and again."""
        known = self._reaches
        if known is None or known.limits is not limits:
            known = self._reaches = _Reaches(
                limits,
                {kind: self._by_group(kind, limits.limit) for kind in self.looks},
                {kind: self._by_group(kind, limits.review_limit) for kind in self.looks},
            )
        return known

    def _by_group(self, kind: SignalType, limit: Callable[[SignalType, str], int]) -> npt.NDArray[np.intp]:
        return np.array([limit(kind, group.list_name) for group in self._groups], np.intp)

    def _row(self, entry: Entry) -> Row:
        group = Group(entry.list_name, entry.version, entry.origin, entry.category)
        if group not in self._groups:
            self._groups.append(group)
        return self._groups.index(group), entry.number, microseconds(entry.since)

    def _retracted(self, delta: Delta) -> defaultdict[SignalType, list[int]]:
        """The positions in each table of what was retracted: found by value, told apart by list."""
        positions: defaultdict[SignalType, list[int]] = defaultdict(list)
        for list_name, kind, value in delta.retracted:
            table = self.files.tables.get(kind) if self.files else None
            if table is None:
                continue
            for position in table.locate(value):
                group = self._groups[int(table.rows[position]["group"])]
                if group.list_name == list_name:
                    positions[kind].append(position)
        return positions


_Look = tuple[SignalType, bytes]


class _Reached(NamedTuple):
    """An entry that a signal reaches; `value` is the entry's own hash."""

    row: Row
    distance: int
    value: bytes


def _match(signal: Signal, group: Group, reached: _Reached, limit: int) -> Match:
    _, number, since = reached.row
    return Match(
        signal_type=signal.type,
        view=signal.view,
        variant=signal.variant,
        distance=reached.distance,
        limit=limit,
        list_name=group.list_name,
        version=group.version,
        origin=group.origin,
        category=group.category,
        entry=number,
        since=_EPOCH + timedelta(microseconds=since),
        value=reached.value,
    )
