"""Building what is missing: in another thread, once at a time, with a pause after each attempt."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from tests.support import eventually
from upload_guard.errors import ListError
from upload_guard.matching.mender import Mender


def ended(mender: Mender, attempts: int) -> None:
    assert eventually(lambda: mender.attempts >= attempts and not mender.building)


def failing(fault: Exception) -> Callable[[], None]:
    def build() -> None:
        raise fault

    return build


def test_it_builds_once_at_a_time_and_keeps_nobody_waiting() -> None:
    go_on, begun = threading.Event(), []

    def build() -> None:
        begun.append(1)
        assert go_on.wait(60)

    mender = Mender(build, 0.0)
    for _ in range(3):
        mender.begin()
    assert mender.building
    go_on.set()
    ended(mender, 1)
    assert (begun, mender.fault) == ([1], "")


@pytest.mark.parametrize(
    ("fault", "said"),
    [(ListError("it is damaged"), "it is damaged"), (ValueError("x"), "a fault of our own: ValueError")],
)
def test_a_failure_is_told_and_not_tried_again_in_the_pause(fault: Exception, said: str) -> None:
    mender = Mender(failing(fault), 60.0)
    mender.begin()
    ended(mender, 1)
    mender.begin()
    assert not mender.building
    assert (mender.attempts, mender.fault) == (1, said)


def test_each_pause_is_longer_until_all_is_well() -> None:
    mender = Mender(failing(ListError("damaged")), 0.001)
    pauses = []
    for attempt in range(1, 4):
        pauses.append(mender._pause)
        while not mender.building and mender.attempts < attempt:
            mender.begin()
            time.sleep(0.001)
        ended(mender, attempt)
    assert pauses == [0.001, 0.002, 0.004]
    mender.all_well()
    assert (mender._pause, mender.fault) == (0.001, "")
    mender.begin()
    ended(mender, 4)


def test_no_pause_is_longer_than_five_minutes() -> None:
    mender = Mender(failing(ListError("damaged")), 200.0)
    mender.begin()
    ended(mender, 1)
    assert mender._pause == 300.0
