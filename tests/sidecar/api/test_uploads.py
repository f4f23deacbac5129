"""POST /v1/uploads/ID/place, as sites tell where their uploads went."""

from __future__ import annotations

import pytest

from tests.sidecar.machines import Machine, machine
from tests.support import OTHER_SEED, activate_listed_picture, picture_bytes, settings_in
from upload_guard.compose import open_database_of
from upload_guard.machine_keys.keys import Scope
from upload_guard.retro.places import UploadPlaces
from upload_guard.settings import Settings
from upload_guard.sidecar.app import assemble

ID = "0123456789abcdef" * 2
PATH = f"/v1/uploads/{ID}/place"
SCAN = "/bridge/v1/scan"


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    made = settings_in(tmp_path_factory.mktemp("uploads"), retro={"days": 30})
    activate_listed_picture(made)
    return made


@pytest.fixture(scope="module")
def site(settings: Settings) -> Machine:
    return machine(assemble(settings).app.test_client(), settings, Scope.CHECK)


def test_a_place_is_kept_under_the_site_of_the_key(settings: Settings, site: Machine) -> None:
    for kept in (True, False):
        answer = site.ask(PATH, {"place": "file:///srv/media/a.jpg"})
        assert (answer.status_code, answer.get_json()) == (200, {"kept": kept})
    places = UploadPlaces(open_database_of(settings))
    assert places.of("blog", ID) == ("file:///srv/media/a.jpg",)
    assert places.of("shop", ID) == ()


def test_a_bridge_is_told_by_which_id_an_upload_that_passed_is_remembered(
    settings: Settings, site: Machine
) -> None:
    upload = site.post(SCAN, picture_bytes(OTHER_SEED)).get_json()["upload"]
    assert site.ask(f"/v1/uploads/{upload}/place", {"place": "post 8"}).get_json() == {"kept": True}
    assert UploadPlaces(open_database_of(settings)).of("blog", upload) == ("post 8",)


def test_what_was_compared_with_nothing_is_remembered_by_no_id(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    settings = settings_in(tmp_path_factory.mktemp("listless"), retro={"days": 30})
    site = machine(assemble(settings).app.test_client(), settings, Scope.CHECK)
    answer = site.post(SCAN, picture_bytes(OTHER_SEED)).get_json()
    assert (answer["result"], answer["upload"]) == ("unchecked", "")


def test_a_key_that_checks_nothing_may_not_tell(settings: Settings, site: Machine) -> None:
    other = machine(site.client, settings, Scope.METRICS)
    assert other.ask(PATH, {"place": "post 7"}).status_code == 403


@pytest.mark.parametrize(
    "body",
    [{}, {"place": ""}, {"place": "a\nb"}, {"place": "x" * 1025}, {"place": "a", "site": "shop"}],
    ids=["nothing", "empty", "two_lines", "long", "site"],
)
def test_what_is_no_place_is_refused(site: Machine, body: dict[str, str]) -> None:
    assert site.ask(PATH, body).status_code == 422


def test_where_no_upload_is_remembered_nothing_is_kept(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    settings = settings_in(tmp_path_factory.mktemp("without"))
    activate_listed_picture(settings)
    site = machine(assemble(settings).app.test_client(), settings, Scope.CHECK)
    assert site.ask(PATH, {"place": "post 7"}).get_json() == {"kept": False}
    assert site.post(SCAN, picture_bytes(OTHER_SEED)).get_json()["upload"] == ""
    assert UploadPlaces(open_database_of(settings)).of("blog", ID) == ()
