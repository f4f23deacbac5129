"""POST /v1/notices: a machine tells of files, and is told where that stands."""

from __future__ import annotations

import hashlib

import pytest
from sqlalchemy import select

from tests.sidecar.api.conftest import Service
from upload_guard.compose import open_database_of
from upload_guard.machine_keys.keys import Scope
from upload_guard.notices.states import AddressState
from upload_guard.storage.notice_tables import Notice, NoticeAddress

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


@pytest.fixture(scope="module")
def held(service: Service) -> str:
    """A case of the site blog."""
    number: str = service.site.post("/v1/check", service.listed).get_json()["case"]
    return number


def told_of(service: Service, site: str, case: str, *hashes: str) -> dict[str, object]:
    """What a key of `site` hears of an address that led to this case, where its notice names these hashes."""
    hotline = service.key(Scope.NOTICES, site=site)
    told = TOLD | {"hashes": hashes, "reference": f"{site} {hashes}"}
    number = hotline.ask("/v1/notices", told).get_json()["number"]
    with open_database_of(service.settings).session() as session:
        notice = session.scalars(select(Notice).where(Notice.number == number)).one()
        (row,) = session.scalars(select(NoticeAddress).where(NoticeAddress.notice_id == notice.id))
        row.case_number, row.state = case, AddressState.CASE.value
    (address,) = hotline.get(f"/v1/notices/{number}").get_json()["addresses"]
    return dict(address)


def test_of_its_own_site_a_key_hears_the_case_and_whether_it_has_a_named_hash(
    service: Service, held: str
) -> None:
    said = told_of(service, "blog", held, hashlib.sha256(service.listed).hexdigest())
    assert (said["case"], said["named_hash"], said["state"]) == (held, "same", "case")


def test_of_another_site_it_hears_the_same_whatever_hash_it_names(service: Service, held: str) -> None:
    said = [
        told_of(service, "hotline", held, *hashes)
        for hashes in ((hashlib.sha256(service.listed).hexdigest(),), ("2" * 64,), ())
    ]
    assert said[0] == said[1] == said[2]
    assert (said[0]["case"], said[0]["named_hash"], said[0]["state"]) == ("", "nothing", "case")


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
