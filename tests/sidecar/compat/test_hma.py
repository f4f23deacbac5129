"""The doors in the shape of Hasher-Matcher-Actioner."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image
from werkzeug.test import TestResponse

from tests.checkers.upstreams.services import eokm_service
from tests.sidecar.customers import (
    BASELINE,
    CUSTOMERS,
    ILLEGAL,
    INVESTIGATIVE,
    UNLISTED,
    CheckService,
    Client,
    hexes,
)
from tests.support import activate_list, damage_lists, pdq_of, picture_bytes, recompressed, settings_in
from upload_guard.canary import canary_png
from upload_guard.compose import open_cases
from upload_guard.customers.use import Used
from upload_guard.lists.formats import ListedHash
from upload_guard.machine_keys.keys import Scope
from upload_guard.machine_keys.opening import open_keys
from upload_guard.records import SignalType
from upload_guard.settings import Settings
from upload_guard.sidecar.app import create_app

UNSEEN = picture_bytes(99)


def lookup(client: Client, kind: str, signal: str, **more: str) -> TestResponse:
    return client.get("/m/lookup", signal_type=kind, signal=signal, **more)


def photo(data: bytes) -> dict[str, object]:
    """A form as HMA's clients send one: the field is called after the content type."""
    return {"data": {"photo": (io.BytesIO(data), "picture.jpg")}}


def near(desk: CheckService) -> tuple[bytes, int]:
    """The PDQ of a copy of the listed picture, and how many bits it is away."""
    value, listed = pdq_of(recompressed(desk.picture)), pdq_of(desk.picture)
    distance = (int.from_bytes(value, "big") ^ int.from_bytes(listed, "big")).bit_count()
    assert 0 < distance <= 31
    return value, distance


def service_in(folder: Path, *hashes: ListedHash, **sections: object) -> tuple[Settings, Client]:
    settings = settings_in(folder, customers=CUSTOMERS, sidecar={"bearer": "loopback"}, **sections)
    if hashes:
        activate_list(settings, list(hashes))
    key = open_keys(settings).new("shop", {Scope.SERVICE}, "tester")
    return settings, Client(create_app(settings).test_client(), key)


# By hash ------------------------------------------------------------------------------------------


def test_a_likeness_is_found_in_the_bank_of_its_category_without_distance(
    desk: CheckService,
) -> None:
    answer = lookup(desk.client(), "pdq", near(desk)[0].hex())
    assert (answer.status_code, answer.get_json()) == (200, {"baseline": [{"bank_content_id": 0}]})


def test_details_name_the_list_the_entry_and_the_distance(desk: CheckService) -> None:
    value, distance = near(desk)
    answer = lookup(desk.client("shop", Scope.DETAILS), "pdq", value.hex()).get_json()
    assert list(answer) == ["test-list"]
    (entry,) = answer["test-list"]
    assert set(entry) == {"bank_content_id", "distance"}
    assert entry["distance"] == str(distance)
    assert entry["bank_content_id"] > 0


@pytest.mark.parametrize("kind", ["md5", "sha1", "sha256"])
def test_exact_hashes_are_looked_up_as_well_and_are_no_distance_away(desk: CheckService, kind: str) -> None:
    answer = lookup(desk.client(), kind, hexes(ILLEGAL)[kind]).get_json()
    assert answer == {"illegal": [{"bank_content_id": 0, "distance": "0"}]}


def test_md5_has_the_name_that_its_clients_know(desk: CheckService) -> None:
    asked = hexes(ILLEGAL)["md5"]
    answers = [lookup(desk.client(), kind, asked).get_json() for kind in ("md5", "video_md5")]
    assert answers[0] == answers[1] != {}


def test_the_hash_of_a_plain_picture_is_known_to_be_none(desk: CheckService) -> None:
    for signal in ("", "0" * 64, "F" * 64):
        assert lookup(desk.client(), "pdq", signal).get_json()["code"] == "unhashable"


def test_what_is_not_listed_is_in_no_bank(desk: CheckService) -> None:
    answer = lookup(desk.client(), "pdq", pdq_of(UNSEEN).hex())
    assert (answer.status_code, answer.get_json()) == (200, {})


def test_a_customer_finds_its_own_categories_only(desk: CheckService) -> None:
    assert lookup(desk.client("baseline-only"), "md5", hexes(ILLEGAL)["md5"]).get_json() == {}
    assert lookup(desk.client(), "md5", hexes(INVESTIGATIVE)["md5"]).get_json() == {}


def test_a_request_may_name_banks_and_no_others_than_there_are(desk: CheckService) -> None:
    client, admin = desk.client(), desk.client("shop", Scope.DETAILS)
    asked = hexes(ILLEGAL)["md5"]
    assert lookup(client, "md5", asked, banks="illegal").get_json()
    assert lookup(client, "md5", asked, banks="baseline").get_json() == {}
    assert lookup(admin, "md5", asked, banks="illegal-list,test-list").get_json()
    assert lookup(admin, "md5", asked, banks="test-list").get_json() == {}
    missed = lookup(client, "md5", asked, banks="ilegal")
    assert (missed.status_code, missed.get_json()["code"]) == (400, "not_offered")


