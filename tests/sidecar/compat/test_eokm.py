"""The door in the shape of EOKM's HashCheckService."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select
from werkzeug.test import TestResponse

from tests.sidecar.customers import (
    BASELINE,
    CUSTOMERS,
    ILLEGAL,
    INVESTIGATIVE,
    LOOPBACK,
    UNLISTED,
    CheckService,
    Client,
    basic,
    hexes,
)
from tests.support import activate_list, damage_lists, digests_of, settings_in
from upload_guard.canary import canary_png
from upload_guard.compose import open_benign, open_cases, open_database_of
from upload_guard.customers.use import Used
from upload_guard.errors import UploadGuardError
from upload_guard.lists.bank.benign import vouched_file
from upload_guard.lists.formats import ListedHash
from upload_guard.lists.opinions import note_change
from upload_guard.machine_keys.keys import Scope
from upload_guard.machine_keys.opening import open_keys
from upload_guard.records import SignalType
from upload_guard.settings import Settings
from upload_guard.sidecar.app import assemble
from upload_guard.storage.customer_tables import CustomerHit
from upload_guard.storage.opinion_tables import EntryDispute
from upload_guard.storage.tables import HashList

KINDS = ("md5", "sha1")
LISTED = bytes.fromhex(hexes(b"another")["md5"])


def said(response: TestResponse) -> tuple[int, str, str]:
    return response.status_code, response.mimetype, response.text


TRUE, FALSE = (200, "text/plain", "true"), (200, "text/plain", "false")


def is_no_answer(response: TestResponse) -> bool:
    """Whether a client that looks at the status sees it, and one that looks for either word finds none."""
    return response.status_code >= 400 and not {"true", "false"} & set(words(response.text.lower()))


def words(text: str) -> Iterable[str]:
    return "".join(char if char.isalpha() else " " for char in text).split()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("name", "answer"), [(BASELINE, TRUE), (ILLEGAL, TRUE), (UNLISTED, FALSE)])
def test_a_hash_is_answered_by_one_word(desk: CheckService, kind: str, name: bytes, answer: object) -> None:
    assert said(desk.client().eokm(kind, hexes(name)[kind])) == answer


@pytest.mark.parametrize(
    "body",
    [hexes(BASELINE)["md5"].upper(), hexes(BASELINE)["md5"] + "\n", f"  {hexes(BASELINE)['md5']}\r\n"],
    ids=["upper case", "a line", "blanks around it"],
)
def test_a_hash_may_be_written_as_programs_write_it(desk: CheckService, body: str) -> None:
    assert said(desk.client().eokm("md5", body)) == TRUE


@pytest.mark.parametrize(
    "media_type", ["application/x-www-form-urlencoded", "text/plain", "application/json", "", "nonsense"]
)
def test_whatever_type_the_client_gives_the_body_is_the_hash(desk: CheckService, media_type: str) -> None:
    client = Client(desk.app.test_client(), desk.client().key, {"Content-Type": media_type})
    assert said(client.eokm("md5", hexes(BASELINE)["md5"])) == TRUE


@pytest.mark.parametrize(
    "body",
    [
        "",
        "true",
        "z" * 32,
        hexes(BASELINE)["sha1"],
        f'"{hexes(BASELINE)["md5"]}"',
        "é" * 16,
        "ab " * 11,
        b"\0" * 32,
    ],
    ids=["nothing", "a word", "no hex", "another type", "quotes", "letters", "blanks inside", "bytes"],
)
def test_what_is_no_hash_is_no_answer(desk: CheckService, body: str | bytes) -> None:
    response = desk.client().eokm("md5", body)
    assert response.status_code == 400
    assert response.get_json()["code"] == "invalid_hash"
    assert is_no_answer(response)


def test_a_body_too_long_for_a_hash_is_not_read(desk: CheckService) -> None:
    response = desk.client().eokm("md5", "a" * 257)
    assert response.status_code == 413
    assert is_no_answer(response)


def test_there_are_no_other_types_and_our_own_routes_stay(desk: CheckService) -> None:
    admin = desk.machine(*Scope)
    assert admin.post("/v1/check/sha256", b"x").status_code == 404
    assert admin.ask("/v1/check/signals", {"sha256": hexes(BASELINE)["sha256"]}).status_code == 200
    assert admin.post("/v1/check", b"some file").status_code == 200


# Who may ask --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "headers",
    [
        {},
        basic("nobody", "nothing"),
        basic("", ""),
        {"Authorization": "Basic !!!"},
        {"Authorization": "Basic /w=="},
        {"Authorization": "Basic"},
    ],
    ids=["none", "unknown", "empty", "no base64", "no text", "half a header"],
)
def test_without_a_good_password_a_client_is_asked_for_one(
    desk: CheckService, headers: dict[str, str]
) -> None:
    response = desk.app.test_client().post("/v1/check/md5", data=hexes(BASELINE)["md5"], headers=headers)
    assert response.status_code == 401
    assert any(one.startswith("Basic realm=") for one in response.headers.getlist("WWW-Authenticate"))
    assert is_no_answer(response)


def test_a_wrong_password_opens_nothing(desk: CheckService) -> None:
    key = desk.client().key
    wrong = basic(key.key_id, key.secret[::-1])
    data = hexes(BASELINE)["md5"]
    response = desk.app.test_client().post("/v1/check/md5", data=data, headers=wrong, environ_base=LOOPBACK)
    assert response.status_code == 401


def test_a_password_is_taken_from_loopback_only_unless_there_is_tls(desk: CheckService) -> None:
    key, data = desk.client().key, hexes(BASELINE)["md5"]
    away = {"REMOTE_ADDR": "192.0.2.1"}
    shown = basic(key.key_id, key.secret)
    response = desk.app.test_client().post("/v1/check/md5", data=data, headers=shown, environ_base=away)
    assert response.status_code == 401


def test_a_password_opens_no_other_route_than_the_services(desk: CheckService) -> None:
    key = open_keys(desk.settings).new("shop", set(Scope), "tester")
    client, shown = desk.app.test_client(), basic(key.key_id, key.secret)
    for path in ("/v1/check", "/v1/check/signals", "/v1/batch", "/bridge/v1/scan"):
        assert client.post(path, data=b"x", headers=shown, environ_base=LOOPBACK).status_code == 401, path
    assert client.get("/v1/cases", headers=shown, environ_base=LOOPBACK).status_code == 401


def test_passwords_guessed_again_and_again_lock_the_place_out(tmp_path: Path) -> None:
    settings = settings_in(
        tmp_path, customers=CUSTOMERS, sidecar={"bearer": "loopback"}, limits={"bad_signatures": 3}
    )
    client = assemble(settings).app.test_client()
    codes = [
        client.post("/v1/check/md5", headers=basic("id", f"guess {n}"), environ_base=LOOPBACK).status_code
        for n in range(5)
    ]
    assert codes == [401, 401, 401, 429, 429]


def test_a_signed_request_is_as_good_as_a_password(desk: CheckService) -> None:
    machine = desk.machine(Scope.SERVICE)
    assert said(machine.post("/v1/check/md5", hexes(BASELINE)["md5"].encode())) == TRUE


@pytest.mark.parametrize("scope", [scope for scope in Scope if scope is not Scope.SERVICE], ids=str)
def test_another_scope_is_not_enough(desk: CheckService, scope: Scope) -> None:
    response = desk.machine(scope).post("/v1/check/md5", hexes(BASELINE)["md5"].encode())
    assert (response.status_code, response.get_json()["code"]) == (403, "scope_missing")
    assert is_no_answer(response)


def test_a_site_without_a_table_is_no_customer(desk: CheckService) -> None:
    response = desk.client("stranger").eokm("md5", hexes(UNLISTED)["md5"])
    assert (response.status_code, response.get_json()["code"]) == (403, "not_a_customer")
    assert is_no_answer(response)


# What is true -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("site", "heard"),
    [("shop", {BASELINE, ILLEGAL}), ("baseline-only", {BASELINE}), ("one-list", set())],
)
def test_each_customer_hears_of_its_own_categories_and_lists(
    desk: CheckService, site: str, heard: set[bytes]
) -> None:
    client = desk.client(site)
    names = (BASELINE, ILLEGAL, INVESTIGATIVE)
    answers = {name: said(client.eokm("md5", hexes(name)["md5"])) for name in names}
    assert answers == {name: TRUE if name in heard else FALSE for name in names}


def client_of(settings: Settings) -> Client:
    """A customer's new key, and an application that knows it."""
    return Client(assemble(settings).app.test_client(), open_keys(settings).new("shop", {Scope.SERVICE}, "t"))


