"""What was found here and what services said, together: never clean without anybody's answer."""

from __future__ import annotations

import pytest

from upload_guard.checkers.upstreams.answers import NO_ANSWER, Answers, Silence
from upload_guard.checkers.upstreams.upstream import OnFailure
from upload_guard.records import Findings

CLOSED, OPEN, DEGRADE = (Silence("eokm", "timeout", "too late", mode) for mode in OnFailure)


def test_an_answer_changes_nothing_that_was_found() -> None:
    found = Findings(degraded=("too small",))
    assert Answers(answered=True).added_to(found, listed=False) == found


def test_a_list_alone_is_enough_where_nobody_had_to_be_asked() -> None:
    assert Answers().added_to(Findings(), listed=True) == Findings()


def test_nobody_who_could_say_anything_is_unchecked() -> None:
    assert Answers().added_to(Findings(), listed=False).unchecked == NO_ANSWER


@pytest.mark.parametrize("listed", [True, False])
@pytest.mark.parametrize(
    ("silence", "code"), [(CLOSED, "timeout"), (OPEN, "unanswered")], ids=["closed", "open"]
)
def test_a_silence_that_counts_is_named_by_the_fault_that_decides(
    silence: Silence, code: str, listed: bool
) -> None:
    found = Answers(silent=(silence,), answered=True).added_to(Findings(), listed)
    assert [(one.upstream, one.code) for one in found.unanswered] == [("eokm", code)]
    assert (found.degraded, found.unchecked) == ((), "")


@pytest.mark.parametrize(("listed", "answered"), [(True, False), (False, True), (True, True)])
def test_a_silence_that_degrades_is_noted_where_somebody_else_has_looked(
    listed: bool, answered: bool
) -> None:
    found = Answers(silent=(DEGRADE,), answered=answered).added_to(Findings(), listed)
    assert (found.unanswered, found.degraded, found.unchecked) == ((), ("eokm: no answer (timeout)",), "")


def test_and_counts_where_nobody_has() -> None:
    found = Answers(silent=(DEGRADE,)).added_to(Findings(), listed=False)
    assert [one.code for one in found.unanswered] == ["unanswered"]
    assert found.degraded == ()


def test_what_cannot_be_hashed_is_noted_and_no_answer() -> None:
    found = Answers(notes=("hma: too little in it",)).added_to(Findings(), listed=False)
    assert (found.unchecked, found.degraded) == (NO_ANSWER, ("hma: too little in it",))
