"""GET /v1/cases: own cases, and more for those who review."""

from __future__ import annotations

import pytest

from tests.sidecar.api.conftest import Service
from upload_guard.machine_keys.keys import Scope

OWN = {"case", "opened_at", "state", "fetchable"}


@pytest.fixture(scope="module")
def numbers(service: Service) -> list[str]:
    """Cases of the site, oldest first, and one of its neighbour between them."""
    opened = [service.site.post("/v1/check?route=/up", service.listed).get_json()["case"]]
    service.neighbour.post("/v1/check", service.listed)
    opened += [service.site.post("/v1/check", service.listed).get_json()["case"] for _ in range(2)]
    return opened


def test_a_site_sees_its_own_cases_newest_first_and_only_where_they_stand(
    service: Service, numbers: list[str]
) -> None:
    answer = service.site.get("/v1/cases").get_json()
    assert [case["case"] for case in answer["cases"]] == numbers[::-1]
    assert all(set(case) == OWN and case["state"] == "open" for case in answer["cases"])
    assert answer["next"] is None


def test_they_are_turned_over_page_by_page(service: Service, numbers: list[str]) -> None:
    first = service.site.get("/v1/cases?limit=2").get_json()
    assert [case["case"] for case in first["cases"]] == numbers[:0:-1]
    second = service.site.get(f"/v1/cases?limit=2&before={first['next']}").get_json()
    assert ([case["case"] for case in second["cases"]], second["next"]) == ([numbers[0]], None)


def test_one_case_of_the_site(service: Service, numbers: list[str]) -> None:
    assert set(service.site.get(f"/v1/cases/{numbers[0]}").get_json()) == OWN


def test_a_case_of_another_site_is_as_if_it_were_none(service: Service, numbers: list[str]) -> None:
    none = "2222-2222-2222"
    for path in ("/v1/cases/{}", "/v1/cases?before={}"):
        foreign = service.neighbour.get(path.format(numbers[0]))
        missing = service.neighbour.get(path.format(none))
        assert foreign.status_code == missing.status_code == 404
        assert foreign.get_json() == missing.get_json()


def test_those_who_review_see_more_and_lists_only_with_details(service: Service, numbers: list[str]) -> None:
    reviewing = service.key(Scope.REVIEW).get(f"/v1/cases/{numbers[0]}").get_json()
    assert (reviewing["site"], reviewing["route"], reviewing["matches"]) == ("blog", "/up", None)
    assert (reviewing["result"], reviewing["size"]) == ("match", len(service.listed))
    detailed = service.admin.get(f"/v1/cases/{numbers[0]}").get_json()
    assert {match["list"] for match in detailed["matches"]} == {"test-list"}


def test_cases_of_all_sites_take_the_scope_review(service: Service, numbers: list[str]) -> None:
    refused = service.site.get("/v1/cases?all_sites=1")
    assert (refused.status_code, refused.get_json()["code"]) == (403, "scope_missing")
    every = service.key(Scope.REVIEW).get("/v1/cases?all_sites=1").get_json()["cases"]
    assert {case["site"] for case in every} == {"blog", "shop"}


def test_another_site_cannot_be_named(service: Service) -> None:
    refused = service.site.get("/v1/cases?site=shop")
    assert (refused.status_code, refused.get_json()["code"]) == (403, "site_mismatch")


def test_no_answer_holds_bytes_or_hashes(service: Service, numbers: list[str]) -> None:
    case = service.admin.get(f"/v1/cases/{numbers[0]}").get_json()
    assert not any("sha" in name or "file" in name or name == "value" for name in case)


def test_neither_scope_no_cases(service: Service) -> None:
    assert service.key(Scope.CHECK, Scope.LISTS).get("/v1/cases").status_code == 403
