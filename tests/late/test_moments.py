"""How old something is, whatever somebody does to the clock."""

from __future__ import annotations

from upload_guard.late.moments import Moment, now

DAY = 86400.0


def test_row_19_a_clock_set_by_a_day_makes_nothing_older() -> None:
    before = Moment("boot", 100.0, 1e9)
    for wall in (1e9 + DAY, 1e9 - DAY):
        assert Moment("boot", 160.0, wall + 60).since(before) == 60.0


def test_after_a_start_of_the_machine_the_wall_clock_is_all_there_is() -> None:
    assert Moment("second", 5.0, 1e9 + 300).since(Moment("first", 7000.0, 1e9)) == 300.0


def test_a_clock_that_lost_its_time_over_a_start_makes_nothing_old() -> None:
    assert Moment("second", 5.0, 0.0).since(Moment("first", 7000.0, 1e9)) == 0.0


def test_without_a_name_of_the_boot_the_wall_clock_counts() -> None:
    assert Moment("", 5.0, 1e9 + 10).since(Moment("", 7000.0, 1e9)) == 10.0


def test_now_goes_on() -> None:
    earlier = now()
    assert 0 <= now().since(earlier) < DAY
    assert now().boot == earlier.boot
