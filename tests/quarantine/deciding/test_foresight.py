"""What a decision would decide besides is told before, and is what it then does."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support import activate_listed_picture, quiet_station, recompressed, settings_in, upload_of
from upload_guard.compose import open_database_of, open_decisions
from upload_guard.quarantine.deciding.foresight import Foresight, foresee
from upload_guard.quarantine.deciding.rulings import Reach
from upload_guard.records import Source
from upload_guard.settings import Settings

MANY = {"second_person": ["confirm"]}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return settings_in(tmp_path, quarantine=MANY)


@pytest.fixture
def numbers(settings: Settings) -> list[str]:
    """Three cases of one file, two of them on other sites, and one of another file of its picture."""
    listed = activate_listed_picture(settings)
    files = [(listed, "blog"), (listed, "shop"), (listed, "forum"), (recompressed(listed), "wiki")]
    sent = [upload_of(data, Source(site, "/up")) for data, site in files]
    station = quiet_station(settings)
    held = [outcome.case for outcome in station.guard.check(sent)]
    station.sandbox.close()
    return held


def test_it_tells_what_would_be_decided_along(settings: Settings, numbers: list[str]) -> None:
    assert foresee(open_database_of(settings), numbers[0]) == Foresight(2, 1, ("blog", "forum", "shop"))
    alone = foresee(open_database_of(settings), numbers[3])
    assert alone == Foresight(same_picture=3, sites=("wiki",))


@pytest.mark.parametrize("reach", Reach)
def test_that_is_what_happens(settings: Settings, numbers: list[str], reach: Reach) -> None:
    told = foresee(open_database_of(settings), numbers[0])
    decided = open_decisions(settings).release(numbers[0], "ann", "a car", reach)
    more = told.same_picture if reach is Reach.PICTURE else 0
    assert decided.count == 1 + told.same_file + more


def test_who_has_confirmed_as_the_first_of_two(settings: Settings, numbers: list[str]) -> None:
    open_decisions(settings).confirm(numbers[0], "ann", "it is")
    assert foresee(open_database_of(settings), numbers[1]).confirm_said_by == ("ann",)
    open_decisions(settings).confirm(numbers[1], "ben", "it is")
    assert foresee(open_database_of(settings), numbers[1]) == Foresight(0, 1, ("shop",))
