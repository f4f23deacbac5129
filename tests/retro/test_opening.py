"""The case of what had passed: with its bytes where the site said where it went, and nowhere else."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest

from tests.retro.conftest import House
from tests.support import digests_of, listed_hashes, picture_bytes, read
from upload_guard.compose import open_cases
from upload_guard.errors import StorageFailed
from upload_guard.holdings.descent import file_locator
from upload_guard.notice_settings import IncomingSettings
from upload_guard.quarantine.cases import has_all_digests
from upload_guard.records import SignalType

PICTURE, INNOCENT = picture_bytes(1), picture_bytes(2)
MD5 = [one for one in listed_hashes(PICTURE) if one.signal_type is SignalType.MD5]


def found(house: House) -> str:
    house.activate(MD5)
    house.match()
    (case,) = house.cases()
    return case.number


def places_of(house: House, number: str) -> list[str]:
    return [one.locator for one in house.passes.opening.acting.placements.of_case(number)]


def has_bytes(house: House, number: str) -> bool:
    return open_cases(house.settings).one(number).kept.there


def test_the_file_is_sealed_where_the_site_said_it_went_and_left_there(house: House) -> None:
    upload, place = house.upload(PICTURE), house.stored(PICTURE)
    assert house.desk.places().tell("shop", upload, place)
    number = found(house)
    case = open_cases(house.settings).one(number)
    assert read(case.content) == PICTURE
    digests = digests_of(PICTURE)
    row = house.cases()[0]
    assert (row.sha256, row.md5, row.sha1) == (digests.sha256, digests.md5, digests.sha1)
    assert has_all_digests(row)
    assert case.route == "retro:/upload"
    assert places_of(house, number) == [place]
    assert (house.media / "a.jpg").read_bytes() == PICTURE


def test_another_file_in_that_place_is_not_taken_for_it(house: House) -> None:
    upload, place = house.upload(PICTURE), house.stored(INNOCENT)
    house.desk.places().tell("shop", upload, place)
    number = found(house)
    assert not has_bytes(house, number)
    assert places_of(house, number) == [place]


def test_a_file_that_is_gone_leaves_a_case_without_bytes_and_its_place(house: House) -> None:
    upload = house.upload(PICTURE)
    place = file_locator(house.media / "gone.jpg")
    house.desk.places().tell("shop", upload, place)
    number = found(house)
    assert not has_bytes(house, number)
    assert places_of(house, number) == [place]
    assert house.cases()[0].route == f"retro:/upload > {place}"


def test_a_name_that_is_no_place_is_shown_with_the_case(house: House) -> None:
    house.desk.places().tell("shop", house.upload(PICTURE), "post 7")
    number = found(house)
    assert house.cases()[0].route == "retro:/upload > post 7"
    assert places_of(house, number) == []


def test_a_file_that_cannot_be_stored_now_gets_its_case_once_it_can(house: House) -> None:
    house.desk.places().tell("shop", house.upload(PICTURE), house.stored(PICTURE))
    house.activate(MD5)
    spool = house.station.keeper.vault.spool
    if spool.exists():
        spool.rename(spool.with_name("away"))
    spool.touch()
    with pytest.raises(StorageFailed):
        house.match()
    assert house.cases() == []
    spool.unlink()
    house.match()
    assert has_bytes(house, house.cases()[0].number)


def test_a_place_outside_of_the_settings_is_never_read(house: House) -> None:
    outside = house.media.parent / "b.jpg"
    outside.write_bytes(PICTURE)
    (house.media / "link").symlink_to(house.media.parent)
    upload, places = house.upload(PICTURE), house.desk.places()
    inside = file_locator(house.media / "x").removesuffix("x")
    for place in (
        file_locator(outside),
        f"{inside}../b.jpg",
        f"{inside}%2e%2e/b.jpg",
        f"{inside}./../b.jpg",
        f"{inside}link/b.jpg",
    ):
        places.tell("shop", upload, place)
    assert not has_bytes(house, found(house))


def test_the_word_of_another_site_counts_for_nothing(house: House) -> None:
    house.desk.places().tell("blog", house.upload(PICTURE), house.stored(PICTURE))
    assert not has_bytes(house, found(house))


def test_a_place_that_is_told_later_is_noted_with_the_case(house: House) -> None:
    upload = house.upload(PICTURE)
    number = found(house)
    place = house.stored(PICTURE)
    assert house.desk.places().tell("shop", upload, place)
    assert not house.desk.places().tell("shop", upload, place)
    assert places_of(house, number) == [place]


def test_a_site_may_name_its_own_wordpress_where_settings_have_one(house: House) -> None:
    sites = {"shop": {"wordpress": "https://shop.example"}, "mill": {"paths": {"https://m.example/": "/srv"}}}
    incoming = IncomingSettings.model_validate({"sites": sites})
    places = replace(house.desk, settings=house.settings.model_copy(update={"incoming": incoming})).places()
    assert places.is_believed("shop", "wordpress://shop/7")
    assert not places.is_believed("shop", "wordpress://mill/7")
    assert not places.is_believed("mill", "wordpress://mill/7")


def test_no_upload_has_more_than_twenty_places(house: House) -> None:
    told = [house.desk.places().tell("shop", "0" * 32, f"post {number}") for number in range(25)]
    assert told == [True] * 20 + [False] * 5


def test_a_pipe_in_that_place_is_not_waited_for(house: House) -> None:
    os.mkfifo(house.media / "pipe.jpg")
    house.desk.places().tell("shop", house.upload(PICTURE), file_locator(house.media / "pipe.jpg"))
    assert not has_bytes(house, found(house))
