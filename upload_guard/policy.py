"""Findings -> verdict -> action. One pure table: no input or output, no clock of its own.

`policy_table.Row` is the table. Every match stands in one of its rows, and so does every verdict.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from upload_guard.policy_table import Row
from upload_guard.records import (
    Action,
    BankScope,
    Findings,
    Match,
    Result,
    SignalType,
    Standing,
    Verdict,
)


@dataclass(frozen=True, slots=True)
class Trust:
    """The strongest action per category, and per list and category where a list differs.

    Categories compare without regard to case. One that stands nowhere is ignored.
    """

    ceilings: Mapping[str, Action]
    by_list: Mapping[str, Mapping[str, Action]] = field(default_factory=dict)
    probation: timedelta = timedelta()

    def ceiling(self, list_name: str, category: str) -> Action:
        return self._rule(list_name, category) or Action.ALLOW

    def knows(self, list_name: str, category: str) -> bool:
        """Whether any rule names this category, so that ignoring it would be somebody's choice."""
        return self._rule(list_name, category) is not None

    def categories(self, list_name: str) -> tuple[str, ...]:
        return tuple(dict.fromkeys([*self.by_list.get(list_name, {}), *self.ceilings]))

    def _rule(self, list_name: str, category: str) -> Action | None:
        own, key = self.by_list.get(list_name, {}), category.lower()
        return own.get(key, self.ceilings.get(key))


@dataclass(frozen=True, slots=True)
class Policy:
    """Everything that `judge` needs to know. `open_on` holds the codes of faults that let an upload pass."""

    trust: Trust
    unscannable: Action = Action.QUARANTINE
    unreadable: Action = Action.MONITOR
    open_on: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Weighed:
    """One match and what it may cause. `found` is the row of its kind; `doubts` hold it lower still."""

    match: Match
    action: Action
    found: Row
    doubts: tuple[Row, ...] = ()

    @property
    def row(self) -> Row:
        """The one that decides on it."""
        return self.doubts[0] if self.doubts else self.found


@dataclass(frozen=True, slots=True)
class Decided:
    """A verdict and how it came about: the row that decided, and every match there was.

    `weighed` stands as in the verdict, strongest first, then what is excused; `ignored` is in no verdict.
    """

    verdict: Verdict
    row: Row
    weighed: tuple[Weighed, ...] = ()
    excused: tuple[Weighed, ...] = ()
    ignored: tuple[Weighed, ...] = ()


def judge(findings: Findings, policy: Policy, now: datetime) -> Verdict:
    """The verdict on one upload. The strongest match decides, unless not being able to read it is graver."""
    return decide(findings, policy, now).verdict


def decide(findings: Findings, policy: Policy, now: datetime) -> Decided:
    """The same, with how it came about."""
    counted = _counted(findings.matches, policy.trust)
    excused = tuple(Weighed(match, Action.ALLOW, _excuse(match)) for match in counted if match.excused)
    acting = [match for match in counted if not match.excused]
    weighed = tuple(sorted(_weigh(acting, policy.trust, now), key=_strength, reverse=True))
    result, action, reason, row = _answer(findings, policy, weighed, excused)
    matches = tuple(one.match for one in weighed + excused)
    verdict = Verdict(result, action, reason, matches, findings.degraded)
    ignored = tuple(
        Weighed(match, Action.ALLOW, Row.IGNORED)
        for match in findings.matches
        if not _counts(match, policy.trust)
    )
    return Decided(verdict, row, weighed, excused, ignored)


def _answer(
    findings: Findings, policy: Policy, weighed: tuple[Weighed, ...], excused: tuple[Weighed, ...]
) -> tuple[Result, Action, str, Row]:
    if findings.canary:
        return Result.MATCH, Row.CANARY.most, Row.CANARY.reason, Row.CANARY
    listed = weighed[0] if weighed else None
    unread, action, row = _unread(findings, policy)
    if findings.unanswered and not action.refuses and not (listed and listed.action.refuses):
        return Result.UNCHECKED, Action.MONITOR, findings.unanswered[0].code, Row.UNANSWERED
    if unread and (listed is None or listed.action < action):
        return Result.UNSCANNABLE, action, unread, row
    if listed is not None:
        return _result(listed.match), listed.action, listed.found.reason, listed.row
    if excused or _would_be_unread(findings):
        row = _why_disputed(findings, excused)
        return Result.DISPUTED, Action.MONITOR, row.reason, row
    if findings.unchecked:
        return Result.UNCHECKED, Action.ALLOW, findings.unchecked, Row.UNCHECKED
    return Result.CLEAN, Action.ALLOW, "", Row.CLEAN


def counts(matches: Iterable[Match], trust: Trust) -> tuple[Match, ...]:
    """Those of `matches` that mean anything: in no ignored category, and not excused by the bank."""
    return tuple(match for match in _counted(matches, trust) if not match.excused)


def _counted(matches: Iterable[Match], trust: Trust) -> list[Match]:
    return [match for match in matches if _counts(match, trust)]


