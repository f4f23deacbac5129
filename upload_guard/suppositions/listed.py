"""Suppositions about what is listed: entries, lists, origins, and what is thought of entries here."""

from __future__ import annotations

from dataclasses import replace

from upload_guard.policy_table import Row
from upload_guard.records import Action, Standing
from upload_guard.suppositions.story import (
    Ladders,
    Story,
    Supposition,
    Wanted,
    What,
    distinct,
    entry_key,
    entry_words,
    is_of,
)


def entries(story: Story) -> Ladders:
    for match in distinct(story.counted):
        gone = is_of(entry_key(match))
        words = f"{entry_words(match)} were retracted"
        yield (Supposition(What.ENTRY_RETRACTED, words, story.without(gone)),)
        # A mere likeness is no reason to dispute an entry.
        if match.exact and not match.told and match.standing is not Standing.DISPUTED:
            words = f"two persons disputed {entry_words(match)}"
            disputed = story.with_each(gone, standing=Standing.DISPUTED)
            yield (Supposition(What.ENTRY_DISPUTED, words, disputed),)


def lists(story: Story) -> Ladders:
    names = list(dict.fromkeys(match.list_name for match in story.counted))
    for name in names:
        without = story.without(_on_list(name))
        yield (Supposition(What.LIST_SILENT, f"list {name} had none of these entries", without),)
    for origin in dict.fromkeys(match.origin for match in story.counted):
        if len({match.list_name for match in story.counted if match.origin == origin}) > 1:
            words = f"no list of the origin {origin} had any of these entries"
            yield (Supposition(What.ORIGIN_SILENT, words, story.without(_of_origin(origin))),)
    if len(names) > 1:
        words = "no list had any of these entries"
        yield (Supposition(What.NOTHING_LISTED, words, story.with_matches(())),)


def _on_list(name: str) -> Wanted:
    return lambda match: match.list_name == name


def _of_origin(origin: str) -> Wanted:
    return lambda match: match.origin == origin


# No list can have this name, and so none has rules under it.
_ELSEWHERE = "another list"


def second_origin(story: Story) -> Ladders:
    trust, now = story.inputs.policy.trust, story.inputs.now
    weighed = story.decided.weighed
    alone = {one.match.view: one.match for one in reversed(weighed) if one.found is Row.PERCEPTUAL}
    blocking = [category for category, most in trust.ceilings.items() if most is Action.BLOCK]
    if not blocking:
        return
    for view, match in alone.items():
        other = replace(
            match,
            list_name=_ELSEWHERE,
            origin=_ELSEWHERE,
            category=blocking[0],
            since=min(match.since or now, now - trust.probation),
            standing=Standing.FIRM,
        )
        words = f"a list of another origin, one that may block, had the look of {view}, too"
        yield (Supposition(What.SECOND_ORIGIN, words, story.with_matches((*story.matches, other))),)


def one_origin(story: Story) -> Ladders:
    together = [one.match for one in story.decided.weighed if one.found is Row.CORROBORATED]
    if not together:
        return
    names = " and ".join(dict.fromkeys(match.list_name for match in together))
    same = story.with_each(lambda match: match in together, origin=together[0].origin)
    yield (Supposition(What.ONE_ORIGIN, f"{names} were of one origin", same),)


def standings(story: Story) -> Ladders:
    for standing, what, words in (
        (Standing.LOWERED, What.BREAKER_LIFTED, "the flood breaker were lifted from"),
        (Standing.DISPUTED, What.DISPUTE_LIFTED, "the dispute were lifted from"),
    ):
        held = distinct(match for match in story.counted if match.standing is standing)
        for match in held:
            firm = story.with_each(is_of(entry_key(match)), standing=Standing.FIRM)
            yield (Supposition(what, f"{words} {entry_words(match)}", firm),)
        if len(held) > 1:
            firm = story.with_each(_stands(standing), standing=Standing.FIRM)
            yield (Supposition(what, f"{words} all of these entries", firm),)


def _stands(standing: Standing) -> Wanted:
    return lambda match: match.standing is standing
