"""The page on which administrators say who may do what."""

from __future__ import annotations

import re

import pytest

from tests.people.gates import PASSWORD
from tests.sidecar.review.browsing import Browser
from tests.sidecar.review.conftest import House
from tests.sidecar.review.test_access import noted
from upload_guard.compose import open_database_of
from upload_guard.people.opening import Gate, open_gate
from upload_guard.people.roles import Role

POSTS = ["", "/bob/password", "/bob/role", "/bob/disable", "/bob/enable", "/bob/phone"]


@pytest.fixture
def gate(house: House) -> Gate:
    return open_gate(house.settings, open_database_of(house.settings))


@pytest.fixture
def admin(house: House) -> Browser:
    return house.person(Role.ADMINISTRATOR)


@pytest.mark.parametrize("role", [Role.VIEWER, Role.REVIEWER, Role.LIST_MANAGER])
def test_row_f7_nobody_else_sees_or_does_anything_here(house: House, role: Role) -> None:
    browser = house.person(role)
    before = len(noted(house, "review.refused"))
    assert browser.get("/review/persons").status_code == 403
    for path in POSTS:
        assert browser.post(f"/review/persons{path}").status_code == 403, path
    assert len(noted(house, "review.refused")) == before + 1 + len(POSTS)
    assert "/review/persons" not in browser.get("/review/").text


def test_somebody_is_added_with_a_password_that_is_shown_once(
    admin: Browser, house: House, gate: Gate
) -> None:
    page = admin.post("/review/persons", name="Dora", role="reviewer").text
    (password,) = re.findall(r'<code class="secret">([^<]+)</code>', page)
    assert password not in admin.get("/review/persons").text
    assert gate.people.find("dora").role is Role.REVIEWER
    new = house.browser()
    new.log_in("dora", password)
    assert new.get("/review/").location == "/review/log-in/password?next=/review/"


@pytest.mark.parametrize(("name", "role", "status"), [("a b", "viewer", 400), ("viewer-x", "king", 400)])
def test_a_bad_name_or_role_is_told(admin: Browser, name: str, role: str, status: int) -> None:
    assert admin.post("/review/persons", name=name, role=role).status_code == status


def test_a_name_that_is_taken_is_told(admin: Browser) -> None:
    answer = admin.post("/review/persons", name="administrator", role="viewer")
    assert (answer.status_code, "is taken" in answer.text) == (400, True)


def test_a_role_is_changed_and_somebody_shut_out_and_let_in(admin: Browser, house: House, gate: Gate) -> None:
    gate.people.add("erik", Role.VIEWER, PASSWORD, "root")
    erik = house.browser()
    erik.log_in("erik")
    assert admin.post("/review/persons/erik/role", role="reviewer").status_code == 302
    assert erik.get("/review/").status_code == 302
    assert gate.people.find("erik").role is Role.REVIEWER
    erik.log_in("erik")
    admin.post("/review/persons/erik/disable")
    assert erik.get("/review/").status_code == 302
    assert erik.log_in("erik").status_code == 401
    assert "erik is shut out" in admin.get("/review/persons").text
    admin.post("/review/persons/erik/enable")
    assert erik.log_in("erik").status_code == 302


def test_a_forgotten_password_and_a_lost_phone_are_replaced(admin: Browser, gate: Gate, house: House) -> None:
    gate.people.add("fay", Role.VIEWER, PASSWORD, "root")
    page = admin.post("/review/persons/fay/password").text
    (password,) = re.findall(r'<code class="secret">([^<]+)</code>', page)
    assert house.browser().log_in("fay").status_code == 401
    assert house.browser().log_in("fay", password).status_code == 302
    assert admin.post("/review/persons/fay/phone").status_code == 302
    assert gate.people.find("fay").totp_since is None


def test_the_only_administrator_stays_one(admin: Browser) -> None:
    for act, form in (("disable", {}), ("role", {"role": "viewer"})):
        answer = admin.post(f"/review/persons/administrator/{act}", **form)
        assert (answer.status_code, "only administrator" in answer.text) == (400, True)


def test_nobody_of_that_name_is_a_fault_that_says_so(admin: Browser) -> None:
    assert admin.post("/review/persons/nobody/disable").status_code == 400