def test_a_disputed_entry_is_not_true(tmp_path: Path) -> None:
    settings = settings_in(tmp_path, customers=CUSTOMERS, sidecar={"bearer": "loopback"})
    value = bytes.fromhex(hexes(BASELINE)["md5"])
    activate_list(settings, [ListedHash(SignalType.MD5, value)])
    dispute(settings, value)
    client = client_of(settings)
    assert said(client.eokm("md5", value.hex())) == FALSE


def test_the_digest_of_a_known_good_picture_is_not_true(tmp_path: Path) -> None:
    settings = settings_in(tmp_path, customers=CUSTOMERS, sidecar={"bearer": "loopback"})
    value = digests_of(b"a logo").md5
    activate_list(settings, [ListedHash(SignalType.MD5, value), ListedHash(SignalType.MD5, LISTED)])
    # Later: else the gate would have put it aside.
    open_benign(settings).add(vouched_file("logo.png", digests_of(b"a logo"), []), "ann")
    client = client_of(settings)
    assert said(client.eokm("md5", value.hex())) == FALSE
    assert said(client.eokm("md5", (LISTED).hex())) == TRUE


# What could not be checked ------------------------------------------------------------------------


def test_lists_that_are_not_loaded_are_no_answer(tmp_path: Path) -> None:
    settings = settings_in(tmp_path, customers=CUSTOMERS, sidecar={"bearer": "loopback"})
    activate_list(settings, [ListedHash(SignalType.MD5, LISTED)])
    damage_lists(settings)
    client = client_of(settings)
    for name in (b"x", BASELINE, UNLISTED):
        response = client.eokm("md5", hexes(name)["md5"])
        assert (response.status_code, response.get_json()["code"]) == (503, "not_ready")
        assert "Retry-After" in response.headers
        assert is_no_answer(response)


