"""GET /v1/lists, and lists that are shared."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from tests.serving import signature
from tests.sidecar.api.conftest import Service
from tests.sidecar.machines import machine
from tests.support import activate_list, activate_listed_picture, listed_hashes, picture_bytes, settings_in
from upload_guard.compose import open_database_of, open_lists
from upload_guard.lists.formats import ListedHash
from upload_guard.machine_keys.keys import SITE_SCOPES, Scope
from upload_guard.sidecar.app import assemble
from upload_guard.storage.opinion_tables import EntryDispute
from upload_guard.storage.tables import HashList
from upload_guard.storage.vault_tables import AuditRow


def test_every_list_tells_its_versions_and_which_of_them_acts(service: Service) -> None:
    activate_list(service.settings, listed_hashes(picture_bytes(5)), "second", "illegal", "elsewhere")
    activate_list(service.settings, listed_hashes(picture_bytes(6)), "second", "illegal", "elsewhere")
    lists = {one["name"]: one for one in service.key(Scope.LISTS).get("/v1/lists").get_json()["lists"]}
    assert set(lists) == {"test-list", "second"}
    second = lists["second"]
    assert (second["origin"], second["active"]) == ("elsewhere", 2)
    assert [(one["number"], one["active"], one["entries"]) for one in second["versions"]] == [
        (1, False, 3),
        (2, True, 3),
    ]
    assert second["versions"][1]["counts"] == {"sha256": 1, "md5": 1, "pdq": 1}
    assert second["versions"][1]["categories"] == {"illegal": 3}
    assert 0 <= second["age"] < 600


def test_a_site_does_not_learn_of_lists(service: Service) -> None:
    assert service.site.get("/v1/lists").status_code == 403


# Lists that are shared


@pytest.fixture(scope="module")
def sharing(tmp_path_factory: pytest.TempPathFactory) -> Service:
    settings = settings_in(tmp_path_factory.mktemp("sharing"), lists={"test-list": {"share": True}})
    listed = activate_listed_picture(settings)
    app = assemble(settings).app
    site = machine(app.test_client(), settings, *SITE_SCOPES)
    return Service(settings, app, listed, site, site, machine(app.test_client(), settings, *Scope))


EXPORT = "/v1/lists/test-list/export"


def test_a_shared_list_is_given_whole_as_json_lines_under_the_name_of_its_state(sharing: Service) -> None:
    answer = sharing.key(Scope.LISTS).get(EXPORT)
    rows = [json.loads(line) for line in answer.text.splitlines()]
    assert answer.mimetype == "application/x-ndjson"
    values = {(row["type"], row["value"]) for row in rows}
    assert values == {(one.signal_type, one.value.hex()) for one in listed_hashes(sharing.listed)}
    assert {row["category"] for row in rows} == {"baseline"}
    assert re.fullmatch(r'"1-[0-9a-f]{32}"', answer.headers["ETag"])


def test_the_same_state_is_not_sent_twice_and_any_change_makes_another(sharing: Service) -> None:
    asking = sharing.key(Scope.LISTS)
    tag = asking.get(EXPORT).headers["ETag"]

    def again(known: str = tag) -> TestResponse:
        headers = signature(asking.key, "GET", EXPORT) | {"If-None-Match": known}
        return asking.client.get(EXPORT, headers=headers)

    assert (again().status_code, again().data) == (304, b"")
    # As a proxy names it that packed the answer.
    assert again(f"W/{tag}").status_code == 304
    lists = open_lists(sharing.settings)
    sha256 = listed_hashes(sharing.listed)[0]
    lists.retract("test-list", [sha256], "ann")
    assert again().status_code == 200
    assert sha256.value.hex() not in again().text
    lists.add("test-list", [sha256], "baseline", "ann")
    assert again().status_code == 200


def test_what_two_persons_found_wrong_is_given_with_that_opinion(sharing: Service) -> None:
    asking = sharing.key(Scope.LISTS)
    tag = asking.get(EXPORT).headers["ETag"]
    md5 = listed_hashes(sharing.listed)[1]
    with open_database_of(sharing.settings).session() as session:
        session.add(disputed(session, md5))
    answer = asking.get(EXPORT)
    rows = {row["value"]: row.get("opinion") for row in map(json.loads, answer.text.splitlines())}
    assert rows[md5.value.hex()] == "disputed"
    assert sum(opinion is not None for opinion in rows.values()) == 1
    assert answer.headers["ETag"] != tag


def disputed(session: Session, entry: ListedHash) -> EntryDispute:
    now = datetime.now(UTC)
    return EntryDispute(
        list_id=session.scalars(select(HashList.id).where(HashList.name == "test-list")).one(),
        signal_type=entry.signal_type.value,
        value=entry.value,
        case_number="AAAA-BBBB-CCCC",
        proposed_at=now,
        proposed_by="ann",
        because="a stock image",
        agreed_at=now,
        agreed_by="bob",
    )


@pytest.mark.parametrize("name", ["nothing", "other"])
def test_a_list_that_is_not_shared_looks_as_if_there_were_none(sharing: Service, name: str) -> None:
    activate_list(sharing.settings, listed_hashes(picture_bytes(5)), "other")
    answer = sharing.key(Scope.LISTS).get(f"/v1/lists/{name}/export")
    assert (answer.status_code, answer.get_json()["code"]) == (404, "no_such_list")


def test_a_site_gets_no_list(sharing: Service) -> None:
    assert sharing.site.get(EXPORT).status_code == 403


def test_that_a_list_left_the_house_stands_in_the_audit_log(sharing: Service) -> None:
    asking = sharing.key(Scope.LISTS)
    asking.get(EXPORT)
    with open_database_of(sharing.settings).session() as session:
        acts = session.execute(select(AuditRow.person, AuditRow.act, AuditRow.details)).all()
    assert (f"key {asking.key.key_id}", "list.shared", {"list": "test-list", "version": 1}) in acts


def test_a_damaged_list_is_a_fault_and_no_answer_that_breaks_off(sharing: Service) -> None:
    (file,) = (sharing.settings.lists_dir / "test-list").glob("*.jsonl")
    whole = file.read_bytes()
    file.write_bytes(whole[:-20])
    answer = sharing.key(Scope.LISTS).get(EXPORT)
    file.write_bytes(whole)
    assert answer.status_code == 500
