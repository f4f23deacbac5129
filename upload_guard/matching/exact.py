"""Exact digests: which entries hold this very value."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from upload_guard.records import Entry, Signal, SignalType


class ExactIndex:
    """Look-up by signal type and value."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._entries: defaultdict[tuple[SignalType, bytes], list[Entry]] = defaultdict(list)
        for entry in entries:
            self._entries[entry.signal_type, entry.value].append(entry)

    def find(self, signal: Signal) -> Sequence[Entry]:
        return self._entries.get((signal.type, signal.value), ())
