"""Turns are given evenly apart, and refused at once where they would come too late."""

from __future__ import annotations

import time

from upload_guard.checkers.upstreams.rate import Rate


def test_as_many_as_come_where_no_rate_is_set() -> None:
    rate = Rate(0)
    assert all(rate.wait(time.monotonic()) for _ in range(1000))


def test_the_second_waits_for_its_turn() -> None:
    rate = Rate(10)
    begun = time.monotonic()
    assert rate.wait(begun + 5)
    assert rate.wait(begun + 5)
    assert time.monotonic() - begun >= 0.1


def test_a_turn_that_would_come_too_late_is_none_and_takes_nobody_elses() -> None:
    """Whoever waited for it here would do so for a day."""
    rate = Rate(1 / 86400)
    begun = time.monotonic()
    assert rate.wait(begun + 600)
    assert not rate.wait(begun + 600)
    assert not rate.wait(begun + 86000)
