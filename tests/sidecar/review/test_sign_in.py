"""Logging in by the pages, and out."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from tests.people.gates import PASSWORD
from tests.sidecar.review.browsing import Browser
from tests.support import settings_in
from upload_guard.compose import open_database_of
from upload_guard.people.opening import Gate, open_gate
from upload_guard.people.roles import Role
from upload_guard.settings import Settings
from upload_guard.sidecar.app import assemble
from upload_guard.storage.vault_tables import AuditRow

ANOTHER = "seven lamps along the quiet canal"


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return settings_in(tmp_path_factory.mktemp("sign_in"), review={"totp": "optional"})


# Not "app": pytest-flask would have all requests of a test share what Flask keeps for one.
@pytest.fixture(scope="module")
def service(settings: Settings) -> Flask:
    return assemble(settings).app


@pytest.fixture(scope="module")
def gate(settings: Settings, service: Flask) -> Gate:
    assert "Nobody can log in yet" in service.test_client().get("/review/log-in").text
    gate = open_gate(settings, open_database_of(settings))
    gate.people.add("ann", Role.ADMINISTRATOR, PASSWORD, "root")
    return gate


@pytest.fixture
def browser(service: Flask, gate: Gate) -> Browser:
    assert gate
    return Browser(service.test_client())


def cookie(browser: Browser) -> str:
    found = browser.client.get_cookie("upload_guard")
    return found.value if found else ""


def test_the_right_password_leads_to_where_one_was_going(browser: Browser) -> None:
    answer = browser.log_in("ann", wanted="/review/me?x=1")
    assert (answer.status_code, answer.location) == (302, "/review/me?x=1")
    assert "ann" in browser.get("/review/me").text


def test_a_name_is_taken_however_it_is_typed(browser: Browser) -> None:
    assert browser.log_in(" Ann ").status_code == 302


def test_who_is_logged_in_is_not_asked_again(browser: Browser) -> None:
    browser.log_in("ann")
    assert browser.get("/review/log-in").location == "/review/"


def test_a_wrong_password_is_asked_for_again_and_says_no_more(browser: Browser) -> None:
    wrong, nobody = browser.log_in("ann", "wrong"), browser.log_in("bob", "wrong")
    assert (wrong.status_code, nobody.status_code) == (401, 401)
    assert "do not belong together" in wrong.text
    assert wrong.text.replace('value="ann"', "").count("<") == nobody.text.replace('value="bob"', "").count(
        "<"
    )
    assert "Nobody can log in yet" not in wrong.text


def test_a_link_leads_nobody_to_another_site(browser: Browser) -> None:
    for elsewhere in ("https://evil.example/", "//evil.example", "/\\evil.example"):
        assert browser.log_in("ann", wanted=elsewhere).location == "/review/"
        browser.post("/review/log-out")


def test_row_f1_six_wrong_passwords(browser: Browser, settings: Settings, gate: Gate) -> None:
    gate.people.add("carol", Role.VIEWER, PASSWORD, "root")
    statuses = [browser.log_in("carol", "wrong").status_code for _ in range(6)]
    assert statuses == [401] * 5 + [429]
    locked = browser.log_in("carol")
    assert locked.status_code == 429
    assert int(locked.headers["Retry-After"]) >= 1
    assert "too many attempts" in locked.text
    with open_database_of(settings).session() as session:
        rows = session.scalars(select(AuditRow).where(AuditRow.person == "carol")).all()
    assert [row.act for row in rows] == ["person.log_in_failed"] * 5 + ["person.locked_out"]


def test_row_f2_a_form_without_a_token(browser: Browser) -> None:
    browser.token()
    answer = browser.client.post("/review/log-in", data={"name": "ann", "password": PASSWORD})
    assert answer.status_code == 400


def test_what_the_browser_had_before_is_worth_nothing_after(browser: Browser, service: Flask) -> None:
    """Whoever put a cookie into somebody's browser has no session when they log in."""
    browser.token()
    planted = cookie(browser)
    browser.log_in("ann")
    assert cookie(browser) != planted
    stranger = Browser(service.test_client())
    stranger.client.set_cookie("upload_guard", planted)
    assert stranger.get("/review/").status_code == 302


