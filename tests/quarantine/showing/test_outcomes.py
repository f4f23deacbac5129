"""What became of files that had passed before they were found on a list."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support import lay_schema
from upload_guard.quarantine.showing.outcomes import LateAction, LateOutcomes
from upload_guard.storage.database import open_database


@pytest.fixture
def outcomes(tmp_path: Path) -> LateOutcomes:
    return LateOutcomes(open_database(lay_schema(f"sqlite:///{tmp_path / 'data' / 'db.sqlite3'}")))


def test_what_is_told_twice_stands_as_it_was_told_first(outcomes: LateOutcomes) -> None:
    first = outcomes.note("case-1", LateAction.HIDDEN, "attachment 7", "key-1")
    assert outcomes.note("case-1", LateAction.HIDDEN, "another word", "key-2") == first
    assert outcomes.on("case-1") == (first,)


def test_one_thing_may_follow_another(outcomes: LateOutcomes) -> None:
    outcomes.note("case-1", LateAction.FAILED, "", "key-1")
    outcomes.note("case-1", LateAction.REMOVED, "", "key-1")
    outcomes.note("case-2", LateAction.GONE, "", "key-1")
    assert [told.action for told in outcomes.on("case-1")] == [LateAction.FAILED, LateAction.REMOVED]


def test_a_long_reference_is_cut(outcomes: LateOutcomes) -> None:
    assert len(outcomes.note("case-1", LateAction.KEPT, "x" * 1000, "key-1").reference) == 200
