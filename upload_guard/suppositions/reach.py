"""Suppositions about how far a likeness may reach."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from upload_guard.records import Match, SignalType
from upload_guard.suppositions.story import Ladders, Story, Supposition, What

_Scope = tuple[str, SignalType]


def _scope(match: Match) -> _Scope:
    return match.list_name, match.signal_type


def _scopes(matches: Iterable[Match]) -> dict[_Scope, list[Match]]:
    """Likenesses by what a distance limit is set for."""
    scopes: dict[_Scope, list[Match]] = {}
    for match in matches:
        if not match.exact:
            scopes.setdefault(_scope(match), []).append(match)
    return scopes


def limits(story: Story) -> Ladders:
    for scope, matches in _scopes((*story.matches, *story.beyond)).items():
        now = matches[0].limit
        distances = {match.distance for match in matches}
        lower = [distance - 1 for distance in sorted(distances, reverse=True) if 0 < distance <= now]
        higher = sorted(distance for distance in distances if distance > now)
        for steps in (lower, higher):
            yield [_with_limit(story, scope, limit, now) for limit in steps]


def _with_limit(story: Story, scope: _Scope, limit: int, now: int) -> Supposition:
    list_name, kind = scope
    reached = _reached(story, scope, limit, story.limits.band(kind, list_name))
    words = f"the {kind} limit of list {list_name} were {limit} (it is {now})"
    return Supposition(What.LIMIT, words, story.with_matches(reached))


def _reached(story: Story, scope: _Scope, limit: int, band: int) -> Iterator[Match]:
    """What would be found under other limits of one list and type."""
    for match in story.matches:
        if _scope(match) != scope:
            yield match
    for match in (*story.matches, *story.beyond):
        if _scope(match) == scope and match.distance <= max(limit, band):
            yield replace(match, limit=limit)


def review_limits(story: Story) -> Ladders:
    for scope, matches in _scopes((*story.matches, *story.beyond)).items():
        if scope[1] is not SignalType.PDQ:
            continue
        list_name, now = scope[0], matches[0].limit
        end = max(now, story.limits.band(SignalType.PDQ, list_name))
        outside = {match.distance for match in matches if match.distance > now}
        narrower = [distance - 1 for distance in sorted(outside, reverse=True) if distance <= end]
        wider = sorted(distance for distance in outside if distance > end)
        for steps in (narrower, wider):
            yield [_with_band(story, scope, now, band) for band in steps]


def _with_band(story: Story, scope: _Scope, limit: int, band: int) -> Supposition:
    given = story.limits.band(scope[1], scope[0])
    words = (
        f"the review band of list {scope[0]} ended at {band} ({f'now {given}' if given else 'it has none'})"
    )
    return Supposition(What.REVIEW_LIMIT, words, story.with_matches(_reached(story, scope, limit, band)))
