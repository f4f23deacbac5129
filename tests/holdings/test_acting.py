"""A file of a site that matches: its case, its place, its removal; twice is once."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO, cast

import pytest

from tests.holdings.conftest import DATA, VERDICT, House
from tests.support import read, settings_in
from upload_guard.compose import open_acting, open_cases
from upload_guard.errors import ChangedInPlace, UsageError
from upload_guard.holdings.folders import Folders
from upload_guard.quarantine.custody.retention import ANY, Retention, Rule
from upload_guard.records import CANARY, Action, Findings
from upload_guard.storage.placement_tables import PlaceState


def test_a_hit_is_a_case_with_the_bytes_and_the_file_is_taken_away(house: House) -> None:
    number = house.acting.act(house.found())
    case = open_cases(house.settings).one(number)
    assert (case.site, case.route) == ("shop", "scan:")
    assert read(case.content) == DATA
    assert house.state(number) is PlaceState.REMOVED
    assert not house.file.exists()


def test_a_case_alone_leaves_the_file_where_it_is(house: House) -> None:
    number = house.acting.open_case(house.found("notice:N-1"))
    assert house.state(number) is PlaceState.NOTED
    assert house.file.read_bytes() == DATA


def test_acting_twice_on_one_file_is_one_case(house: House) -> None:
    number = house.acting.open_case(house.found())
    assert house.acting.act(house.found()) == number
    assert house.acting.act(house.found()) == number
    assert len(house.placements.page(10)) == 1


def test_a_file_whose_case_was_released_gets_a_new_one(house: House) -> None:
    first = house.acting.act(house.found())
    house.decisions.release(first, "eve", "harmless")
    house.placements.restore(house.place(first).id, "eve")
    second = house.acting.act(house.found())
    assert second != first
    assert house.acting.act(house.found()) == second
    assert not house.file.exists()


def test_where_nothing_may_be_kept_a_file_has_one_case_all_the_same(house: House, tmp_path: Path) -> None:
    rules = {"any": {"any": {"keep": "none"}}}
    acting = open_acting(settings_in(tmp_path / "strict", quarantine={"retention": rules}))
    assert acting.open_case(house.found()) == acting.open_case(house.found())


def test_a_file_whose_case_has_its_bytes_no_longer_gets_a_new_one(house: House) -> None:
    first = house.acting.act(house.found())
    house.decisions.confirm(first, "eve", "seen")
    assert house.expire() == 1
    house.file.write_bytes(DATA)
    second = house.acting.open_case(house.found())
    assert second != first
    assert read(open_cases(house.settings).one(second).content) == DATA


def test_a_file_whose_case_never_had_its_bytes_gets_a_new_one_where_they_may_be_kept(house: House) -> None:
    strict = replace(house.acting.keeper, retention=Retention({(ANY, ANY): Rule(keep=False)}))
    first = replace(house.acting, keeper=strict).open_case(house.found())
    second = house.acting.open_case(house.found())
    assert second != first
    assert house.acting.open_case(house.found()) == second


def test_a_file_that_is_another_by_now_is_neither_held_nor_taken(house: House) -> None:
    house.file.write_bytes(b"an innocent one")
    with pytest.raises(ChangedInPlace):
        house.acting.act(house.found())
    assert house.file.read_bytes() == b"an innocent one"
    assert house.placements.page(10) == ()


def test_a_file_that_grows_while_it_is_copied_is_not_copied_for_ever(house: House) -> None:
    class Endless(io.RawIOBase):
        def read(self, size: int = -1) -> bytes:
            return bytes(size)

    class Growing(Folders):
        @contextmanager
        def read(self, locator: str) -> Iterator[BinaryIO]:
            yield cast("BinaryIO", Endless())

    growing = replace(house.acting, placements=replace(house.placements, holdings={"file": Growing()}))
    with pytest.raises(ChangedInPlace, match="grows"):
        growing.act(house.found())
    assert house.placements.page(10) == ()


@pytest.mark.parametrize("action", [Action.ALLOW, Action.MONITOR], ids=lambda action: action.label)
def test_what_the_policy_does_not_refuse_is_not_taken(house: House, action: Action) -> None:
    with pytest.raises(UsageError, match="policy"):
        house.acting.act(house.found(verdict=replace(VERDICT, action=action)))
    assert house.file.exists()


def test_the_test_picture_opens_no_case_and_stays(house: House) -> None:
    assert house.acting.act(replace(house.found(), findings=Findings(canary=True))) == CANARY
    assert house.file.exists()


def test_a_file_that_came_back_after_it_was_taken_away_is_taken_away_again(house: House) -> None:
    number = house.acting.act(house.found())
    house.file.write_bytes(DATA)
    assert house.acting.act(house.found()) == number
    assert not house.file.exists()
    assert house.state(number) is PlaceState.REMOVED
