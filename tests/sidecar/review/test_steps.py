"""What a log-in takes after the password."""

from __future__ import annotations

import base64
import re
import time
from dataclasses import dataclass

import pytest
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from flask import Flask

from tests.people.gates import PASSWORD
from tests.sidecar.review.browsing import Browser
from tests.support import settings_in
from upload_guard.compose import open_database_of
from upload_guard.people.opening import Gate, open_gate
from upload_guard.people.roles import Role
from upload_guard.sidecar.app import assemble

ANOTHER = "seven lamps along the quiet canal"


def code_of(secret: str, off: int = 0) -> str:
    """What a phone shows, `off` seconds from now."""
    totp = TOTP(base64.b32decode(secret), 6, SHA1(), 30)  # noqa: S303 - as phones have it
    return totp.generate(int(time.time()) + off).decode()


@dataclass(frozen=True)
class Strict:
    """An installation as it comes: whoever may do more than see takes a phone."""

    application: Flask
    gate: Gate


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Strict:
    settings = settings_in(tmp_path_factory.mktemp("steps"))
    return Strict(assemble(settings).app, open_gate(settings, open_database_of(settings)))


@pytest.fixture
def gate(strict: Strict) -> Gate:
    return strict.gate


@pytest.fixture
def ann(gate: Gate) -> str:
    """An administrator that nobody has met yet."""
    name = f"ann{len(gate.people.show())}"
    gate.people.add(name, Role.ADMINISTRATOR, PASSWORD, "root")
    return name


@pytest.fixture
def browser(strict: Strict) -> Browser:
    return Browser(strict.application.test_client())


def offered(browser: Browser) -> str:
    """The secret for a phone at the first log-in."""
    page = browser.get("/review/log-in/phone").text
    (secret,) = re.findall(r'<code class="secret">(\w+)</code>', page)
    return str(secret)


def enrol(browser: Browser) -> tuple[str, list[str]]:
    """Take a phone at the first log-in; its secret, and the codes to recover with."""
    secret = offered(browser)
    answer = browser.post("/review/log-in/phone", code=code_of(secret))
    return secret, re.findall(r"<li><code>([a-z2-7-]{19})</code>", answer.text)


def test_the_first_log_in_takes_a_phone_and_nothing_opens_before(browser: Browser, ann: str) -> None:
    assert browser.log_in(ann, wanted="/review/persons").location == "/review/persons"
    for path in ("/review/", "/review/persons", "/review/me", "/review/log-in/code", "/review/nowhere"):
        assert browser.get(path).location.startswith("/review/log-in/phone?next=/review/"), path
    assert browser.get("/review/persons").location == "/review/log-in/phone?next=/review/persons"
    secret, codes = enrol(browser)
    assert len(secret) == 32
    assert len(codes) == 10
    assert browser.get("/review/persons").status_code == 200


def test_the_square_is_an_own_file_that_nobody_keeps(browser: Browser, ann: str) -> None:
    browser.log_in(ann)
    answer = browser.get("/review/log-in/phone.svg")
    assert (answer.mimetype, answer.headers["Cache-Control"]) == ("image/svg+xml", "no-store")
    assert answer.text.startswith("<svg")
    assert "style" not in answer.text


def test_a_first_code_that_is_wrong_changes_nothing(browser: Browser, ann: str) -> None:
    browser.log_in(ann)
    assert browser.post("/review/log-in/phone", code="000000").status_code == 400
    assert browser.get("/review/").status_code == 302


def test_later_log_ins_take_a_code_that_was_not_used(browser: Browser, ann: str) -> None:
    browser.log_in(ann)
    secret = offered(browser)
    used = code_of(secret)
    browser.post("/review/log-in/phone", code=used)
    browser.post("/review/log-out")
    browser.log_in(ann, wanted="/review/me")
    assert browser.get("/review/me").location == "/review/log-in/code?next=/review/me"
    assert browser.post("/review/log-in/code", code=used).status_code == 401
    fresh = code_of(secret, 30)
    answer = browser.post("/review/log-in/code", code=fresh, next="/review/me")
    assert (answer.status_code, answer.location) == (302, "/review/me")
    assert browser.get("/review/me").status_code == 200


def test_without_the_phone_a_kept_code_gets_in_once(browser: Browser, ann: str) -> None:
    browser.log_in(ann)
    _, (code, *_) = enrol(browser)
    browser.post("/review/log-out")
    browser.log_in(ann)
    assert browser.post("/review/log-in/code", code=code).status_code == 302
    browser.post("/review/log-out")
    browser.log_in(ann)
    assert browser.post("/review/log-in/code", code=code).status_code == 401


def test_wrong_codes_lock_out(browser: Browser, ann: str) -> None:
    browser.log_in(ann)
    secret, _ = enrol(browser)
    browser.post("/review/log-out")
    browser.log_in(ann)
    statuses = [browser.post("/review/log-in/code", code="000000").status_code for _ in range(6)]
    assert statuses == [401] * 5 + [429]
    assert browser.post("/review/log-in/code", code=code_of(secret, 30)).status_code == 429


def test_half_way_one_can_still_leave(browser: Browser, ann: str) -> None:
    browser.log_in(ann)
    assert browser.post("/review/log-out").location == "/review/log-in"
    assert browser.get("/review/log-in/phone").location.startswith("/review/log-in?next=")


def test_a_given_password_is_replaced_then_a_phone_taken(browser: Browser, gate: Gate) -> None:
    given = gate.people.invite("bob", Role.REVIEWER, "ann")
    browser.log_in("bob", given)
    assert browser.get("/review/").location == "/review/log-in/password?next=/review/"
    path = "/review/log-in/password"
    assert browser.post(path, password=PASSWORD, again=ANOTHER).status_code == 400
    for poor in ("short", "a" * 20, given):
        assert browser.post(path, password=poor, again=poor).status_code == 400
    assert browser.post(path, password=ANOTHER, again=ANOTHER).status_code == 302
    enrol(browser)
    assert browser.get("/review/").status_code == 200


def test_a_whole_session_has_no_step_left(browser: Browser, ann: str) -> None:
    browser.log_in(ann)
    enrol(browser)
    for path in ("/review/log-in/code", "/review/log-in/phone", "/review/log-in/password"):
        assert browser.get(path).location == "/review/"
