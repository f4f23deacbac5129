"""All active entries at one moment, immutable, and the rule for how far a likeness may reach."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from upload_guard.matching.exact import ExactIndex
from upload_guard.matching.hamming import HammingIndex
from upload_guard.records import Entry, Match, Signal, SignalType

PERCEPTUAL_TYPES = tuple(kind for kind in SignalType if not kind.exact)


@dataclass(frozen=True, slots=True)
class DistanceLimits:
    """Distance limits in bits: by default, and where a list has its own.

    `review_by_list` reaches farther for the lists that ask for it: what lies between is only `near`.
    """

    default: Mapping[SignalType, int]
    by_list: Mapping[str, Mapping[SignalType, int]] = field(default_factory=dict)
    review_by_list: Mapping[str, Mapping[SignalType, int]] = field(default_factory=dict)

    def limit(self, kind: SignalType, list_name: str) -> int:
        if kind.exact:
            return 0
        return self.by_list.get(list_name, {}).get(kind, self.default[kind])

    def review_limit(self, kind: SignalType, list_name: str) -> int:
        """The limit, or the end of the list's review band beyond it."""
        band = self.review_by_list.get(list_name, {}).get(kind, 0)
        return max(self.limit(kind, list_name), band)

    def reach(self, kind: SignalType) -> int:
        """The farthest that any list asks for."""
        lists = {*self.by_list, *self.review_by_list}
        return max([self.default[kind], *(self.review_limit(kind, name) for name in lists)])


class Snapshot:
    """The entries of one set of active list versions. `generation` names that set."""

    def __init__(self, generation: str, entries: Iterable[Entry]) -> None:
        held = tuple(entries)
        self.generation = generation
        self.size = len(held)
        self._exact = ExactIndex(entry for entry in held if entry.signal_type.exact)
        self._hamming = {
            kind: HammingIndex([entry for entry in held if entry.signal_type is kind], kind.size)
            for kind in PERCEPTUAL_TYPES
        }

    def find(self, signals: Iterable[Signal], limits: DistanceLimits) -> tuple[Match, ...]:
        """Every entry that any of `signals` reaches under its list's limit or in its review band."""
        return tuple(match for signal in signals for match in self._matches(signal, limits))

    def _matches(self, signal: Signal, limits: DistanceLimits) -> Iterator[Match]:
        for entry, distance in self._candidates(signal, limits):
            if distance <= limits.review_limit(signal.type, entry.list_name):
                yield _match(signal, entry, distance, limits.limit(signal.type, entry.list_name))

    def _candidates(self, signal: Signal, limits: DistanceLimits) -> Iterator[tuple[Entry, int]]:
        if signal.type.exact:
            yield from ((entry, 0) for entry in self._exact.find(signal))
        else:
            yield from self._hamming[signal.type].find(signal.value, limits.reach(signal.type))


def _match(signal: Signal, entry: Entry, distance: int, limit: int) -> Match:
    return Match(
        signal_type=signal.type,
        view=signal.view,
        variant=signal.variant,
        distance=distance,
        limit=limit,
        list_name=entry.list_name,
        version=entry.version,
        origin=entry.origin,
        category=entry.category,
        entry=entry.number,
        since=entry.since,
    )
