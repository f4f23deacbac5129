"""[follow_up]: a question that comes after the deadline is of no use. Who hears outcomes can name a hit."""

from __future__ import annotations

import pytest

from tests.test_settings import fault_of
from tests.test_upstream_settings import loaded, table
from upload_guard.loading import load_settings


def test_the_norm_is_a_day_and_the_question_comes_before_it() -> None:
    own = load_settings().follow_up
    assert (own.hours, own.ask_hours, own.keep_days) == (24.0, 20.0, 400)


def test_a_question_after_the_deadline_is_refused() -> None:
    assert "ask_hours of at most hours" in fault_of(follow_up={"hours": 12})
    assert load_settings(follow_up={"hours": 12, "ask_hours": 12}).follow_up.ask_hours == 12


def test_nobody_is_told_outcomes_unasked() -> None:
    assert not loaded("upload_guard").outcomes
    assert loaded("upload_guard", outcomes=True).outcomes
    assert loaded("eokm", outcomes=True).outcomes


@pytest.mark.parametrize(
    ("kind", "options", "words"),
    [
        ("hma", {}, "without outcomes: hma wants to hear none"),
        ("upload_guard", {"send": ["file"]}, "outcomes name a hit by its hash"),
    ],
    ids=["hma", "file-only"],
)
def test_whoever_could_not_take_them_is_a_fault(kind: str, options: dict[str, object], words: str) -> None:
    assert words in fault_of(**table(kind, outcomes=True, **options))
