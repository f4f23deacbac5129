"""POST /v1/notices: a machine tells of files, and is told where that stands."""

from __future__ import annotations

import pytest

from tests.sidecar.api.conftest import Service
from upload_guard.machine_keys.keys import Scope

TOLD = {"urls": ["https://blog.example.org/media/a.jpg"], "reasons": "a crime", "good_faith": True}


def test_a_notice_is_taken_and_can_be_followed(service: Service) -> None:
    hotline = service.key(Scope.NOTICES, site="hotline")
    taken = hotline.ask("/v1/notices", TOLD | {"reference": "17", "email": "desk@example.org"})
    assert taken.status_code == 201
    said = taken.get_json()
    assert (said["state"], said["addresses"][0]["state"]) == ("open", "waiting")
    assert said["addresses"][0]["named_hash"] == "nothing"
    assert hotline.get(f"/v1/notices/{said['number']}").get_json()["number"] == said["number"]


def test_the_same_notice_twice_is_one(service: Service) -> None:
    hotline = service.key(Scope.NOTICES, site="hotline")
    first, second = (hotline.ask("/v1/notices", TOLD | {"reference": "18"}).get_json() for _ in range(2))
    assert first["number"] == second["number"]


def test_of_another_site_it_looks_like_none(service: Service) -> None:
    number = service.key(Scope.NOTICES, site="hotline").ask("/v1/notices", TOLD).get_json()["number"]
    refused = service.key(Scope.NOTICES, site="other").get(f"/v1/notices/{number}")
    assert (refused.status_code, refused.get_json()["code"]) == (404, "no_such_notice")


def test_it_takes_the_scope(service: Service) -> None:
    assert service.site.ask("/v1/notices", TOLD).status_code == 403


@pytest.mark.parametrize(
    "wrong",
    [
        {"urls": []},
        {"urls": ["file:///etc/passwd"]},
        {"urls": ["https://x.example/" + "a" * 3000]},
        {"reasons": ""},
        {"good_faith": None},
        {"email": "nobody"},
        {"picture": "aGk="},
        {"hashes": ["zz"]},
    ],
    ids=lambda wrong: next(iter(wrong)),
)
def test_what_is_no_notice_is_told(service: Service, wrong: dict[str, object]) -> None:
    assert service.admin.ask("/v1/notices", TOLD | wrong).status_code == 422