def _counts(match: Match, trust: Trust) -> bool:
    return trust.ceiling(match.list_name, match.category) > Action.ALLOW


def _would_be_unread(findings: Findings) -> bool:
    """Whether only a decision on this very file lets it pass though it could not be read."""
    return bool(findings.excepted and (findings.unscannable or findings.unreadable))


def _excuse(match: Match) -> Row:
    if match.standing is Standing.DISPUTED:
        return Row.DISPUTED_ENTRY
    if match.benign is not None and match.benign.scope is BankScope.DECISION:
        return Row.FALSE_POSITIVE
    identical = match.benign is not None and match.benign.identical
    return Row.KNOWN_GOOD if identical else Row.KNOWN_LOOK


def _why_disputed(findings: Findings, excused: tuple[Weighed, ...]) -> Row:
    if findings.excepted:
        return Row.FALSE_POSITIVE
    rows = [one.row for one in excused]
    return Row.DISPUTED_ENTRY if Row.DISPUTED_ENTRY in rows else rows[0]


def _unread(findings: Findings, policy: Policy) -> tuple[str, Action, Row]:
    """The graver of the two reasons why something was not read, and what it may cause."""
    nothing = "", Action.ALLOW, Row.CLEAN
    if findings.excepted:
        return nothing
    reasons = [
        (findings.unscannable, policy.unscannable, Row.UNSCANNABLE),
        (findings.unreadable, policy.unreadable, Row.UNREADABLE),
    ]
    return max((one for one in reasons if one[0]), key=lambda one: one[1], default=nothing)


def settled(matches: Iterable[Match], trust: Trust, now: datetime) -> bool:
    """Whether `matches`, found so far, make a verdict that nothing found later can change: an exact block.

    No action is stronger, no match comes before an exact one, and a part that cannot be read is no graver.
    """
    return any(
        match.exact and not match.excused and _allowed(match, trust, now) is Action.BLOCK for match in matches
    )


def passed_unchecked(code: str) -> Verdict:
    """The verdict on an upload that passes although it could not be checked, for the fault `code`."""
    return Verdict(Result.UNCHECKED, Action.MONITOR, code)


def _weigh(acting: list[Match], trust: Trust, now: datetime) -> list[Weighed]:
    backing = _backing(acting, trust, now)
    return [_weigh_one(match, backing, trust, now) for match in acting]


_Backing = Mapping[str, set[str]]


def _backing(acting: list[Match], trust: Trust, now: datetime) -> _Backing:
    """By view the origins that say of it, by PDQ, what could block by itself."""
    origins: defaultdict[str, set[str]] = defaultdict(set)
    for match in acting:
        likeness = match.signal_type is SignalType.PDQ and match.within_limit
        if likeness and _allowed(match, trust, now) is Action.BLOCK:
            origins[match.view].add(match.origin)
    return origins


def _weigh_one(match: Match, backing: _Backing, trust: Trust, now: datetime) -> Weighed:
    found = _kind(match, backing)
    action = min(trust.ceiling(match.list_name, match.category), found.most)
    if action <= Action.QUARANTINE:
        return Weighed(match, action, found)
    doubts = _doubts(match, trust, now)
    return Weighed(match, Action.QUARANTINE if doubts else action, found, doubts)


def _kind(match: Match, backing: _Backing) -> Row:
    if match.exact:
        return Row.EXACT
    if match.signal_type.coarse:
        return Row.COARSE
    if not match.within_limit:
        return Row.REVIEW_BAND
    if match.signal_type.plugged:
        return Row.PLUGGED
    corroborated = backing.get(match.view, set()) - {match.origin}
    return Row.CORROBORATED if corroborated else Row.PERCEPTUAL


def _doubts(match: Match, trust: Trust, now: datetime) -> tuple[Row, ...]:
    """Why this match may not block, though its category may."""
    reasons = {
        Row.YOUNG: _is_young(match, trust.probation, now),
        Row.LOOKS_GOOD: match.benign is not None,
        Row.LOWERED: match.standing is Standing.LOWERED,
    }
    return tuple(row for row, holds in reasons.items() if holds)


def _is_young(match: Match, probation: timedelta, now: datetime) -> bool:
    """What is of unknown age counts as young for ever, where there is any probation."""
    return bool(probation) if match.since is None else now - match.since < probation


def _allowed(match: Match, trust: Trust, now: datetime) -> Action:
    ceiling = trust.ceiling(match.list_name, match.category)
    return min(ceiling, Action.QUARANTINE) if _doubts(match, trust, now) else ceiling


def _result(match: Match) -> Result:
    return Result.MATCH if match.telling else Result.NEAR


def _strength(item: Weighed) -> tuple[Action, bool, bool, int]:
    """Among equal actions, exact comes first, then what counts as a match, then the smaller distance."""
    match = item.match
    return item.action, match.exact, _result(match) is Result.MATCH, -match.distance
