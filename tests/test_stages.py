"""Time by stage, of one request at a time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from upload_guard.stages import Stage, measured, timed


def test_a_stage_met_twice_counts_once_with_both() -> None:
    with measured() as laps:
        for _ in range(2):
            with timed(Stage.MATCH):
                sum(range(1000))
        once = laps[Stage.MATCH]
        with timed(Stage.MATCH):
            sum(range(1000))
    assert set(laps) == {Stage.MATCH}
    assert laps[Stage.MATCH] > once > 0


def test_what_fails_took_its_time_too() -> None:
    with measured() as laps, pytest.raises(ValueError, match="no"), timed(Stage.DECODE):
        raise ValueError("no")
    assert Stage.DECODE in laps


def test_nobody_is_told_of_anothers_stages() -> None:
    together = Barrier(2)

    def request(stage: Stage) -> set[Stage]:
        with measured() as laps:
            together.wait()
            with timed(stage):
                together.wait()
        return set(laps)

    with ThreadPoolExecutor(2) as pool:
        seen = list(pool.map(request, (Stage.MATCH, Stage.KEEP)))
    assert seen == [{Stage.MATCH}, {Stage.KEEP}]


def test_where_nobody_measures_nothing_happens() -> None:
    with timed(Stage.JUDGE):
        pass
    with measured() as laps:
        pass
    assert laps == {}
