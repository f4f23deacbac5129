"""Killed at any step of taking a file away or putting it back, it goes on where it was; nothing is lost."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

import pytest

from tests.holdings.conftest import DATA, House
from tests.support import in_a_fork
from upload_guard.holdings.folders import Folders
from upload_guard.holdings.following import Following
from upload_guard.holdings.placements import Placements
from upload_guard.storage.placement_tables import PlaceState


def killed_at(place: object, name: str, act: Callable[[], None]) -> None:
    """Run `act` in a process that is killed when it calls this function for the first time."""

    def kill(*_: object, **__: object) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def dying() -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(place, name, kill)
            act()

    assert in_a_fork(dying) != 0


TAKING = ((Folders, "take"), (os, "rename"), (os, "unlink"), (Placements, "_end"))
PUTTING = ((Folders, "put"), (os, "utime"), (os, "link"), (Placements, "_end"))


@pytest.mark.parametrize("step", TAKING, ids=lambda step: step[1])
def test_a_file_that_was_being_taken_away_is_away_with_its_bytes_held(
    house: House, step: tuple[object, str]
) -> None:
    number = house.acting.open_case(house.found())
    house.decisions.confirm(number, "eve", "seen")
    place = house.place(number).id
    killed_at(*step, lambda: house.placements.remove(place, "eve"))
    Following(house.placements).run()
    assert house.state(number) is PlaceState.REMOVED
    assert list(house.file.parent.iterdir()) == []
    house.decisions.reopen(number, "eve", "not so")
    house.placements.restore(place, "eve")
    assert house.file.read_bytes() == DATA


@pytest.mark.parametrize("step", PUTTING, ids=lambda step: step[1])
def test_a_file_that_was_being_put_back_is_back_and_whole(house: House, step: tuple[object, str]) -> None:
    number = house.acting.act(house.found())
    house.decisions.release(number, "eve", "harmless")
    killed_at(*step, lambda: house.placements.restore(house.place(number).id, "eve"))
    Following(house.placements).run()
    assert house.state(number) is PlaceState.RESTORED
    assert [one.name for one in house.file.parent.iterdir()] == ["a.jpg"]
    assert house.file.read_bytes() == DATA
