"""What is decided on a case is done to its file, wherever that lies; what fails is tried again."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from tests.holdings.conftest import DATA, House
from tests.support import quiet_station
from upload_guard.holdings.folders import Folders
from upload_guard.holdings.following import BY_DECISION, Followed, Following
from upload_guard.holdings.holdings import UNKNOWN, Leftover, Standing
from upload_guard.quarantine.custody.retention import ANY, Retention, Rule
from upload_guard.quarantine.deciding.decisions import Decisions
from upload_guard.storage.placement_tables import PlacedFile, PlaceState


def follow(house: House, hours: float = 0) -> Followed:
    return Following(house.placements, lambda: datetime.now(UTC) + timedelta(hours=hours)).run()


def test_the_file_of_a_confirmed_case_is_removed(house: House) -> None:
    number = house.acting.open_case(house.found())
    assert follow(house) == Followed()
    house.decisions.confirm(number, "eve", "seen")
    assert follow(house) == Followed(done=1)
    assert not house.file.exists()
    assert house.place(number).removed_by == BY_DECISION
    assert follow(house) == Followed()


@pytest.mark.parametrize(
    "decide", [Decisions.release, Decisions.false_positive], ids=lambda one: one.__name__
)
def test_the_file_of_a_released_case_is_put_back(house: House, decide: Callable[..., object]) -> None:
    number = house.acting.act(house.found())
    assert follow(house) == Followed()
    decide(house.decisions, number, "eve", "harmless")
    assert follow(house) == Followed(done=1)
    assert house.file.read_bytes() == DATA
    assert follow(house) == Followed()


def test_one_that_is_confirmed_after_all_is_removed_again(house: House) -> None:
    number = house.acting.act(house.found())
    house.decisions.release(number, "eve", "harmless")
    follow(house)
    house.decisions.reopen(number, "eve", "not so")
    house.decisions.confirm(number, "adam", "seen")
    follow(house)
    assert not house.file.exists()
    assert house.state(number) is PlaceState.REMOVED


def test_what_a_crash_left_is_carried_out(house: House) -> None:
    number = house.acting.open_case(house.found())
    leftover = house.placements.at(house.found().locator).look(house.found().locator).leftover
    with house.placements.database.session() as session:
        session.execute(
            update(PlacedFile).values(state=PlaceState.REMOVING, removed_by="eve", leftover=dict(leftover))
        )
    assert follow(house) == Followed(done=1)
    assert house.state(number) is PlaceState.REMOVED
    assert not house.file.exists()


def test_what_was_on_its_way_back_when_it_was_confirmed_does_not_stay(house: House) -> None:
    number = house.acting.act(house.found())
    house.decisions.confirm(number, "eve", "seen")
    with house.placements.database.session() as session:
        session.execute(update(PlacedFile).values(state=PlaceState.RESTORING, restored_by="eve"))
    assert follow(house) == Followed(done=2)
    assert house.state(number) is PlaceState.REMOVED
    assert not house.file.exists()


def test_what_cannot_be_reached_is_tried_again_after_pauses_that_grow(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = house.acting.open_case(house.found())
    house.decisions.confirm(number, "eve", "seen")

    def refused(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr(os, "rename", refused)
        assert follow(house) == Followed(failed=1)
        assert follow(house) == Followed()
        assert follow(house, hours=0.02) == Followed(failed=1)
        assert follow(house, hours=0.02) == Followed()
    assert follow(house, hours=1) == Followed(done=1)
    assert not house.file.exists()


def test_a_file_that_changed_is_left_alone_and_not_asked_for_again(house: House) -> None:
    number = house.acting.open_case(house.found())
    house.decisions.confirm(number, "eve", "seen")
    house.file.write_bytes(b"an innocent one")
    assert follow(house) == Followed(failed=1)
    assert follow(house, hours=24) == Followed()
    assert house.state(number) is PlaceState.CHANGED
    assert house.file.read_bytes() == b"an innocent one"


def test_of_a_case_without_bytes_that_is_told_once_and_a_later_case_with_bytes_settles_it(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    strict = replace(house.acting.keeper, retention=Retention({(ANY, ANY): Rule(keep=False)}))
    first = replace(house.acting, keeper=strict).open_case(house.found())
    house.decisions.confirm(first, "eve", "seen")
    assert [follow(house, hours) for hours in (0, 24, 48)] == [Followed(failed=1)] * 3
    (told,) = (one.getMessage() for one in caplog.records if "ALARM" in one.getMessage())
    assert "no bytes of this file are held with the case" in told
    caplog.clear()
    second = house.acting.open_case(house.found())
    house.decisions.confirm(second, "eve", "seen")
    follow(house, 72)
    follow(house, 96)
    assert (house.state(first), house.state(second)) == (PlaceState.GONE, PlaceState.REMOVED)
    assert not any("ALARM" in one.getMessage() for one in caplog.records)
    assert follow(house, 120) == Followed()


def test_a_server_follows_by_itself(house: House) -> None:
    number = house.acting.open_case(house.found())
    house.decisions.confirm(number, "eve", "seen")
    (job,) = (one for one in quiet_station(house.settings).housekeeper.jobs if one.name == "removals")
    job.run()
    assert not house.file.exists()


def test_one_that_fails_keeps_no_other_waiting(house: House) -> None:
    first = house.acting.open_case(house.found())
    other = house.file.with_name("b.jpg")
    other.write_bytes(DATA)
    again = replace(house, file=other)
    second = again.acting.open_case(again.found())
    house.decisions.confirm(first, "eve", "seen")
    house.file.write_bytes(b"an innocent one")
    assert follow(house) == Followed(done=1, failed=1)
    assert house.state(second) is PlaceState.REMOVED
    assert not other.exists()


def test_one_that_fails_by_an_error_of_our_own_keeps_no_other_waiting(house: House) -> None:
    class Odd(Folders):
        def look(self, locator: str, known: Leftover = UNKNOWN) -> Standing:
            if locator.endswith("a.jpg"):
                raise ValueError(locator)
            return super().look(locator, known)

    first = house.acting.open_case(house.found())
    again = replace(house, file=house.file.with_name("b.jpg"))
    again.file.write_bytes(DATA)
    again.acting.open_case(again.found())
    house.decisions.confirm(first, "eve", "seen")
    odd = replace(house.placements, holdings={"file": Odd()})
    assert Following(odd).run() == Followed(done=1, failed=1)
    assert not again.file.exists()
