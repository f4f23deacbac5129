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
    """Distance limits in bits: by default, and where a list has its own."""

    default: Mapping[SignalType, int]
    by_list: Mapping[str, Mapping[SignalType, int]] = field(default_factory=dict)

    def limit(self, kind: SignalType, list_name: str) -> int:
        if kind.exact:
            return 0
        return self.by_list.get(list_name, {}).get(kind, self.default[kind])

    def reach(self, kind: SignalType) -> int:
        """The farthest that any list asks for."""
        return max([self.default[kind], *(own[kind] for own in self.by_list.values() if kind in own)])


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
        """Every entry that any of `signals` reaches under its list's limit."""
        return tuple(match for signal in signals for match in self._matches(signal, limits))

    def _matches(self, signal: Signal, limits: DistanceLimits) -> Iterator[Match]:
        for entry, distance in self._candidates(signal, limits):
            limit = limits.limit(signal.type, entry.list_name)
            if distance <= limit:
                yield _match(signal, entry, distance, limit)

    def _candidates(self, signal: Signal, limits: DistanceLimits) -> Iterator[tuple[Entry, int]]:
        if signal.type.exact:
            yield from ((entry, 0) for entry in self._exact.find(signal))
        else:
            yield from self._hamming[signal.type].find(signal.value, limits.reach(signal.type))


def _match(signal: Signal, entry: Entry, distance: int, limit: int) -> Match:
    return Match(
        signal_type=signal.type,
        view=signal.view,
        distance=distance,
        limit=limit,
        list_name=entry.list_name,
        version=entry.version,
        origin=entry.origin,
        category=entry.category,
        entry=entry.number,
        since=entry.since,
    )
