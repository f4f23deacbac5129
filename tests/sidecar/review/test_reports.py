"""The pages of reports: read before approved, and nothing of a case that nobody confirmed."""

from __future__ import annotations

import re
from typing import Any

import pytest
from sqlalchemy import select

from tests.reports.house import WHO
from tests.sidecar.machines import machine
from tests.sidecar.review.browsing import Browser, inline
from tests.sidecar.review.conftest import House
from tests.support import activate_listed_picture, eventually, settings_in
from upload_guard.compose import open_database_of, open_report_desk, report_following
from upload_guard.machine_keys.keys import SITE_SCOPES
from upload_guard.people.roles import Role
from upload_guard.reports.states import ReportState
from upload_guard.sidecar.app import assemble
from upload_guard.storage.vault_tables import AuditRow


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> House:
    folder = tmp_path_factory.mktemp("reports")
    told: dict[str, object] = {
        "format": "text",
        "sender": "folder",
        "blocked": True,
        "folder": folder / "out",
    }
    reports = WHO | {"recipients": {"hotline": told, "police": told | {"folder": folder / "police"}}}
    settings = settings_in(folder, review={"totp": "optional"}, reports=reports)
    listed = activate_listed_picture(settings)
    return House(settings, assemble(settings).app, listed)


@pytest.fixture
def case(house: House) -> str:
    sending = machine(house.app.test_client(), house.settings, *SITE_SCOPES)
    return str(sending.post("/v1/check?route=/up", house.listed).get_json()["case"])


@pytest.fixture
def reviewer(house: House) -> Browser:
    return house.person(Role.REVIEWER)


@pytest.fixture
def confirmed(reviewer: Browser, case: str) -> str:
    decided = reviewer.post(f"/review/cases/{case}/confirm", reason="own", because="looked at it")
    assert decided.status_code == 303, decided.text
    return case


def drafted(reviewer: Browser, case: str, recipient: str = "hotline") -> str:
    """The address of a new draft."""
    answer = reviewer.post(f"/review/reports/of/{case}/draft", recipient=recipient)
    assert answer.status_code == 303, answer.text
    return str(answer.location)


def mark_on(page: str) -> str:
    found = re.search(r'name="mark" value="([0-9a-f]+)"', page)
    assert found
    return found[1]


def test_of_a_case_that_nobody_confirmed_there_is_nothing_to_draft(reviewer: Browser, case: str) -> None:
    page = reviewer.get(f"/review/reports/of/{case}").text
    assert "Nobody has confirmed this case" in page
    assert "Write a draft" not in page
    refused = reviewer.post(f"/review/reports/of/{case}/draft", recipient="hotline")
    assert refused.status_code == 400
    assert "only what a person has confirmed is reported" in refused.text


def test_what_is_read_is_approved_and_goes_out(house: House, reviewer: Browser, confirmed: str) -> None:
    draft = drafted(reviewer, confirmed)
    page = reviewer.get(draft).text
    assert f"Case number: {confirmed}" in page
    assert "Approve and send" in page
    assert reviewer.post(f"{draft}/approve", mark=mark_on(page)).status_code == 303
    number = draft.rpartition("/")[2]
    desk = open_report_desk(house.settings)
    assert eventually(lambda: desk.one(number).state is ReportState.SENT)
    folder = house.settings.reports.recipients["hotline"].folder
    assert folder is not None
    assert (folder / f"{number}.txt").read_bytes() == desk.paper(number).content
    shown = reviewer.get("/review/reports").text
    assert number[:8] in shown


def test_a_draft_that_somebody_wrote_anew_is_read_again(reviewer: Browser, confirmed: str) -> None:
    draft = drafted(reviewer, confirmed)
    mark = mark_on(reviewer.get(draft).text)
    reviewer.post(f"/review/reports/of/{confirmed}/classify", classification="A2", summary="in short")
    reviewer.post(f"{draft}/rewrite")
    answer = reviewer.post(f"{draft}/approve", mark=mark)
    page = reviewer.get(str(answer.location)).text
    assert "It was written anew since you read it" in page
    assert "Classification: A2" in page
    assert "Approve and send" in page


def test_each_recipient_is_offered_once(reviewer: Browser, confirmed: str) -> None:
    drafted(reviewer, confirmed)
    page = reviewer.get(f"/review/reports/of/{confirmed}").text
    assert '<option value="police">' in page
    assert '<option value="hotline">' not in page
    drafted(reviewer, confirmed, "police")
    assert (
        "Every recipient in the settings has a report of it"
        in reviewer.get(f"/review/reports/of/{confirmed}").text
    )