def test_a_type_that_no_list_holds_is_no_answer(tmp_path: Path) -> None:
    settings = settings_in(tmp_path, customers=CUSTOMERS, sidecar={"bearer": "loopback"})
    activate_list(settings, [ListedHash(SignalType.MD5, LISTED)], category="illegal")
    app, keys = assemble(settings).app, open_keys(settings)
    client = Client(app.test_client(), keys.new("shop", {Scope.SERVICE}, "tester"))
    assert said(client.eokm("md5", hexes(UNLISTED)["md5"])) == FALSE
    choosy = Client(app.test_client(), keys.new("baseline-only", {Scope.SERVICE}, "tester"))
    for response in (
        client.eokm("sha1", hexes(UNLISTED)["sha1"]),
        choosy.eokm("md5", hexes(UNLISTED)["md5"]),
    ):
        assert (response.status_code, response.get_json()["code"]) == (503, "not_covered")
        assert is_no_answer(response)


def test_without_any_list_nothing_is_false(tmp_path: Path) -> None:
    settings = settings_in(tmp_path, customers=CUSTOMERS, sidecar={"bearer": "loopback"})
    client = client_of(settings)
    response = client.eokm("md5", hexes(UNLISTED)["md5"])
    assert (response.status_code, response.get_json()["code"]) == (503, "lists_missing")
    assert is_no_answer(response)


def test_a_list_that_was_promised_and_does_not_act_makes_no_no(desk: CheckService) -> None:
    client = desk.client("not-yet")
    assert client.eokm("md5", hexes(UNLISTED)["md5"]).get_json()["code"] == "lists_missing"
    assert said(client.eokm("md5", digests_of(desk.picture).md5.hex())) == TRUE


