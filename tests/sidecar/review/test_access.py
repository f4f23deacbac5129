"""Who may open a page, and what happens to everybody else."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from tests.sidecar.review.conftest import House
from upload_guard.compose import open_database_of
from upload_guard.people.roles import Permission, Role
from upload_guard.sidecar.review.access import local_path, may
from upload_guard.storage.vault_tables import AuditRow

ADMINISTRATORS_ONLY = "/review/for-administrators"


@pytest.fixture(autouse=True)
def a_page_for_administrators(house: House) -> None:
    if "review.strict" not in house.app.view_functions:
        page = may(Permission.ADMINISTER)(lambda: "done")
        house.app._got_first_request = False  # this page comes late
        house.app.add_url_rule(ADMINISTRATORS_ONLY, "review.strict", page, methods=["GET", "POST"])


def noted(house: House, act: str) -> list[AuditRow]:
    with open_database_of(house.settings).session() as session:
        return list(session.scalars(select(AuditRow).where(AuditRow.act == act)))


def test_row_f7_a_reviewer_who_asks_for_an_administrator_s_action(house: House) -> None:
    before = len(noted(house, "review.refused"))
    answer = house.person(Role.REVIEWER).post(ADMINISTRATORS_ONLY)
    assert answer.status_code == 403
    assert "You may not do this" in answer.text
    (row,) = noted(house, "review.refused")[before:]
    assert row.person == "reviewer"
    assert row.details == {"needed": "administer", "route": f"POST {ADMINISTRATORS_ONLY}"}


def test_who_asks_again_and_again_is_refused_each_time_and_noted_once_an_hour(house: House) -> None:
    reviewer, before = house.person(Role.REVIEWER), len(noted(house, "review.refused"))
    for _ in range(3):
        assert reviewer.get(ADMINISTRATORS_ONLY).status_code == 403
    assert len(noted(house, "review.refused")) == before + 1


def test_who_may_gets_in(house: House) -> None:
    assert house.person(Role.ADMINISTRATOR).post(ADMINISTRATORS_ONLY).text == "done"


def test_who_is_not_logged_in_is_sent_there_and_comes_back(house: House) -> None:
    answer = house.browser().get("/review/?state=open")
    assert (answer.status_code, answer.location) == (302, "/review/log-in?next=/review/?state%3Dopen")


def test_a_fragment_sends_the_whole_page_to_log_in(house: House) -> None:
    headers = {"HX-Request": "true", "HX-Current-URL": "http://localhost/review/cases?page=2"}
    answer = house.browser().get("/review/", **headers)
    assert (answer.status_code, answer.text) == (204, "")
    assert answer.headers["HX-Redirect"] == "/review/log-in?next=/review/cases?page%3D2"


def test_a_link_on_another_site_is_led_on_so_that_the_strict_cookie_comes_along(house: House) -> None:
    elsewhere = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    answer = house.browser().get("/review/", **elsewhere)
    assert answer.status_code == 200
    assert '<meta http-equiv="refresh" content="0">' in answer.text
    assert house.browser().get("/review/").status_code == 302


@pytest.mark.parametrize("path", ["/review/log-in", "/review/log-out", "/review/static/x", "/review/x"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_another_site_logs_nobody_out(house: House, method: str, path: str) -> None:
    """The browser holds the strict cookie back, and would put a new one in its place."""
    elsewhere = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    answer = house.app.test_client().open(path, method=method, headers=elsewhere)
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example/review/",
        "//evil.example/review/",
        "/\\evil.example",
        "/review\\..\\x",
        "javascript:alert(1)",
        "/v1/cases",
        "/review/\nSet-Cookie: x",
        "http://[",
        "",
    ],
)
def test_nobody_is_led_away_after_logging_in(house: House, address: str) -> None:
    with house.app.test_request_context("/review/log-in"):
        assert local_path(address) is None


def test_a_page_of_ours_is_gone_back_to(house: House) -> None:
    with house.app.test_request_context("/review/log-in"):
        assert local_path("/review/cases?state=open") == "/review/cases?state=open"
        assert local_path("http://localhost/review/") == "/review/"
