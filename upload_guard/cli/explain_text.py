"""What `upload-guard explain` says, in lines of at most 100 columns: words first, then the whole way."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from upload_guard.cli.context import printable
from upload_guard.explanation import DONE, Change, news
from upload_guard.policy import Weighed
from upload_guard.records import NOT_DECODED, Action, Match, Result, Signal, SignalType
from upload_guard.suppositions.trusted import ceiling_word

if TYPE_CHECKING:
    from upload_guard.checkers.explainer import Explained
    from upload_guard.policy import Trust
    from upload_guard.quarantine.cases import CaseInfo
    from upload_guard.quarantine.showing.history import Said

COLUMNS = 100
_SIGNALS, _MATCHES, _BEYOND, _CHANGES = 12, 8, 3, 24
_Item = TypeVar("_Item")


@dataclass(frozen=True, slots=True)
class TextTeller:
    """How it is told: whole hashes or their first 8 digits, and what categories may cause."""

    trust: Trust
    whole_hashes: bool = False

    def of_file(self, name: str, told: Explained) -> Iterator[str]:
        verdict = told.explanation.verdict
        yield from _wrapped(f"{name}: {verdict.result}, {verdict.action.label}")
        yield ""
        yield from _wrapped(told.explanation.sentence)
        yield from self._way(told)

    def of_case(self, case: CaseInfo, told: Explained, said: Sequence[Said]) -> Iterator[str]:
        yield from _wrapped(
            f"Case {case.number}, {case.state.words}: {case.media_type or 'no type given'},"
            f" {case.size} bytes, to {case.site or 'no site'} {case.route},"
            f" {case.created_at:%Y-%m-%d %H:%M} UTC"
        )
        yield ""
        yield from _then_and_now(case, told)
        yield from _section("What people said of it", said, _said, _CHANGES)
        yield from self._way(told)

    def _way(self, told: Explained) -> Iterator[str]:
        explanation, findings = told.explanation, told.findings
        yield from _section("What it was compared by", findings.signals, self._signal, _SIGNALS)
        yield from _section("What was skipped or not read", _lacking(told), _one, _SIGNALS)
        yield from _section("Matches", explanation.weighed, self._match, _MATCHES)
        others = _others(told)
        yield from _section("Out of reach, nearest first", others, self._beyond, _BEYOND)
        if not others:
            yield from ("", *_wrapped(_nothing_near(told)))
        yield from _section(
            "It would have been otherwise if", _sorted(explanation.changes), _change, _CHANGES
        )
        if not explanation.changes:
            yield from ("", *_wrapped("Nothing that could be tried by itself would change that."))

    def hash(self, value: bytes) -> str:
        return value.hex() if self.whole_hashes else value[:4].hex()

    def _signal(self, signal: Signal) -> Iterator[str]:
        quality = "" if signal.quality is None else f"quality {signal.quality}"
        where = ", ".join(part for part in (signal.view, signal.variant, quality) if part)
        yield f"{signal.type:<6}  {self.hash(signal.value)}  {where}".rstrip()

    def _match(self, weighed: Weighed) -> Iterator[str]:
        match = weighed.match
        yield f"{self._entry(match)}: {_distance(match)}"
        ceiling = self.trust.ceiling(match.list_name, match.category)
        yield (
            f"category {match.category} (set to {ceiling_word(ceiling)}), origin {match.origin},"
            f" {_age(match)}"
        )
        if match.benign:
            yield f"the file or view {match.benign.words}"
        for row in dict.fromkeys((weighed.found, *weighed.doubts)):
            yield f"rule: {row.found}; {row.causes}"
        yield f"so by itself: {weighed.action.label}"

    def _beyond(self, match: Match) -> Iterator[str]:
        yield f"{self._entry(match)}: {_distance(match)}"

    def _entry(self, match: Match) -> str:
        value = f", {self.hash(match.value)}" if match.value else ""
        if match.told:
            return f"{match.signal_type} known to the check service {match.list_name}{value}"
        return f"{match.signal_type} on {match.list_name} version {match.version}, entry {match.entry}{value}"


def _age(match: Match) -> str:
    since = match.since
    return f"listed since {since:%Y-%m-%d %H:%M} UTC" if since else "of an age that it does not tell"


def _distance(match: Match) -> str:
    where = ", ".join(part for part in (match.view, match.variant) if part)
    away = "identical" if match.exact else f"{match.distance} bits away, limit {match.limit}"
    return f"{away}, {where}" if where else away


def _others(told: Explained) -> list[Match]:
    """Each entry that nothing of it matches, once, where it comes nearest to it."""
    matched = {_entry(match) for match in told.findings.matches}
    nearest = {_entry(match): match for match in reversed(told.beyond)}
    return sorted((nearest[entry] for entry in nearest.keys() - matched), key=lambda match: match.distance)


def _entry(match: Match) -> tuple[str, SignalType, int]:
    return match.list_name, match.signal_type, match.entry


def _nothing_near(told: Explained) -> str:
    if not any(not signal.type.exact for signal in told.findings.signals):
        return "Nothing else could be near: it has no perceptual hash."
    return "No other entry is near: none lies within 60 bits of PDQ, or 16 of pHash or dHash."


def _lacking(told: Explained) -> tuple[str, ...]:
    findings = told.findings
    named = {
        "an image could not be read whole": findings.unscannable,
        "a file could not be read": findings.unreadable,
        "not checked": findings.unchecked,
    }
    unanswered = (f"check service {one.upstream}: {one.why} ({one.code})" for one in findings.unanswered)
    return (*(f"{what}: {why}" for what, why in named.items() if why), *unanswered, *findings.degraded)


def _sorted(changes: Sequence[Change]) -> list[Change]:
    """The mildest outcomes first: who asks mostly wants to know what would have let it pass."""
    return sorted(changes, key=lambda change: change.verdict.action)


def _change(change: Change) -> Iterator[str]:
    yield f"{change.words}: {outcome(change.verdict.action, change.verdict.result)}"


def outcome(action: Action, result: Result | str) -> str:
    return f"{DONE[action].lower()} ({result})"


def _said(said: Said) -> Iterator[str]:
    because = f": {said.because}" if said.because else ""
    yield f"{said.at:%Y-%m-%d %H:%M} UTC, {said.by}: {said.what}{because}"


def _one(text: str) -> Iterator[str]:
    yield text


def _then_and_now(case: CaseInfo, told: Explained) -> Iterator[str]:
    explanation = told.explanation
    verdict = explanation.verdict
    then, now = (case.action, case.result), (verdict.action.label, verdict.result.value)
    if then == now:
        yield from _wrapped(f"Then and now: {', '.join(now)}. {explanation.sentence}")
    else:
        reasons = news(case.matches, explanation.weighed) or ("settings, or the time, have changed",)
        yield from _wrapped(f"Then: {then[0]}, {then[1]} ({case.reason}): {case.why}")
        yield from _wrapped(f"Now:  {now[0]}, {now[1]}. {explanation.sentence}")
        yield from _section("What has changed since", reasons, _one, _MATCHES)
    if NOT_DECODED in case.degraded:
        yield ""
        yield from _wrapped(
            "The file was not opened then, since an exact digest settled it, and it is not opened now: what"
            " its picture is like is not known."
        )


def _section(
    title: str, items: Sequence[_Item], told: Callable[[_Item], Iterable[str]], most: int
) -> Iterator[str]:
    """Each item as a point, the first `most` of them; nothing where there is none."""
    if not items:
        return
    yield ""
    yield f"{title}:" if len(items) == 1 else f"{title} ({len(items)}):"
    for item in items[:most]:
        first, *more = told(item)
        yield from _wrapped(first, "  - ", "    ")
        for line in more:
            yield from _wrapped(line, "    ", "    ")
    if len(items) > most:
        yield f"  and {len(items) - most} more (--json has them all)"


def _wrapped(text: str, first: str = "", others: str = "") -> list[str]:
    return textwrap.wrap(
        printable(text), COLUMNS, initial_indent=first, subsequent_indent=others, break_on_hyphens=False
    )