@pytest.mark.parametrize(
    ("kind", "signal"),
    [("pdq", ""), ("pdq", "00"), ("pdq", "g" * 64), ("vmd5", hexes(BASELINE)["md5"]), ("phash", "0" * 16)],
    ids=["the hash of a plain picture", "short", "no hex", "unknown type", "a type that never acts"],
)
def test_what_is_no_signal_is_400_and_not_clean(desk: CheckService, kind: str, signal: str) -> None:
    answer = lookup(desk.client(), kind, signal)
    assert answer.status_code == 400
    assert answer.get_json()["message"]


def test_what_is_asked_twice_in_one_request_is_not_left_out(desk: CheckService) -> None:
    client, listed = desk.client(), hexes(BASELINE)["md5"]
    two_banks = client.get("/m/lookup", signal_type="md5", signal=listed, banks=["illegal", "baseline"])
    assert two_banks.get_json() == {"baseline": [{"bank_content_id": 0, "distance": "0"}]}
    two_hashes = client.get("/m/lookup", signal_type="md5", signal=[hexes(UNLISTED)["md5"], listed])
    assert two_hashes.status_code == 400
    assert "more than once" in two_hashes.get_json()["message"]


@pytest.mark.parametrize("query", [{"signal": "00"}, {"signal_type": "pdq"}], ids=["no type", "no signal"])
def test_what_is_missing_is_named(desk: CheckService, query: dict[str, str]) -> None:
    answer = desk.client().get("/m/lookup", **query)
    assert answer.status_code == 400
    assert "is missing" in answer.get_json()["message"]


def test_raw_lookups_tell_distances_to_those_who_may_know_alone(desk: CheckService) -> None:
    value, distance = near(desk)
    query = {"signal_type": "pdq", "signal": value.hex()}
    client, admin = desk.client(), desk.client("shop", Scope.DETAILS)
    assert client.get("/m/raw_lookup", **query).get_json() == {"matches": [0]}
    assert client.get("/m/raw_lookup", include_distance="true", **query).status_code == 403
    (entry,) = admin.get("/m/raw_lookup", include_distance="true", **query).get_json()["matches"]
    assert entry["distance"] == str(distance)
    assert admin.get("/m/raw_lookup", **query).get_json() == {"matches": [entry["bank_content_id"]]}


# By file ------------------------------------------------------------------------------------------


def test_a_picture_is_hashed(desk: CheckService) -> None:
    answer = desk.client().send("/h/hash", **photo(UNSEEN)).get_json()
    assert list(answer) == ["pdq"]
    away = int(answer["pdq"], 16) ^ int.from_bytes(pdq_of(UNSEEN), "big")
    assert away.bit_count() <= 10


def test_a_picture_too_plain_to_be_told_apart_has_an_empty_hash(desk: CheckService) -> None:
    out = io.BytesIO()
    Image.new("RGB", (300, 300), "white").save(out, "PNG")
    assert desk.client().send("/h/hash", **photo(out.getvalue())).get_json() == {"pdq": ""}
    looked_up = desk.client().send("/m/lookup", **photo(out.getvalue()))
    assert (looked_up.status_code, looked_up.get_json()["code"]) == (400, "unhashable")


@pytest.mark.parametrize("path", ["/h/hash", "/m/lookup"])
@pytest.mark.parametrize(
    "data", [b"no picture at all", UNSEEN[:2000]], ids=["a text", "the beginning of a picture"]
)
def test_what_cannot_be_hashed_is_400_and_not_clean(desk: CheckService, path: str, data: bytes) -> None:
    answer = desk.client().send(path, **photo(data))
    assert (answer.status_code, answer.get_json()["code"]) == (400, "unhashable")


def test_a_file_is_looked_up_by_all_that_is_in_it(desk: CheckService) -> None:
    client = desk.client()
    exact = client.send("/m/lookup", **photo(desk.picture)).get_json()
    assert exact["sha256"] == {"baseline": [{"bank_content_id": 0, "distance": "0"}]}
    turned = io.BytesIO()
    Image.open(io.BytesIO(recompressed(desk.picture))).transpose(Image.Transpose.ROTATE_90).save(
        turned, "PNG"
    )
    assert client.send("/m/lookup", **photo(turned.getvalue())).get_json() == {
        "pdq": {"baseline": [{"bank_content_id": 0}]}
    }
    assert client.send("/m/lookup", **photo(UNSEEN)).get_json() == {"pdq": {}}
    assert desk.used(client) == {"hma": Used(3, 2, 0)}
    assert open_cases(desk.settings).newest(1000) == ()


def test_no_check_service_is_told_what_customers_send_nor_its_word_handed_on(tmp_path: Path) -> None:
    with eokm_service() as other:
        other.knows(UNSEEN)
        listed = ListedHash(SignalType.PDQ, pdq_of(picture_bytes(1)))
        _, client = service_in(tmp_path, listed, upstreams={"eokm": other.table()})
        assert client.send("/m/lookup", **photo(UNSEEN)).json == {"pdq": {}}
        assert other.bodies == []


