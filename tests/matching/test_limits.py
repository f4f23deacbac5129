"""Distance limits and review bands."""

from __future__ import annotations

from upload_guard.matching.limits import DistanceLimits
from upload_guard.records import SignalType

LIMITS = DistanceLimits(
    default={SignalType.PDQ: 31, SignalType.PHASH: 8},
    by_list={"strict": {SignalType.PDQ: 4}},
    review_by_list={"strict": {SignalType.PDQ: 20}, "odd": {SignalType.PDQ: 10}},
)


def test_a_list_has_its_own_limit_or_the_general_one() -> None:
    assert [LIMITS.limit(SignalType.PDQ, name) for name in ("strict", "other")] == [4, 31]


def test_exact_types_reach_nothing_else() -> None:
    assert LIMITS.limit(SignalType.MD5, "strict") == LIMITS.review_limit(SignalType.MD5, "strict") == 0


def test_a_review_band_reaches_beyond_the_limit_and_never_short_of_it() -> None:
    assert [LIMITS.band(SignalType.PDQ, name) for name in ("strict", "odd", "other")] == [20, 10, 0]
    assert [LIMITS.review_limit(SignalType.PDQ, name) for name in ("strict", "odd", "other")] == [20, 31, 31]


def test_looking_farther_leaves_every_limit_as_it_is() -> None:
    far = LIMITS.reaching({SignalType.PDQ: 60})
    assert [far.limit(SignalType.PDQ, name) for name in ("strict", "other")] == [4, 31]
    assert [far.review_limit(SignalType.PDQ, name) for name in ("strict", "other")] == [60, 60]
    assert far.review_limit(SignalType.PHASH, "other") == 8
