"""Killed at any step of taking a file away or putting it back, it goes on where it was; nothing is lost."""

from __future__ import annotations

import os
import signal

import pytest

from tests.holdings.conftest import DATA, House
from tests.support import in_a_new_process
from upload_guard.compose import open_acting
from upload_guard.holdings.following import Following
from upload_guard.settings import Settings
from upload_guard.storage.placement_tables import PlaceState


def killed_at(function: str, settings: Settings, act: str, place: int) -> None:
    """`remove` or `restore` that place in a process that is killed when it first calls `function`."""
    assert in_a_new_process(_dying, function, settings, act, place) == -signal.SIGKILL


def _dying(function: str, settings: Settings, act: str, place: int) -> None:
    def kill(*_: object, **__: object) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    placements = open_acting(settings).placements
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(function, kill)
        getattr(placements, act)(place, "eve")


FOLDERS = "upload_guard.holdings.folders.Folders"
ENDING = "upload_guard.holdings.placements.Placements._end"
TAKING = (f"{FOLDERS}.take", "os.rename", "os.unlink", ENDING)
PUTTING = (f"{FOLDERS}.put", "os.utime", "os.link", ENDING)


@pytest.mark.parametrize("step", TAKING, ids=lambda step: step.rpartition(".")[2])
def test_a_file_that_was_being_taken_away_is_away_with_its_bytes_held(house: House, step: str) -> None:
    number = house.acting.open_case(house.found())
    house.decisions.confirm(number, "eve", "seen")
    place = house.place(number).id
    killed_at(step, house.settings, "remove", place)
    Following(house.placements).run()
    assert house.state(number) is PlaceState.REMOVED
    assert list(house.file.parent.iterdir()) == []
    house.decisions.reopen(number, "eve", "not so")
    house.placements.restore(place, "eve")
    assert house.file.read_bytes() == DATA


@pytest.mark.parametrize("step", PUTTING, ids=lambda step: step.rpartition(".")[2])
def test_a_file_that_was_being_put_back_is_back_and_whole(house: House, step: str) -> None:
    number = house.acting.act(house.found())
    house.decisions.release(number, "eve", "harmless")
    killed_at(step, house.settings, "restore", house.place(number).id)
    Following(house.placements).run()
    assert house.state(number) is PlaceState.RESTORED
    assert [one.name for one in house.file.parent.iterdir()] == ["a.jpg"]
    assert house.file.read_bytes() == DATA
