"""What hangs for ever costs its time once, and a bounded number of threads."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest

from tests.support import eventually
from upload_guard.upstreams.waiting import MOST_LEFT, within


@pytest.fixture
def hanging() -> Iterator[Callable[[], str]]:
    """A resolver that answers at the end of the test."""
    answers = threading.Event()

    def resolve() -> str:
        answers.wait(60)
        return "192.0.2.1"

    yield resolve
    answers.set()


def nobody(_: object) -> None:
    return


def hang(resolve: Callable[[], str], whom: str, times: int) -> None:
    for _ in range(times):
        with pytest.raises(TimeoutError):
            within(0.001, resolve, nobody, whom)


def is_refused_at_once(whom: str) -> bool:
    """Whether nothing is begun any more for that peer."""
    begun: list[bool] = []
    try:
        within(60, lambda: begun.append(True), nobody, whom)
    except TimeoutError:
        return not begun
    return False


def test_what_is_made_in_time_is_given_and_its_fault_raised() -> None:
    assert within(60, lambda: "made", nobody, "peer") == "made"
    with pytest.raises(ZeroDivisionError):
        within(60, lambda: 1 / 0, nobody, "peer")


def test_what_comes_too_late_is_let_go(hanging: Callable[[], str]) -> None:
    late: list[str] = []
    answers = threading.Event()
    with pytest.raises(TimeoutError):
        within(0.001, lambda: answers.wait(60) and "late", late.append, "slow")
    answers.set()
    assert eventually(lambda: late == ["late"])


def test_a_peer_that_hangs_for_ever_takes_no_more_threads_than_so_many(hanging: Callable[[], str]) -> None:
    before = threading.active_count()
    hang(hanging, "hangs", MOST_LEFT)
    assert is_refused_at_once("hangs")
    assert threading.active_count() <= before + MOST_LEFT


def test_another_peer_is_waited_for_all_the_same(hanging: Callable[[], str]) -> None:
    hang(hanging, "hangs too", MOST_LEFT)
    assert within(60, lambda: "made", nobody, "sound") == "made"


def test_once_the_threads_have_ended_it_is_asked_again() -> None:
    answers = threading.Event()
    hang(lambda: str(answers.wait(60)), "came back", MOST_LEFT)
    assert is_refused_at_once("came back")
    answers.set()
    assert eventually(lambda: not is_refused_at_once("came back"))
