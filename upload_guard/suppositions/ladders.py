"""Every ladder of suppositions, in order."""

from __future__ import annotations

from upload_guard.suppositions import file, listed, reach, trusted
from upload_guard.suppositions.story import Ladders, Story


def ladders(story: Story) -> Ladders:
    """Every ladder of suppositions about `story`, in the order in which a person would want to hear them."""
    for group in (
        listed.entries,
        listed.lists,
        file.decision,
        file.bank,
        reach.limits,
        reach.review_limits,
        trusted.ceilings,
        trusted.probation,
        listed.second_origin,
        listed.one_origin,
        listed.standings,
        trusted.reading,
    ):
        yield from group(story)
