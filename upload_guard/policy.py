"""Findings -> verdict -> action. One pure table: no input or output, no clock of its own.

In the order in which a person would want to hear it:

    what was found                                  the most that it may cause
    ----------------------------------------------  ---------------------------------------------
    an exact digest on a list                       what its list and category allow
    PDQ within the limit in two lists of different  the same, for entries that may each block
      origin, on the same view
    PDQ within the limit                            quarantine
    PDQ in the review band beyond the limit         quarantine, as `near`
    pHash, dHash                                    monitor, as `near`: they never act alone
    any entry younger than the probation            quarantine
    an exact digest of a file that looks like a     quarantine
      known-good image
    an exact digest, or PDQ, of an entry that the   quarantine
      flood breaker has lowered
    any match of a file that is known to be good,   nothing; if no other is left, monitor, as `disputed`
      of one that a person found a false positive,
      of an entry that two persons dispute,
      or a likeness of a view that is known good
    a category that is set to ignore                nothing, as if it were not listed
    an image that could not be read                 the setting for `unscannable`
    another file that could not be read             the setting for `unreadable`
    nothing to check against                        nothing, as `unchecked`
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from upload_guard.records import Action, Findings, Match, Result, SignalType, Standing, Verdict


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


def judge(findings: Findings, policy: Policy, now: datetime) -> Verdict:
    """The verdict on one upload. The strongest match decides, unless not being able to read it is graver."""
    counted = _counted(findings.matches, policy.trust)
    excused = tuple(match for match in counted if match.excused)
    weighed = _weigh([match for match in counted if not match.excused], policy.trust, now)
    listed = max(weighed, key=_strength, default=None)
    unread, action = ("", Action.ALLOW) if findings.excepted else _unread(findings, policy)
    if unread and (listed is None or listed.action < action):
        verdict = Verdict(Result.UNSCANNABLE, action, unread)
    elif listed is not None:
        verdict = Verdict(_result(listed.match), listed.action, listed.reason)
    elif excused or _would_be_unread(findings):
        verdict = Verdict(Result.DISPUTED, Action.MONITOR, _why_disputed(findings, excused))
    elif findings.unchecked:
        verdict = Verdict(Result.UNCHECKED, Action.ALLOW, findings.unchecked)
    else:
        verdict = Verdict(Result.CLEAN, Action.ALLOW)
    matches = tuple(item.match for item in sorted(weighed, key=_strength, reverse=True))
    return Verdict(verdict.result, verdict.action, verdict.reason, matches + excused, findings.degraded)


def counts(matches: Iterable[Match], trust: Trust) -> tuple[Match, ...]:
    """Those of `matches` that mean anything: in no ignored category, and not excused by the bank."""
    return tuple(match for match in _counted(matches, trust) if not match.excused)


def _counted(matches: Iterable[Match], trust: Trust) -> list[Match]:
    return [match for match in matches if trust.ceiling(match.list_name, match.category) > Action.ALLOW]


def _would_be_unread(findings: Findings) -> bool:
    """Whether only a decision on this very file lets it pass though it could not be read."""
    return bool(findings.excepted and (findings.unscannable or findings.unreadable))


def _why_disputed(findings: Findings, excused: tuple[Match, ...]) -> str:
    if findings.excepted:
        return "false_positive"
    return "disputed_entry" if any(match.standing is Standing.DISPUTED for match in excused) else "benign"


def _unread(findings: Findings, policy: Policy) -> tuple[str, Action]:
    """The graver of the two reasons why something was not read, and what it may cause."""
    reasons = [(findings.unscannable, policy.unscannable), (findings.unreadable, policy.unreadable)]
    return max(
        (reason for reason in reasons if reason[0]), key=lambda reason: reason[1], default=("", Action.ALLOW)
    )


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


@dataclass(frozen=True, slots=True)
class _Weighed:
    match: Match
    action: Action
    reason: str


def _weigh(counted: list[Match], trust: Trust, now: datetime) -> list[_Weighed]:
    return [_weigh_one(match, counted, trust, now) for match in counted]


def _weigh_one(match: Match, counted: list[Match], trust: Trust, now: datetime) -> _Weighed:
    allowed = _allowed(match, trust, now)
    if match.exact:
        return _Weighed(match, allowed, "exact")
    if match.signal_type is not SignalType.PDQ:
        return _Weighed(match, min(allowed, Action.MONITOR), "near")
    if not match.within_limit:
        return _Weighed(match, min(allowed, Action.QUARANTINE), "near")
    if any(_corroborates(other, match, trust, now) for other in counted):
        return _Weighed(match, allowed, "corroborated")
    return _Weighed(match, min(allowed, Action.QUARANTINE), "perceptual")


def _allowed(match: Match, trust: Trust, now: datetime) -> Action:
    ceiling = trust.ceiling(match.list_name, match.category)
    doubtful = (
        now - match.since < trust.probation or match.benign is not None or match.standing is Standing.LOWERED
    )
    return min(ceiling, Action.QUARANTINE) if doubtful else ceiling


def _corroborates(other: Match, match: Match, trust: Trust, now: datetime) -> bool:
    """Whether `other` says of the same view, from another origin, what could block by itself."""
    return (
        other.signal_type is SignalType.PDQ
        and other.within_limit
        and other.view == match.view
        and other.origin != match.origin
        and _allowed(other, trust, now) is Action.BLOCK
    )


def _result(match: Match) -> Result:
    if match.exact or (match.signal_type is SignalType.PDQ and match.within_limit):
        return Result.MATCH
    return Result.NEAR


def _strength(item: _Weighed) -> tuple[Action, bool, bool, int]:
    """Among equal actions, exact comes first, then what counts as a match, then the smaller distance."""
    match = item.match
    return item.action, match.exact, _result(match) is Result.MATCH, -match.distance
