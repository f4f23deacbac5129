"""The bridge for sites in other languages."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from tests.serving import signature
from tests.sidecar.api.conftest import Service
from tests.sidecar.machines import machine
from tests.support import OTHER_SEED, activate_listed_picture, damage_lists, picture_bytes, settings_in
from upload_guard.compose import open_cases
from upload_guard.machine_keys.keys import SITE_SCOPES, Scope
from upload_guard.quarantine.showing.outcomes import LateAction, LateOutcomes
from upload_guard.sidecar.app import assemble
from upload_guard.storage.database import open_database


def by_hash(service: Service, data: bytes) -> dict[str, object]:
    question = {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data)}
    answer: dict[str, object] = service.site.ask("/bridge/v1/hash", question).get_json()
    return answer


def test_an_unknown_file_is_needed(service: Service) -> None:
    assert by_hash(service, b"unknown") == {
        "answer": "need_file",
        "result": None,
        "case": "",
        "message": "",
        "if_unsent": "policy",
        "upload": "",
    }


def test_a_listed_one_is_needed_to_be_kept_and_refused_even_if_it_cannot_be_sent(service: Service) -> None:
    answer = by_hash(service, service.listed)
    assert (answer["answer"], answer["if_unsent"]) == ("need_file", "refuse")
    assert answer["message"] == "This upload cannot be accepted."


def test_the_file_is_refused_with_a_case_and_a_sentence(service: Service) -> None:
    answer = service.site.post("/bridge/v1/scan?route=/wp-admin/async-upload.php", service.listed).get_json()
    assert (answer["answer"], answer["result"]) == ("refuse", "match")
    assert answer["message"] == "This upload cannot be accepted."
    case = open_cases(service.settings).one(answer["case"])
    assert (case.site, case.route) == ("blog", "/wp-admin/async-upload.php")


def test_a_clean_one_is_allowed_and_known_by_its_hash_afterwards(service: Service) -> None:
    picture = picture_bytes(OTHER_SEED)
    for answer in (service.site.post("/bridge/v1/scan", picture).get_json(), by_hash(service, picture)):
        assert (answer["answer"], answer["result"], answer["case"]) == ("allow", "clean", "")


def test_the_sentence_is_in_the_language_that_is_asked_for(service: Service) -> None:
    headers = signature(service.site.key, "POST", "/bridge/v1/scan", service.listed)
    headers["Accept-Language"] = "nl-BE, en;q=0.5"
    answer = service.site.client.post("/bridge/v1/scan", data=service.listed, headers=headers).get_json()
    assert answer["message"] == "Deze upload kan niet worden aanvaard."


def test_the_body_is_the_file_whatever_type_it_is_said_to_have(service: Service) -> None:
    for claimed in (
        "multipart/form-data; boundary=x",
        "application/json",
        "application/x-www-form-urlencoded",
    ):
        answer = service.site.post("/bridge/v1/scan", service.listed, content_type=claimed).get_json()
        assert answer["answer"] == "refuse", claimed


def test_the_configuration_says_what_a_bridge_must_know(service: Service) -> None:
    config = service.site.get("/bridge/v1/config").get_json()
    assert (config["site"], config["ready"], config["lists_active"], config["looks_active"]) == (
        "blog",
        True,
        True,
        True,
    )
    assert (config["max_file"], config["retry_after"]) == (4 << 20, 30)
    assert set(config["messages"]) == {"en", "nl"}
    assert config["messages"]["nl"]["case_label"] == "Zaaknummer"


def test_over_the_size_that_it_names_a_file_is_too_large(service: Service) -> None:
    config = service.site.get("/bridge/v1/config").get_json()
    response = service.site.post("/bridge/v1/scan", bytes(config["max_file"] + 1))
    assert (response.status_code, response.get_json()["code"]) == (413, "body_too_large")


def test_without_a_list_an_upload_is_allowed_as_unchecked(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    site = machine(assemble(settings).app.test_client(), settings, *SITE_SCOPES)
    assert site.get("/bridge/v1/config").get_json()["lists_active"] is False
    for answer in (
        site.post("/bridge/v1/scan", b"x").get_json(),
        site.ask("/bridge/v1/hash", {"sha256": "0" * 64}).get_json(),
    ):
        assert (answer["answer"], answer["result"]) == ("allow", "unchecked")


def test_with_damaged_lists_it_is_not_ready_and_says_so(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    activate_listed_picture(settings)
    damage_lists(settings)
    site = machine(assemble(settings).app.test_client(), settings, *SITE_SCOPES)
    assert site.get("/bridge/v1/config").get_json()["ready"] is False
    refused = site.ask("/bridge/v1/hash", {"sha256": "0" * 64})
    assert (refused.status_code, refused.get_json()["code"]) == (503, "not_ready")


def test_what_became_of_a_late_match_is_noted_once(service: Service) -> None:
    case = service.site.post("/bridge/v1/scan", service.listed).get_json()["case"]
    told = {"case": case, "outcome": "hidden", "reference": "attachment 7"}
    first = service.site.ask("/bridge/v1/late-outcome", told).get_json()
    assert service.site.ask("/bridge/v1/late-outcome", told).get_json() == first
    service.site.ask("/bridge/v1/late-outcome", {"case": case, "outcome": "removed"})
    noted = LateOutcomes(open_database(service.settings.database_url)).on(case)
    assert [(one.action, one.reference) for one in noted] == [
        (LateAction.HIDDEN, "attachment 7"),
        (LateAction.REMOVED, ""),
    ]
    assert {one.by for one in noted} == {service.site.key.key_id}


def test_of_another_sites_case_nothing_is_taken(service: Service) -> None:
    case = service.site.post("/bridge/v1/scan", service.listed).get_json()["case"]
    refused = service.neighbour.ask("/bridge/v1/late-outcome", {"case": case, "outcome": "removed"})
    assert (refused.status_code, refused.get_json()["code"]) == (404, "no_such_case")


@pytest.mark.parametrize("scope", [Scope.CHECK, Scope.OWN_CASES])
def test_it_takes_the_scope_for_it(service: Service, scope: Scope) -> None:
    told = {"case": "2222-2222-2222", "outcome": "removed"}
    assert service.key(scope).ask("/bridge/v1/late-outcome", told).status_code == 403
