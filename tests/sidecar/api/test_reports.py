"""What a site tells of an uploader, and what those who review ask of reports."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from werkzeug.test import TestResponse

from tests.sidecar.api.conftest import Service
from upload_guard.compose import open_report_desk
from upload_guard.machine_keys.keys import Scope
from upload_guard.reports.facts import Uploader
from upload_guard.storage.vault_tables import AuditRow

TOLD = {
    "account": "u-1207",
    "ip": "192.0.2.7",
    "port": 40112,
    "email": "u@example.org",
    "at": "2026-01-02T04:04:05+01:00",
}


@pytest.fixture(scope="module")
def case(service: Service) -> str:
    return str(service.site.post("/v1/check?route=/up", service.listed).get_json()["case"])


def tell(service: Service, case: str, told: object = TOLD) -> TestResponse:
    return service.site.ask(f"/v1/cases/{case}/uploader", told)


def kept(service: Service, case: str) -> Uploader:
    desk = open_report_desk(service.settings)
    with desk.database.session() as session:
        return desk.uploaders.of(session, case)


def test_a_site_tells_who_uploaded_a_file_of_its_own(service: Service, case: str) -> None:
    assert tell(service, case).get_json() == {"case": case, "kept": True}
    at = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert kept(service, case) == Uploader("u-1207", "", "u@example.org", "192.0.2.7", 40112, at)


def test_the_last_word_counts(service: Service, case: str) -> None:
    tell(service, case, {"account": "first"})
    tell(service, case, {"account": "second"})
    assert kept(service, case) == Uploader("second")


def test_it_lies_sealed_and_out_of_the_audit_log(service: Service, case: str) -> None:
    tell(service, case, {"account": "u-9f4c27", "ip": "2001:db8::77"})
    folder = service.settings.data_dir
    held = b"".join(file.read_bytes() for file in folder.rglob("*.sqlite3*"))
    assert b"u-9f4c27" not in held
    assert b"2001:db8::77" not in held
    with open_report_desk(service.settings).database.session() as session:
        acts = session.query(AuditRow).filter_by(case_number=case, act="case.uploader_told").all()
    assert acts
    assert all(row.details == {} for row in acts)


def test_no_site_speaks_of_the_cases_of_another(service: Service, case: str) -> None:
    before = kept(service, case)
    foreign = service.neighbour.ask(f"/v1/cases/{case}/uploader", TOLD)
    missing = service.neighbour.ask("/v1/cases/2222-2222-2222/uploader", TOLD)
    assert foreign.status_code == missing.status_code == 404
    assert foreign.get_json() == missing.get_json()
    assert kept(service, case) == before


@pytest.mark.parametrize(
    "told",
    [
        {},
        {"port": 4000, "account": "u"},
        {"ip": "not an address"},
        {"account": "two\nlines"},
        {"account": "x" * 257},
        {"account": "u", "at": "2026-01-02T03:04:05"},
        {"account": "u", "picture": "..."},
    ],
    ids=["nothing", "a port of nothing", "no address", "two lines", "too long", "no zone", "an unknown name"],
)
def test_what_no_report_could_hold_is_refused(service: Service, case: str, told: dict[str, object]) -> None:
    assert tell(service, case, told).status_code == 422


def test_a_site_does_not_hear_of_reports(service: Service, case: str) -> None:
    assert service.site.get(f"/v1/cases/{case}/reports").status_code == 403
    reviewing = service.key(Scope.REVIEW)
    assert reviewing.get(f"/v1/cases/{case}/reports").get_json() == {"reports": []}