def test_a_file_is_found_by_the_customers_categories(desk: CheckService) -> None:
    client = desk.client("baseline-only")
    data = {"photo": (io.BytesIO(ILLEGAL), "file")}
    assert client.send("/m/lookup", data=data).status_code == 400
    assert desk.client().send("/m/lookup", data={"photo": (io.BytesIO(ILLEGAL), "file")}).get_json()["md5"]


def test_the_canary_is_found_in_a_bank_of_its_own(desk: CheckService) -> None:
    answer = desk.client().send("/m/lookup", **photo(canary_png())).get_json()
    assert answer == {"pdq": {"canary": [{"bank_content_id": 0}]}}


# Whether it can answer ----------------------------------------------------------------------------


def test_it_is_alive_where_lists_are_loaded(desk: CheckService) -> None:
    answer = desk.client().get("/status")
    assert (answer.status_code, answer.text) == (200, "I-AM-ALIVE")


def test_without_a_list_nothing_is_loaded_and_no_lookup_is_empty(tmp_path: Path) -> None:
    _, client = service_in(tmp_path)
    answer = client.get("/status")
    assert (answer.status_code, answer.text) == (503, "INDEX-NOT-LOADED")
    assert lookup(client, "md5", hexes(UNLISTED)["md5"]).status_code == 503
    assert client.send("/m/lookup", **photo(UNSEEN)).status_code == 503


def test_lists_that_cannot_be_loaded_are_503(tmp_path: Path) -> None:
    listed = ListedHash(SignalType.MD5, bytes.fromhex(hexes(BASELINE)["md5"]))
    settings = settings_in(tmp_path)
    activate_list(settings, [listed])
    damage_lists(settings)
    _, client = service_in(tmp_path)
    assert client.get("/status").text == "INDEX-NOT-LOADED"
    for response in (
        lookup(client, "md5", hexes(BASELINE)["md5"]),
        client.send("/m/lookup", **photo(UNSEEN)),
    ):
        assert (response.status_code, response.get_json()["code"]) == (503, "not_ready")


def test_a_likeness_is_not_looked_for_where_lists_have_digests_only(tmp_path: Path) -> None:
    _, client = service_in(tmp_path, ListedHash(SignalType.MD5, bytes.fromhex(hexes(BASELINE)["md5"])))
    for answer in (lookup(client, "pdq", pdq_of(UNSEEN).hex()), client.send("/m/lookup", **photo(UNSEEN))):
        assert (answer.status_code, answer.get_json()["code"]) == (503, "not_covered")
    listed = {"photo": (io.BytesIO(BASELINE), "file")}
    assert client.send("/m/lookup", data=listed).get_json()["md5"]


def test_no_check_service_hears_of_a_customers_file_nor_makes_it_listed(tmp_path: Path) -> None:
    """What it would not answer would else be "nothing found", and what it said not ours to pass on."""
    listed = ListedHash(SignalType.PDQ, pdq_of(picture_bytes(7)))
    with eokm_service() as service:
        service.knows(UNSEEN)
        _, client = service_in(tmp_path, listed, upstreams={"eokm": service.table()})
        answer = client.send("/m/lookup", **photo(UNSEEN))
        assert (answer.status_code, answer.get_json(), service.bodies) == (200, {"pdq": {}}, [])


ROUTES = [
    ("GET", "/status"),
    ("GET", "/m/lookup"),
    ("GET", "/m/raw_lookup"),
    ("POST", "/h/hash"),
    ("POST", "/m/lookup"),
]


@pytest.mark.parametrize(("method", "path"), ROUTES, ids=[" ".join(route) for route in ROUTES])
def test_every_route_needs_the_services_scope(desk: CheckService, method: str, path: str) -> None:
    assert desk.app.test_client().open(path, method=method).status_code == 401
    machine = desk.machine(*(set(Scope) - {Scope.SERVICE}))
    answer = machine.get(path) if method == "GET" else machine.post(path, b"x")
    assert (answer.status_code, answer.get_json()["code"]) == (403, "scope_missing")


def test_a_spent_quota_is_429_at_every_door(desk: CheckService) -> None:
    settings = desk.settings
    app = create_app(settings.model_copy(update={"customers": {"shop": _no_more(settings)}}))
    key = open_keys(settings).new("shop", {Scope.SERVICE}, "tester")
    client = Client(app.test_client(), key)
    for answer in (
        lookup(client, "md5", hexes(UNLISTED)["md5"]),
        client.send("/h/hash", **photo(UNSEEN)),
        client.send("/m/lookup", **photo(UNSEEN)),
        client.batch({"id": "a", "md5": hexes(UNLISTED)["md5"]}),
    ):
        assert (answer.status_code, answer.get_json()["code"]) == (429, "quota_spent")
        assert int(answer.headers["Retry-After"]) > 0


def _no_more(settings: Settings) -> object:
    """What is used today is more than this."""
    return settings.customers["shop"].model_copy(update={"per_day": 1})
