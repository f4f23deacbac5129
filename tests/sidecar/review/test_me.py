"""What a person changes of their own."""

from __future__ import annotations

import re
import time

import pytest

from tests.people.gates import PASSWORD
from tests.sidecar.review.browsing import Browser, person
from tests.sidecar.review.conftest import House
from tests.sidecar.review.test_steps import ANOTHER, code_of
from upload_guard.compose import open_database_of
from upload_guard.people.opening import open_gate
from upload_guard.people.roles import Role


@pytest.fixture
def somebody(house: House, request: pytest.FixtureRequest) -> tuple[str, Browser]:
    """New for each test, for each changes what it is logged in by."""
    name = request.node.name.replace("test_", "")[:30].replace("_", "-").rstrip("-")
    return name, person(house.app, house.settings, Role.REVIEWER, name)


def test_a_new_password_takes_the_old_one(somebody: tuple[str, Browser], house: House) -> None:
    name, browser = somebody
    path = "/review/me/password"
    wrong = browser.post(path, current="wrong", password=ANOTHER, again=ANOTHER)
    assert (wrong.status_code, "not your password" in wrong.text) == (400, True)
    unlike = browser.post(path, current=PASSWORD, password=ANOTHER, again="another")
    assert (unlike.status_code, "not the same" in unlike.text) == (400, True)
    assert browser.post(path, current=PASSWORD, password=ANOTHER, again=ANOTHER).status_code == 302
    assert "Your password was changed" in browser.get("/review/me").text
    other = house.browser()
    assert other.log_in(name).status_code == 401
    assert other.log_in(name, ANOTHER).status_code == 302


def test_it_logs_out_everywhere_else(somebody: tuple[str, Browser], house: House) -> None:
    name, browser = somebody
    other = house.browser()
    other.log_in(name)
    browser.post("/review/me/password", current=PASSWORD, password=ANOTHER, again=ANOTHER)
    assert browser.get("/review/").status_code == 200
    assert other.get("/review/").status_code == 302


def test_other_sessions_are_shown_and_ended(somebody: tuple[str, Browser], house: House) -> None:
    name, browser = somebody
    assert "Log out everywhere else" not in browser.get("/review/me").text
    other = house.browser()
    other.log_in(name)
    page = browser.get("/review/me").text
    assert page.count("127.0.0.1") == 2
    assert page.count("(here)") == 1
    assert browser.post("/review/me/sessions").status_code == 302
    assert other.get("/review/").status_code == 302
    assert browser.get("/review/").status_code == 200


def test_a_phone_takes_the_password_and_then_its_code(somebody: tuple[str, Browser], house: House) -> None:
    name, browser = somebody
    assert browser.post("/review/me/phone", current="wrong").status_code == 400
    (secret,) = re.findall(r'"secret">(\w+)<', browser.post("/review/me/phone", current=PASSWORD).text)
    assert browser.get("/review/me/phone.svg").mimetype == "image/svg+xml"
    assert browser.post("/review/me/phone/code", code="000000").status_code == 400
    page = browser.post("/review/me/phone/code", code=code_of(secret)).text
    assert len(re.findall(r"<li><code>", page)) == 10
    assert "10 codes are left" in browser.get("/review/me").text
    other = house.browser()
    other.log_in(name)
    assert other.get("/review/").location == "/review/log-in/code?next=/review/"


def test_an_open_page_alone_takes_no_other_phone(somebody: tuple[str, Browser], house: House) -> None:
    name, browser = somebody
    assert browser.get("/review/me/phone.svg").status_code == 404
    gate = open_gate(house.settings, open_database_of(house.settings))
    secret = gate.phones.offered(gate.people.find(name).id).secret
    answer = browser.post("/review/me/phone/code", code=code_of(secret))
    assert (answer.status_code, answer.location) == (302, "/review/me")
    assert gate.people.find(name).totp_since is None


def test_the_password_counts_for_one_phone_and_for_ten_minutes(
    somebody: tuple[str, Browser], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, browser = somebody
    browser.post("/review/me/phone", current=PASSWORD)
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 601)
    assert browser.get("/review/me/phone.svg").status_code == 404
    monkeypatch.undo()
    (secret,) = re.findall(r'"secret">(\w+)<', browser.post("/review/me/phone", current=PASSWORD).text)
    assert browser.post("/review/me/phone/code", code=code_of(secret)).status_code == 200
    assert browser.get("/review/me/phone.svg").status_code == 404


def test_codes_to_recover_with_are_made_anew(somebody: tuple[str, Browser]) -> None:
    _, browser = somebody
    assert browser.post("/review/me/recovery", current="wrong").status_code == 400
    page = browser.post("/review/me/recovery", current=PASSWORD).text
    assert len(re.findall(r"<li><code>", page)) == 10


def test_wrong_passwords_lock_out_here_too(somebody: tuple[str, Browser]) -> None:
    _, browser = somebody
    statuses = [browser.post("/review/me/recovery", current="wrong").status_code for _ in range(6)]
    assert statuses == [400] * 5 + [429]