def test_logging_in_again_ends_the_session_of_before(browser: Browser, service: Flask) -> None:
    browser.log_in("ann")
    before = cookie(browser)
    browser.log_in("ann")
    stranger = Browser(service.test_client())
    stranger.client.set_cookie("upload_guard", before)
    assert stranger.get("/review/").status_code == 302
    assert browser.get("/review/").status_code == 200


def test_after_logging_out_the_cookie_opens_nothing_anywhere(browser: Browser, service: Flask) -> None:
    browser.log_in("ann")
    copied = Browser(service.test_client())
    copied.client.set_cookie("upload_guard", cookie(browser))
    assert copied.get("/review/").status_code == 200
    assert browser.post("/review/log-out").location == "/review/log-in"
    assert browser.get("/review/").status_code == 302
    assert copied.get("/review/").status_code == 302


def test_logging_out_takes_a_form(browser: Browser) -> None:
    browser.log_in("ann")
    assert browser.get("/review/log-out").status_code == 404
    assert browser.get("/review/").status_code == 200


def test_a_session_opens_in_every_worker(browser: Browser, settings: Settings) -> None:
    """Cookies are signed by what the master key gives, and sessions are rows."""
    browser.log_in("ann")
    other = Browser(assemble(settings).app.test_client())
    other.client.set_cookie("upload_guard", cookie(browser))
    assert other.get("/review/").status_code == 200
    assert other.post("/review/me/sessions").status_code == 302


def test_a_cookie_that_was_altered_opens_nothing(browser: Browser, service: Flask) -> None:
    browser.log_in("ann")
    body, _, signature = cookie(browser).partition(".")
    altered = Browser(service.test_client())
    altered.client.set_cookie("upload_guard", f"{body[:-1]}{'A' if body[-1] != 'A' else 'B'}.{signature}")
    assert altered.get("/review/").status_code == 302


def test_the_cookie_is_for_this_host_and_no_script(browser: Browser) -> None:
    header = browser.log_in("ann").headers["Set-Cookie"]
    assert "HttpOnly" in header
    assert "SameSite=Strict" in header
    assert "Domain" not in header


@pytest.mark.parametrize("tls", ["own", "proxy"])
def test_over_tls_the_cookie_stays_there(tmp_path: Path, tls: str) -> None:
    files = {"certificate": tmp_path / "c.pem", "certificate_key": tmp_path / "k.pem"} if tls == "own" else {}
    service = assemble(settings_in(tmp_path, sidecar={"tls": tls, **files})).app
    header = service.test_client().get("/review/log-in").headers["Set-Cookie"]
    assert header.startswith("__Host-upload_guard=")
    assert {"Secure", "HttpOnly", "SameSite=Strict", "Path=/"} <= set(header.split("; "))


# Where somebody comes from -------------------------------------------------------------------------


def last_address(settings: Settings) -> str:
    with open_database_of(settings).session() as session:
        rows = select(AuditRow).where(AuditRow.act == "person.logged_in").order_by(AuditRow.sequence.desc())
        return str(session.scalars(rows).first().details["address"])  # type: ignore[union-attr]


def test_an_address_that_anybody_can_write_is_not_believed(browser: Browser, settings: Settings) -> None:
    browser.headers["X-Forwarded-For"] = "198.51.100.1"
    browser.log_in("ann")
    assert last_address(settings) == "127.0.0.1"


def test_behind_a_proxy_the_address_is_the_one_that_it_appended(tmp_path: Path) -> None:
    review = {"totp": "optional", "proxies": 1}
    settings = settings_in(tmp_path, sidecar={"tls": "proxy"}, review=review)
    open_gate(settings, open_database_of(settings)).people.add("ann", Role.VIEWER, PASSWORD, "root")
    forwarded = {"X-Forwarded-For": "10.9.9.9, 198.51.100.1"}
    browser = Browser(assemble(settings).app.test_client(), forwarded).over_tls()
    assert browser.log_in("ann").status_code == 302
    assert last_address(settings) == "198.51.100.1"