def test_a_draft_is_dropped_for_a_reason(reviewer: Browser, confirmed: str) -> None:
    draft = drafted(reviewer, confirmed)
    assert reviewer.post(f"{draft}/withdraw", because="").status_code == 400
    assert reviewer.post(f"{draft}/withdraw", because="not this one").status_code == 303
    page = reviewer.get(draft).text
    assert "not this one" in page
    assert "Approve and send" not in page


def test_what_went_out_of_a_case_that_is_open_again_is_asked_back(
    house: House, reviewer: Browser, confirmed: str
) -> None:
    draft = drafted(reviewer, confirmed)
    reviewer.post(f"{draft}/approve", mark=mark_on(reviewer.get(draft).text))
    desk, number = open_report_desk(house.settings), draft.rpartition("/")[2]
    assert eventually(lambda: desk.one(number).state is ReportState.SENT)
    reviewer.post(f"/review/cases/{confirmed}/reopen", reason="own", because="a slip")
    report_following(desk).run()
    assert number in [one.number for one in desk.to_withdraw()]
    assert "Please take it back" in reviewer.get(draft).text
    failed = reviewer.post(f"{draft}/withdraw", because="a slip")
    assert "This way knows no taking back" in reviewer.get(str(failed.location)).text
    assert reviewer.post(f"{draft}/withdrawn", because="written by mail").status_code == 303
    assert desk.one(number).state is ReportState.WITHDRAWN


def test_who_uploaded_it_is_noted_and_shown_in_the_report_alone(
    house: House, reviewer: Browser, confirmed: str
) -> None:
    noted = reviewer.post(
        f"/review/reports/of/{confirmed}/uploader", account="u-55", ip="192.0.2.9", port="4000", at=""
    )
    assert noted.status_code == 303
    assert "u-55" not in reviewer.get(f"/review/reports/of/{confirmed}").text
    assert "u-55" not in reviewer.get(f"/review/cases/{confirmed}").text
    page = reviewer.get(drafted(reviewer, confirmed)).text
    assert "u-55" in page
    assert "192.0.2.9" in page


@pytest.mark.parametrize("form", [{"ip": "nowhere"}, {"port": "x"}, {}], ids=["no ip", "no port", "nothing"])
def test_an_uploader_that_no_report_could_hold_is_refused(
    reviewer: Browser, confirmed: str, form: dict[str, Any]
) -> None:
    assert reviewer.post(f"/review/reports/of/{confirmed}/uploader", **form).status_code == 400


def test_what_strangers_wrote_is_no_markup(reviewer: Browser, confirmed: str) -> None:
    reviewer.post(f"/review/reports/of/{confirmed}/uploader", account="<script>alert(1)</script>")
    page = reviewer.get(drafted(reviewer, confirmed)).text
    assert "<script>alert" not in page
    assert inline(page) == []


def test_a_paper_is_a_download_of_no_type(reviewer: Browser, confirmed: str) -> None:
    answer = reviewer.get(f"{drafted(reviewer, confirmed)}/paper")
    assert answer.mimetype == "application/octet-stream"
    assert answer.headers["Content-Disposition"].startswith("attachment;")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert f"Case number: {confirmed}".encode() in answer.data


@pytest.mark.parametrize("role", [Role.VIEWER, Role.LIST_MANAGER])
def test_others_see_and_send_no_report(house: House, reviewer: Browser, confirmed: str, role: Role) -> None:
    draft, other = drafted(reviewer, confirmed), house.person(role)
    for path in ("/review/reports", f"/review/reports/of/{confirmed}", draft, f"{draft}/paper"):
        assert other.get(path).status_code == 403
    assert other.post(f"{draft}/approve", mark="").status_code == 403
    assert "/review/reports" not in other.get("/review/").text
    refused = select(AuditRow).where(AuditRow.act == "review.refused")
    with open_database_of(house.settings).session() as session:
        assert session.scalars(refused).first() is not None


def test_an_administrator_may(house: House, confirmed: str) -> None:
    assert (
        "Approve and send"
        in house.person(Role.ADMINISTRATOR).get(drafted(house.person(Role.ADMINISTRATOR), confirmed)).text
    )
