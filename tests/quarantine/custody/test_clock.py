"""The least that the time can be, whatever a clock says."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.support import vault_in
from upload_guard.quarantine.custody.clock import HouseClock, Running, running

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
START = datetime(2027, 3, 1, tzinfo=UTC)


@dataclass
class Machine:
    """A machine whose clock is `off`, and which says what it is asked for."""

    clock: HouseClock
    true: datetime
    off: timedelta
    boot: str
    started: datetime

    def passes(self, time: timedelta) -> datetime:
        self.true += time
        return self.clock.least()


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    database = vault_in(tmp_path).database
    made = Machine(HouseClock(database), START, timedelta(), "one", START)
    made.clock = HouseClock(
        database,
        lambda: made.true + made.off,
        lambda: Running(made.boot, (made.true - made.started).total_seconds()),
    )
    return made


def restart(machine: Machine, after: timedelta) -> None:
    machine.true += after
    machine.boot, machine.started = f"{machine.boot}+", machine.true


def test_a_day_is_taken_off_a_right_clock(machine: Machine) -> None:
    assert machine.passes(timedelta()) == START - DAY
    assert machine.passes(HOUR) == START - DAY + HOUR
    assert machine.passes(300 * DAY) == START + 299 * DAY + HOUR


@pytest.mark.parametrize("off", [DAY, -DAY, 20 * HOUR])
def test_e19_with_a_clock_off_by_a_day_it_is_never_later_than_it_is(machine: Machine, off: timedelta) -> None:
    machine.off = off
    for step in [timedelta(), HOUR, HOUR, 3 * DAY, 40 * DAY]:
        assert machine.passes(step) <= machine.true
    restart(machine, HOUR)
    assert machine.passes(HOUR) <= machine.true


def test_a_clock_that_is_set_forward_by_years_for_an_hour_moves_it_by_no_more_than_a_day(
    machine: Machine,
) -> None:
    machine.passes(timedelta())
    machine.off = 1000 * DAY
    for _ in range(6):
        assert machine.passes(timedelta(minutes=10)) <= machine.true
    machine.off = timedelta()
    assert machine.passes(DAY) <= machine.true


def test_a_clock_that_is_set_back_does_not_set_it_back(machine: Machine) -> None:
    machine.passes(10 * DAY)
    machine.off = -9 * DAY
    assert machine.passes(HOUR) == START + 9 * DAY + HOUR
    assert machine.passes(DAY) == START + 10 * DAY + HOUR


def test_after_a_month_off_it_is_where_it_should_be(machine: Machine) -> None:
    machine.passes(DAY)
    restart(machine, 30 * DAY)
    assert machine.passes(timedelta()) == START + DAY
    assert machine.passes(2 * DAY) == machine.true - DAY


def test_a_clock_that_is_years_ahead_at_a_start_moves_it_by_no_more_than_a_day(machine: Machine) -> None:
    machine.passes(DAY)
    restart(machine, HOUR)
    machine.off = 20_000 * DAY
    assert machine.passes(timedelta()) <= machine.true
    machine.off = timedelta()
    assert machine.passes(HOUR) <= machine.true


def test_a_machine_that_starts_in_1970_is_followed_once_its_clock_is_right(machine: Machine) -> None:
    machine.passes(DAY)
    restart(machine, 30 * DAY)
    machine.off = datetime(1970, 1, 1, tzinfo=UTC) - machine.true
    assert machine.passes(timedelta()) == START
    machine.off = timedelta()
    assert machine.passes(2 * DAY) == machine.true - DAY


def test_a_restart_of_the_process_changes_nothing(machine: Machine) -> None:
    machine.passes(5 * DAY)
    again = HouseClock(machine.clock.database, machine.clock.wall, machine.clock.running)
    assert again.least() == machine.passes(timedelta())


def test_the_machine_names_its_start_and_counts_from_there() -> None:
    first, second = running(), running()
    assert first.boot == second.boot
    assert 0 < first.seconds <= second.seconds
