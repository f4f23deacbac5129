"""How a verdict came about, and what would have changed it. Pure: no input or output, no clock of its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from upload_guard.matching.limits import DistanceLimits
from upload_guard.policy import Policy, Weighed
from upload_guard.policy_table import Row
from upload_guard.records import Action, Findings, Match, SignalType, Standing, Verdict
from upload_guard.suppositions.ladders import ladders
from upload_guard.suppositions.story import Inputs, Story, What, entry_words
from upload_guard.suppositions.trusted import ceiling_word


@dataclass(frozen=True, slots=True)
class Change:
    """Something that would have changed the verdict. `words` continue "if"; `inputs` lead to `verdict`."""

    what: What
    words: str
    inputs: Inputs
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Explanation:
    """`row` decided. `weighed` are all matches: those that act, strongest first, then excused, then ignored.

    `sentence` says it to a person: for administrators only, since it names list and distance.
    """

    verdict: Verdict
    row: Row
    weighed: tuple[Weighed, ...]
    changes: tuple[Change, ...]
    sentence: str


def explain(
    findings: Findings,
    policy: Policy,
    now: datetime,
    limits: DistanceLimits,
    beyond: tuple[Match, ...] = (),
) -> Explanation:
    """Explains what `judge` says of the first three.

    `limits` are those under which the matches were found, `beyond` entries that they did not reach.
    """
    inputs = Inputs(findings, policy, now)
    decided = inputs.decided()
    weighed = decided.weighed + decided.excused + decided.ignored
    changes = tuple(_changes(Story(inputs, decided, limits, beyond)))
    sentence = _sentence(decided.verdict, decided.row, weighed, policy)
    return Explanation(decided.verdict, decided.row, weighed, changes, sentence)


def _changes(story: Story) -> Iterator[Change]:
    """Of each ladder the first step that makes a difference."""
    for ladder in ladders(story):
        for step in ladder:
            verdict = step.inputs.decided().verdict
            if differ(verdict, story.decided.verdict):
                yield Change(step.what, step.words, step.inputs, verdict)
                break


def differ(one: Verdict, other: Verdict) -> bool:
    """Whether anybody would notice: by what is done, or by what it is called."""
    return (one.action, one.result) != (other.action, other.result)


DONE = {
    Action.ALLOW: "Passed",
    Action.MONITOR: "Passed and noted",
    Action.QUARANTINE: "Held",
    Action.BLOCK: "Blocked",
}


def _sentence(verdict: Verdict, row: Row, weighed: tuple[Weighed, ...], policy: Policy) -> str:
    done = DONE[verdict.action]
    if row is Row.CANARY:
        return f"{done}, since it is {row.found}; {row.causes}. No case is opened and nothing counts it."
    if row is Row.CLEAN and weighed:
        return f"{done}, since it matches nothing else than ignored categories; {Row.IGNORED.causes}."
    if row is Row.CLEAN:
        return f"{done}, since it matches no entry of an active list."
    if row is Row.UNANSWERED:
        return f"Not checked, since it waits for {row.found} ({verdict.reason}); {row.causes}."
    if row is Row.UNCHECKED:
        return f"{done}, since it was not checked ({verdict.reason}); {row.causes}."
    if row in _UNREAD:
        return f"{done}, since it is, or holds, {row.found} ({verdict.reason}); {row.causes}."
    deciding = next((one for one in weighed if one.row is row), None)
    if deciding is None:
        return f"{done}, since a person found this very file a false positive."
    match = deciding.match
    ceiling = policy.trust.ceiling(match.list_name, match.category)
    return f"{done}, since {_seen(match)}; {row.causes} ({match.category}: {ceiling_word(ceiling)})."


_UNREAD = frozenset({Row.UNSCANNABLE, Row.UNREADABLE})


def _seen(match: Match) -> str:
    if match.exact:
        whose = f"of the file {match.view} inside it " if match.view else "of the file "
        return f"the {match.signal_type} {whose}is {entry_words(match)}"
    picture = f"{match.view} ({match.variant})" if match.variant else match.view
    if match.told:
        return f"the picture {picture or 'of the file'} looks like {entry_words(match)}"
    entry = f"entry {match.entry} of {match.list_name} ({match.signal_type}, limit {match.limit})"
    return f"the picture {picture} is {match.distance} bits from {entry}"


def news(before: tuple[Match, ...], after: tuple[Weighed, ...]) -> tuple[str, ...]:
    """What has become of the matches of an earlier verdict, and what came to them, a sentence each."""
    said: dict[str, None] = {}
    now = {_place(one.match): one for one in after}
    for match in before:
        found = now.get(_place(match))
        said |= dict.fromkeys(_gone(match) if found is None else _changed(match, found))
    known = {_place(match) for match in before}
    for one in after:
        if _place(one.match) not in known and one.row is not Row.IGNORED:
            said[f"{entry_words(one.match)} matches it now"] = None
    return tuple(said)


def _place(match: Match) -> tuple[str, SignalType, object, str, str]:
    return match.list_name, match.signal_type, match.value or match.entry, match.view, match.variant


def _gone(match: Match) -> Iterator[str]:
    named = entry_words(match) + ("" if match.told else f", version {match.version},")
    yield f"{named} is not found any more: no longer listed, or out of reach"


def _changed(match: Match, found: Weighed) -> Iterator[str]:
    named, now = entry_words(match), found.match
    if found.row is Row.IGNORED:
        yield f"category {now.category} of list {now.list_name} is set to ignore"
    elif now.category != match.category:
        yield f"{named} has come from category {match.category} to {now.category}"
    if now.limit != match.limit:
        yield f"the {now.signal_type} limit of list {now.list_name} is {now.limit}, and was {match.limit}"
    if now.standing is not match.standing:
        yield f"{named} is {_STANDINGS[now.standing]}"
    if now.benign != match.benign:
        yield (
            f"{named}: the file or view {now.benign.words}" if now.benign else f"{named}: the bank is silent"
        )


_STANDINGS = {
    Standing.FIRM: "firm again",
    Standing.LOWERED: "lowered by the flood breaker",
    Standing.DISPUTED: "disputed here by two persons",
}
