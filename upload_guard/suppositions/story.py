"""What suppositions are about and made of."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from upload_guard.matching.limits import DistanceLimits
from upload_guard.policy import Decided, Policy, decide
from upload_guard.records import Findings, Match, SignalType

# An upload that resembles hundreds of entries is explained well enough by the strongest of them.
_MOST_ENTRIES = 20


class What(StrEnum):
    """What is supposed to be otherwise."""

    ENTRY_RETRACTED = "entry_retracted"
    ENTRY_DISPUTED = "entry_disputed"
    LIST_SILENT = "list_silent"
    ORIGIN_SILENT = "origin_silent"
    NOTHING_LISTED = "nothing_listed"
    FALSE_POSITIVE = "false_positive"
    DECISION_LIFTED = "decision_lifted"
    IN_BANK = "in_bank"
    NOT_IN_BANK = "not_in_bank"
    LIMIT = "limit"
    REVIEW_LIMIT = "review_limit"
    CEILING = "ceiling"
    PROBATION_OVER = "probation_over"
    SECOND_ORIGIN = "second_origin"
    ONE_ORIGIN = "one_origin"
    BREAKER_LIFTED = "breaker_lifted"
    DISPUTE_LIFTED = "dispute_lifted"
    SETTING = "setting"
    READABLE = "readable"


@dataclass(frozen=True, slots=True)
class Inputs:
    """All that a verdict depends on."""

    findings: Findings
    policy: Policy
    now: datetime

    def decided(self) -> Decided:
        return decide(self.findings, self.policy, self.now)


@dataclass(frozen=True, slots=True)
class Supposition:
    """`words` continue "if"."""

    what: What
    words: str
    inputs: Inputs


@dataclass(frozen=True, slots=True)
class Story:
    """What happened: the inputs, what they led to, the limits in force, and entries just beyond those.

    What differs is put into other inputs by the methods below; `counted` are the matches in the verdict.
    """

    inputs: Inputs
    decided: Decided
    limits: DistanceLimits
    beyond: tuple[Match, ...] = ()

    @property
    def matches(self) -> tuple[Match, ...]:
        return self.inputs.findings.matches

    @property
    def counted(self) -> tuple[Match, ...]:
        return self.decided.verdict.matches

    def with_findings(self, **changes: object) -> Inputs:
        return replace(self.inputs, findings=replace(self.inputs.findings, **changes))  # type: ignore[arg-type]

    def with_matches(self, matches: Iterable[Match]) -> Inputs:
        return self.with_findings(matches=tuple(matches))

    def without(self, unwanted: Wanted) -> Inputs:
        return self.with_matches(match for match in self.matches if not unwanted(match))

    def with_each(self, wanted: Wanted, **changes: object) -> Inputs:
        """With `changes` made to the matches that are meant."""
        return self.with_matches(
            replace(match, **changes) if wanted(match) else match  # type: ignore[arg-type]
            for match in self.matches
        )

    def with_policy(self, **changes: object) -> Inputs:
        return replace(self.inputs, policy=replace(self.inputs.policy, **changes))  # type: ignore[arg-type]


Ladder = Sequence[Supposition]
Ladders = Iterator[Ladder]


def entry_words(match: Match) -> str:
    if match.told:
        return f"what the check service {match.list_name} knows ({match.signal_type})"
    return f"entry {match.entry} of {match.list_name} ({match.signal_type})"


Wanted = Callable[[Match], bool]
"""Says of a match whether it is meant."""
EntryKey = tuple[str, SignalType, bytes]


def entry_key(match: Match) -> EntryKey:
    """As opinions and retractions name an entry; cases of older releases know only its number."""
    return match.list_name, match.signal_type, match.value or str(match.entry).encode()


def distinct(matches: Iterable[Match]) -> list[Match]:
    """The first match of each of the first entries."""
    first: dict[EntryKey, Match] = {}
    for match in matches:
        first.setdefault(entry_key(match), match)
    return list(first.values())[:_MOST_ENTRIES]


def is_of(key: EntryKey) -> Wanted:
    return lambda match: entry_key(match) == key
