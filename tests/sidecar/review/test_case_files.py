"""Where a case's file lies, on its page and by the API: told, taken away, put back."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import pytest

from tests.sidecar.machines import machine
from tests.sidecar.review.conftest import House
from tests.sidecar.review.test_case import held, page, text
from tests.support import activate_listed_picture, settings_in
from upload_guard.compose import open_placements
from upload_guard.holdings.descent import file_locator
from upload_guard.holdings.following import Following
from upload_guard.machine_keys.keys import SITE_SCOPES
from upload_guard.people.roles import Role
from upload_guard.sidecar.app import assemble
from upload_guard.storage.placement_tables import PlaceState

DATA = b"\xff\xd8\xff" + bytes(60)


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("media")


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, media: Path) -> House:
    """Of which settings say where the blog's files lie."""
    settings = settings_in(
        tmp_path_factory.mktemp("review"),
        review={"totp": "optional"},
        incoming={"sites": {"blog": {"paths": {"https://blog.example.org/media/": str(media)}}}},
    )
    listed = activate_listed_picture(settings)
    return House(settings, assemble(settings).app, listed)


@pytest.fixture(scope="module")
def number(house: House) -> str:
    return held(house, DATA)


@pytest.fixture
def file(media: Path) -> Path:
    file = media / f"{uuid4()}.jpg"
    file.write_bytes(DATA)
    return file


def place(house: House, number: str, file: Path) -> int:
    return open_placements(house.settings).note(number, file_locator(file), "tester")


def act(house: House, number: str, name: str, place: int, role: Role = Role.REVIEWER) -> int:
    answer = house.person(role).post(f"/review/cases/{number}/{name}", place=str(place))
    return answer.status_code


def test_a_file_is_taken_away_and_put_back_on_the_page(house: House, number: str, file: Path) -> None:
    where = place(house, number, file)
    assert file_locator(file) in page(house, number)
    assert act(house, number, "remove-file", where) == 303
    assert not file.exists()
    assert "removed" in page(house, number)
    assert act(house, number, "restore-file", where) == 303
    assert file.read_bytes() == DATA
    assert "put the file back" in page(house, number)


def test_what_could_not_be_done_is_said(house: House, number: str, file: Path) -> None:
    where = place(house, number, file)
    file.write_bytes(b"an innocent one")
    act(house, number, "remove-file", where)
    shown = page(house, number)
    assert "That could not be done" in shown
    assert "another file lies there, which is left alone" in shown
    assert file.read_bytes() == b"an innocent one"


def test_who_may_only_look_takes_nothing_away(house: House, number: str, file: Path) -> None:
    where = place(house, number, file)
    assert act(house, number, "remove-file", where, Role.VIEWER) == 403
    assert "Take it away" not in page(house, number, Role.VIEWER)
    assert file.exists()


def test_a_place_of_another_case_is_not_touched_by_this_page(house: House, number: str, file: Path) -> None:
    where = place(house, number, file)
    other = held(house, DATA + b"another")
    assert act(house, other, "remove-file", where) == 404
    assert file.exists()


def test_the_page_says_it_in_dutch(house: House, number: str, file: Path) -> None:
    place(house, number, file)
    shown = house.person(Role.REVIEWER).get(f"/review/cases/{number}", **{"Accept-Language": "nl"})
    assert "Waar het bestand staat" in text(shown)


# By the API ---------------------------------------------------------------------------------------


def test_a_site_tells_where_its_file_went_and_it_goes_once_the_case_is_confirmed(
    house: House, file: Path
) -> None:
    number = held(house, DATA + b"told")
    file.write_bytes(DATA + b"told")
    site = machine(house.app.test_client(), house.settings, *SITE_SCOPES)
    told = site.ask(f"/v1/cases/{number}/places", {"locator": file_locator(file)}).get_json()
    assert [one["state"] for one in told["places"]] == ["noted"]
    house.person(Role.REVIEWER).post(f"/review/cases/{number}/confirm", reason="own", because="seen")
    Following(open_placements(house.settings)).run()
    assert not file.exists()
    (after,) = site.get(f"/v1/cases/{number}/places").get_json()["places"]
    assert after["state"] == PlaceState.REMOVED
    assert after["removed_at"]


def test_a_site_tells_nothing_of_cases_of_others(house: House, number: str, file: Path) -> None:
    stranger = machine(house.app.test_client(), house.settings, *SITE_SCOPES, site="shop")
    assert stranger.get(f"/v1/cases/{number}/places").status_code == 404
    told = stranger.ask(f"/v1/cases/{number}/places", {"locator": file_locator(file)})
    assert told.status_code == 404


def test_a_site_names_no_file_where_settings_give_it_none(house: House, number: str, file: Path) -> None:
    site = machine(house.app.test_client(), house.settings, *SITE_SCOPES)
    there = file_locator(file)
    for locator in (
        file_locator(house.settings.data_dir / "audit.heads"),
        there.replace("/media", "/media-of-another", 1),
        f"{there}/../../elsewhere/a.jpg",
        f"{there.rpartition('/')[0]}/%2e%2e/%2e%2e/elsewhere/a.jpg",
        "s3://bucket/key",
        "wordpress://shop/1",
    ):
        told = site.ask(f"/v1/cases/{number}/places", {"locator": locator})
        assert (told.status_code, told.get_json()["code"]) == (403, "out_of_reach"), locator
    assert locator not in {
        one["locator"] for one in site.get(f"/v1/cases/{number}/places").get_json()["places"]
    }


@pytest.mark.parametrize("locator", ["a.jpg", "ftp://host/a.jpg", "file:///with space", "javascript:1"])
def test_what_is_no_locator_is_refused(house: House, number: str, locator: str) -> None:
    site = machine(house.app.test_client(), house.settings, *SITE_SCOPES)
    assert site.ask(f"/v1/cases/{number}/places", {"locator": locator}).status_code in {400, 422}
