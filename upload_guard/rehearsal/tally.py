"""Counting what a list version does to uploads, each by what it causes itself.

Other lists count as far as they corroborate it; what could not be read is no doing of any list.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from upload_guard.policy import Decided, Policy, Trust, decide
from upload_guard.records import Action, Findings, SignalType


class Effect(StrEnum):
    """What a version does to an upload. `UNJUDGED`: it was not read whole, and the rest matches nothing."""

    BLOCKED = "blocked"
    HELD = "held"
    MONITORED = "monitored"
    EXCUSED = "excused"
    UNJUDGED = "not judged"
    NOTHING = "nothing"


_EFFECTS = {Action.BLOCK: Effect.BLOCKED, Action.QUARANTINE: Effect.HELD, Action.MONITOR: Effect.MONITORED}


@dataclass(frozen=True, slots=True)
class Seen:
    """What is found in one upload. `lacking` says why its signals are not all, `passed` if it did then."""

    site: str
    findings: Findings
    lacking: str = ""
    passed: bool = False


@dataclass
class HitEntry:
    """An entry of the version that matched. `nearest` is in bits; `excused_by` says what excused a match."""

    number: int
    signal_type: SignalType
    category: str
    nearest: int
    uploads: int = 0
    sites: set[str] = field(default_factory=set)
    excused_by: str = ""


class Tally:
    """Counts what a list does to uploads at `now`, as `trust` has it and once no entry is on probation."""

    def __init__(self, list_name: str, trust: Trust, now: datetime) -> None:
        self._name = list_name
        self._now = now
        self._trust = trust
        self._trust_later = replace(trust, probation=timedelta())
        self._entries: dict[int, HitEntry] = {}
        self.by_site: dict[str, Counter[Effect]] = {}
        self.later: Counter[Effect] = Counter()
        self.lacking: Counter[str] = Counter()
        self.passed_then = 0

    @property
    def effects(self) -> Counter[Effect]:
        """How many uploads there are of each."""
        return sum(self.by_site.values(), Counter())

    def top(self, most: int) -> Sequence[HitEntry]:
        """The entries that matched the most uploads."""
        return sorted(self._entries.values(), key=lambda one: (-one.uploads, one.number))[:most]

    def add(self, seen: Seen) -> None:
        decided = decide(seen.findings, Policy(self._trust), self._now)
        effect = self._effect(seen, decided)
        self.by_site.setdefault(seen.site, Counter())[effect] += 1
        self.later[self._effect(seen, decide(seen.findings, Policy(self._trust_later), self._now))] += 1
        if effect is Effect.UNJUDGED:
            self.lacking[seen.lacking] += 1
        if effect in {Effect.BLOCKED, Effect.HELD}:
            self.passed_then += seen.passed
        self._count_entries(seen, decided)

    def _effect(self, seen: Seen, decided: Decided) -> Effect:
        own = [one.action for one in decided.weighed if one.match.list_name == self._name]
        if own:
            return _EFFECTS[max(own)]
        if any(one.match.list_name == self._name for one in decided.excused):
            return Effect.EXCUSED
        return Effect.UNJUDGED if seen.lacking else Effect.NOTHING

    def _count_entries(self, seen: Seen, decided: Decided) -> None:
        met = set()
        for match in (one.match for one in decided.weighed + decided.excused):
            if match.list_name != self._name:
                continue
            entry = self._entries.setdefault(
                match.entry, HitEntry(match.entry, match.signal_type, match.category, match.distance)
            )
            entry.nearest = min(entry.nearest, match.distance)
            if match.excused:
                entry.excused_by = match.benign.words if match.benign else match.standing.value
            met.add(match.entry)
        for number in met:
            self._entries[number].uploads += 1
            self._entries[number].sites.add(seen.site)