def test_health_names_the_customer_and_the_list(desk: CheckService) -> None:
    warnings = desk.machine(*Scope).get("/healthz").get_json()["warnings"]
    assert [one for one in warnings if "not-yet hears no" in one and "not-active" in one]
    assert not [one for one in warnings if "one-list" in one]


def test_no_sentence_of_an_error_has_either_word() -> None:
    def tree(root: type[UploadGuardError]) -> Iterable[type[UploadGuardError]]:
        yield root
        for child in root.__subclasses__():
            yield from tree(child)

    assert not [one for one in tree(UploadGuardError) if {"true", "false"} & set(words(one.public.lower()))]


# The test path ------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_the_test_path_knows_the_canary_and_nothing_else(desk: CheckService, kind: str) -> None:
    canary = {"md5": digests_of(canary_png()).md5, "sha1": digests_of(canary_png()).sha1}
    client = desk.client()
    assert said(client.eokm(kind, canary[kind].hex(), test=True)) == TRUE
    assert said(client.eokm(kind, hexes(BASELINE)[kind], test=True)) == FALSE
    assert client.eokm(kind, "nonsense", test=True).status_code == 400
    assert desk.used(client) == {"eokm-test": Used(2, 0, 0)}


def test_the_test_path_answers_where_there_is_no_list(tmp_path: Path) -> None:
    settings = settings_in(tmp_path, customers=CUSTOMERS, sidecar={"bearer": "loopback"})
    client = client_of(settings)
    assert said(client.eokm("md5", hexes(UNLISTED)["md5"], test=True)) == FALSE


# What is counted and kept -------------------------------------------------------------------------


def test_a_spent_quota_says_so_and_when_to_come_again(desk: CheckService) -> None:
    client = desk.client("small")
    for _ in range(3):
        assert said(client.eokm("md5", hexes(UNLISTED)["md5"])) == FALSE
    response = client.eokm("md5", hexes(BASELINE)["md5"])
    assert (response.status_code, response.get_json()["code"]) == (429, "quota_spent")
    assert 0 < int(response.headers["Retry-After"]) <= 86_400
    assert is_no_answer(response)
    assert desk.used(client) == {"eokm": Used(3, 0, 1)}


def test_what_was_asked_is_counted_and_not_kept(desk: CheckService) -> None:
    client = desk.client()
    for name in (BASELINE, ILLEGAL, UNLISTED):
        client.eokm("sha1", hexes(name)["sha1"])
    client.eokm("sha1", "nonsense")
    assert desk.used(client) == {"eokm": Used(3, 2, 0)}
    assert open_cases(desk.settings).newest(1000) == ()
    data = b"".join(file.read_bytes() for file in desk.settings.data_dir.glob("upload_guard.sqlite3*"))
    for name in (UNLISTED, BASELINE):
        asked = hexes(name)["sha1"]
        assert asked.encode() not in data
        assert bytes.fromhex(asked) not in data


def test_a_hit_is_noted_for_the_customer_that_got_it(desk: CheckService) -> None:
    before = hits_of(desk, "baseline-only")
    desk.client("baseline-only").eokm("md5", hexes(BASELINE)["md5"])
    desk.client("baseline-only").eokm("md5", hexes(ILLEGAL)["md5"])
    assert hits_of(desk, "baseline-only") >= before | {"baseline"}
    assert "illegal" not in hits_of(desk, "baseline-only")


def dispute(settings: Settings, value: bytes) -> None:
    """Two persons have agreed that the entry is wrong."""
    now = datetime.now(UTC)
    with open_database_of(settings).session() as session:
        session.add(
            EntryDispute(
                list_id=session.scalars(select(HashList.id)).one(),
                signal_type="md5",
                value=value,
                case_number="ABCD-EFGH-JKMN",
                proposed_at=now,
                proposed_by="ann",
                because="a logo",
                agreed_at=now,
                agreed_by="bob",
            )
        )
        note_change(session)


def hits_of(desk: CheckService, site: str) -> set[str]:
    with open_database_of(desk.settings).session() as session:
        return {hit.category for hit in session.query(CustomerHit).filter_by(site=site)}
