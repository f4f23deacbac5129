"""Files and cases explained from what lies on this machine; the commands' own tests are in tests/cli."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.support import (
    LISTED_SEED,
    OTHER_SEED,
    activate_list,
    pdq_of,
    picture_bytes,
    recompressed,
    settings_in,
    upload_of,
)
from upload_guard.checkers.explainer import Explained
from upload_guard.compose import build_station, open_cases, open_explainer
from upload_guard.lists.formats import ListedHash
from upload_guard.records import NOT_DECODED, Action, Result, SignalType
from upload_guard.settings import Settings

LISTED = picture_bytes(LISTED_SEED)
LIKE = recompressed(LISTED)


def flipped(value: bytes, bits: int) -> ListedHash:
    """A hash that lies `bits` bits from `value`."""
    other = int.from_bytes(value) ^ ((1 << bits) - 1)
    return ListedHash(SignalType.PDQ, other.to_bytes(len(value)))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A list of what lies 10, 40, 50 and 70 bits from a picture's hash."""
    found = settings_in(tmp_path)
    activate_list(found, [flipped(pdq_of(LIKE), bits) for bits in (50, 70, 40, 10)])
    return found


def explained(settings: Settings, data: bytes = LIKE) -> Explained:
    return open_explainer(settings).of_file(upload_of(data))


def test_what_the_limit_does_not_reach_is_found_up_to_sixty_bits_nearest_first(settings: Settings) -> None:
    told = explained(settings)
    plain = [match.distance for match in told.beyond if not match.variant]
    assert plain == [40, 50]
    assert [match.distance for match in told.beyond] == sorted(match.distance for match in told.beyond)


def test_what_lies_beyond_changes_no_verdict(settings: Settings) -> None:
    told = explained(settings)
    assert {match.distance for match in told.explanation.verdict.matches if not match.variant} == {10}
    assert all(match.within_limit for match in told.findings.matches)
    assert not any(match.within_limit for match in told.beyond)


def test_what_a_lists_own_band_reaches_is_not_beyond(tmp_path: Path) -> None:
    banded = settings_in(tmp_path, lists={"test-list": {"pdq_review_limit": 45}})
    activate_list(banded, [flipped(pdq_of(LIKE), bits) for bits in (50, 40)])
    told = explained(banded)
    assert [match.distance for match in told.findings.matches if not match.variant] == [40]
    assert [match.distance for match in told.beyond if not match.variant] == [50]


def test_a_case_is_compared_with_what_is_listed_now(settings: Settings) -> None:
    station = build_station(settings)
    (outcome,) = station.guard.check([upload_of(LIKE)])
    case = open_cases(settings).one(outcome.case)
    told = open_explainer(settings).of_case(case)
    assert told.explanation.verdict.matches == case.matches
    assert [match.distance for match in told.beyond if not match.variant] == [40, 50]


def test_a_case_that_nothing_matches_is_clean_only_where_it_was_decoded(settings: Settings) -> None:
    station = build_station(settings)
    (outcome,) = station.guard.check([upload_of(LIKE)])
    case = replace(open_cases(settings).one(outcome.case), signals=())
    explainer = open_explainer(settings)
    assert explainer.of_case(case).explanation.verdict.result is Result.CLEAN
    shut = explainer.of_case(replace(case, degraded=(NOT_DECODED,))).explanation.verdict
    assert (shut.result, shut.action, shut.reason) == (Result.UNCHECKED, Action.ALLOW, "not_decoded")


def test_where_no_list_acts_a_case_is_unchecked(tmp_path: Path, settings: Settings) -> None:
    station = build_station(settings)
    (outcome,) = station.guard.check([upload_of(LIKE)])
    case = open_cases(settings).one(outcome.case)
    bare = settings_in(tmp_path / "bare")
    assert open_explainer(bare).of_case(case).explanation.verdict.reason == "no_list"
    assert explained(bare, picture_bytes(OTHER_SEED)).explanation.verdict.reason == "no_list"
