"""Suppositions about settings: categories, probation, and what becomes of what could not be read."""

from __future__ import annotations

from dataclasses import replace

from upload_guard.policy import Trust
from upload_guard.records import Action
from upload_guard.suppositions.story import Ladders, Story, Supposition, What, entry_words


def ceilings(story: Story) -> Ladders:
    trust = story.inputs.policy.trust
    for name, category in dict.fromkeys((match.list_name, match.category) for match in story.matches):
        now = trust.ceiling(name, category)
        for action in Action:
            if action is not now:
                words = (
                    f"category {category} of list {name} were set to {ceiling_word(action)}"
                    f" (it is {ceiling_word(now)})"
                )
                other = story.with_policy(trust=_with_ceiling(trust, name, category, action))
                yield (Supposition(What.CEILING, words, other),)


def ceiling_word(action: Action) -> str:
    """As settings name it."""
    return "ignore" if action is Action.ALLOW else action.label


def _with_ceiling(trust: Trust, list_name: str, category: str, action: Action) -> Trust:
    own = {**trust.by_list.get(list_name, {}), category.lower(): action}
    return replace(trust, by_list={**trust.by_list, list_name: own})


def probation(story: Story) -> Ladders:
    probation, now = story.inputs.policy.trust.probation, story.inputs.now
    begun = [(match.since, match) for match in reversed(story.counted) if match.since is not None]
    ends = {since + probation: match for since, match in begun if since + probation > now}
    yield [
        Supposition(
            What.PROBATION_OVER,
            f"it came after {end:%Y-%m-%d %H:%M} UTC, when the probation of {entry_words(ends[end])} is over",
            replace(story.inputs, now=end),
        )
        for end in sorted(ends)
    ]


def reading(story: Story) -> Ladders:
    findings, policy = story.inputs.findings, story.inputs.policy
    for reason, name, now in (
        (findings.unscannable, "unscannable", policy.unscannable),
        (findings.unreadable, "unreadable", policy.unreadable),
    ):
        if not reason:
            continue
        for action in (Action.MONITOR, Action.QUARANTINE):
            if action is not now:
                words = f'failure.{name} were "{action.label}" (it is "{now.label}")'
                yield (Supposition(What.SETTING, words, story.with_policy(**{name: action})),)
        words = "all of it could be read, and nothing more were found in it"
        yield (Supposition(What.READABLE, words, story.with_findings(**{name: ""})),)
