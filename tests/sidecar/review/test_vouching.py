"""Logging in by another service, and by one that misbehaves."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask
from sqlalchemy import select

from tests.people.gates import PASSWORD
from tests.people.vouching_service import CLIENT_ID, CLIENT_SECRET, Claims, Service, as_is, vouching_service
from tests.sidecar.review.browsing import Browser
from tests.support import settings_in
from upload_guard.compose import open_database_of
from upload_guard.errors import ConfigError
from upload_guard.people.opening import Gate, open_gate
from upload_guard.people.roles import Role
from upload_guard.settings import Settings
from upload_guard.sidecar.app import assemble
from upload_guard.storage.vault_tables import AuditRow

ELSEWHERE = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}


@dataclass(frozen=True)
class Installation:
    settings: Settings
    application: Flask
    service: Service
    gate: Gate

    def browser(self) -> Browser:
        return Browser(self.application.test_client())

    def noted(self, act: str) -> list[AuditRow]:
        with open_database_of(self.settings).session() as session:
            return list(session.scalars(select(AuditRow).where(AuditRow.act == act)))


def oidc(service: Service) -> dict[str, object]:
    return {
        "issuer": service.issuer,
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "roles": {"ug-admin": "administrator", "ug-review": "reviewer"},
    }


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    with vouching_service() as service:
        review = {"url": "http://localhost", "oidc": oidc(service)}
        settings = settings_in(tmp_path_factory.mktemp("vouching"), review=review)
        gate = open_gate(settings, open_database_of(settings))
        yield Installation(settings, assemble(settings).app, service, gate)


@pytest.fixture(autouse=True)
def behaves_again(installed: Installation) -> Iterator[None]:
    before = dict(installed.service.claims)
    yield
    service = installed.service
    service.bend = service.bend_metadata = as_is
    service.sign = service.answer = None
    service.claims = before


def there_and_back(installed: Installation, browser: Browser, wanted: str = "") -> Any:
    left = browser.get(f"/review/log-in/oidc?next={wanted}")
    assert left.status_code == 302, left.text
    return browser.get(installed.service.visit(left.location))


def test_whom_the_service_vouches_for_is_in_with_the_role_of_the_claim(installed: Installation) -> None:
    browser = installed.browser()
    answer = there_and_back(installed, browser, "/review/me")
    assert (answer.status_code, answer.location) == (302, "/review/me")
    assert "nora" in browser.get("/review/me").text
    account = installed.gate.people.find("nora")
    assert (account.role, account.by_password, account.made_by) == (Role.REVIEWER, False, "oidc")


def test_the_page_to_log_in_leads_there_by_a_link_that_the_policy_does_not_stop(
    installed: Installation,
) -> None:
    page = installed.browser().get("/review/log-in").text
    assert '<a href="/review/log-in/oidc?next=/review/">' in page


def test_what_is_asked_for_has_pkce_state_and_nonce_new_each_time(installed: Installation) -> None:
    asked = [
        {name: value[0] for name, value in parse_qs(urlsplit(left.location).query).items()}
        for left in (installed.browser().get("/review/log-in/oidc") for _ in range(2))
    ]
    for one in asked:
        assert (one["response_type"], one["code_challenge_method"]) == ("code", "S256")
        assert one["redirect_uri"] == "http://localhost/review/log-in/oidc/back"
        assert "openid" in one["scope"].split()
    for name in ("state", "nonce", "code_challenge"):
        assert len({one[name] for one in asked}) == 2


def test_the_strict_cookie_comes_along_by_a_page_that_leads_on(installed: Installation) -> None:
    """A browser sends no such cookie with what another site led to, and so neither does this test."""
    browser = installed.browser()
    back = installed.service.visit(browser.get("/review/log-in/oidc").location)
    answer = installed.browser().get(back, **ELSEWHERE)
    assert (answer.status_code, 'http-equiv="refresh"' in answer.text) == (200, True)
    assert browser.get(back).location == "/review/"


def test_the_role_follows_the_claim_and_ends_other_sessions(installed: Installation) -> None:
    before = installed.browser()
    there_and_back(installed, before)
    installed.service.claims |= {
        "groups": ["staff", "ug-review", "ug-admin"],
        "preferred_username": "renamed",
    }
    there_and_back(installed, installed.browser())
    assert installed.gate.people.find("nora").role is Role.ADMINISTRATOR
    assert before.get("/review/").status_code == 302
    installed.service.claims |= {"groups": "ug-review"}
    there_and_back(installed, installed.browser())
    assert installed.gate.people.find("nora").role is Role.REVIEWER


@pytest.mark.parametrize("groups", [[], ["staff"], None, {"ug-admin": 1}, 7])
def test_without_a_group_that_has_a_role_nobody_gets_in_or_stays_in(
    installed: Installation, groups: object
) -> None:
    inside = installed.browser()
    there_and_back(installed, inside)
    installed.service.claims |= {"groups": groups}
    answer = there_and_back(installed, installed.browser())
    assert (answer.status_code, "did not lead in here" in answer.text) == (403, True)
    assert inside.get("/review/").status_code == 302


def test_whoever_has_lost_every_role_fills_no_log_by_trying_again(installed: Installation) -> None:
    installed.service.claims |= {"sub": "816", "preferred_username": "rosa"}
    there_and_back(installed, installed.browser())
    installed.service.claims |= {"groups": []}
    for _ in range(3):
        assert there_and_back(installed, installed.browser()).status_code == 403
    assert [
        row.details["role"] for row in installed.noted("person.role") if row.details["name"] == "rosa"
    ] == ["none"]


def test_a_new_one_without_a_role_is_not_even_added(installed: Installation) -> None:
    installed.service.claims |= {"sub": "999", "preferred_username": "otto", "groups": []}
    assert there_and_back(installed, installed.browser()).status_code == 403
    assert "otto" not in [one.name for one in installed.gate.people.show()]


def test_somebody_disabled_stays_outside(installed: Installation) -> None:
    installed.service.claims |= {"sub": "815", "preferred_username": "pia"}
    there_and_back(installed, installed.browser())
    installed.gate.people.disable("pia", "root")
    assert there_and_back(installed, installed.browser()).status_code == 403


@pytest.mark.parametrize("name", ["quentin", "", "no name at all", "x" * 200, 7])
def test_a_name_that_somebody_has_here_or_that_is_none_is_not_taken_over(
    installed: Installation, name: str
) -> None:
    if name == "quentin":
        installed.gate.people.add(name, Role.VIEWER, PASSWORD, "root")
    installed.service.claims |= {"sub": f"other {name}", "preferred_username": name}
    expected = 302 if name == 7 else 403
    if name != 7:
        assert there_and_back(installed, installed.browser()).status_code == expected


def altered(**claims: object) -> Callable[[Claims], Claims]:
    def bend(before: Claims) -> Claims:
        return {name: value for name, value in (before | claims).items() if value is not None}

    return bend


@pytest.mark.parametrize(
    "claims",
    [
        {"nonce": "of another log-in"},
        {"nonce": None},
        {"exp": int(time.time()) - 300},
        {"exp": None},
        {"iat": int(time.time()) + 3600},
        {"nbf": int(time.time()) + 3600},
        {"aud": "another-client"},
        {"aud": None},
        {"aud": "another-client", "azp": CLIENT_ID},
        {"aud": ["another-client"], "azp": CLIENT_ID},
        {"azp": "another-client"},
        {"iss": "https://evil.example"},
        {"iss": None},
        {"sub": None},
        {"sub": ""},
        {"sub": 7},
        {"exp": "soon"},
        {"at_hash": "of another token"},
    ],
    # Not of their values: some are of this moment, and every process of a test run must name them alike.
    ids=",".join,
)
def test_an_id_token_that_says_something_else_opens_nothing(installed: Installation, claims: Claims) -> None:
    installed.service.bend = altered(**claims)
    browser = installed.browser()
    assert there_and_back(installed, browser).status_code == 403
    assert browser.get("/review/").status_code == 302


@pytest.mark.parametrize("how", ["by_another_key", "by_an_unknown_key", "by_nobody", "by_the_secret"])
def test_an_id_token_that_is_signed_otherwise_opens_nothing(installed: Installation, how: str) -> None:
    installed.service.sign = getattr(installed.service, how)
    assert there_and_back(installed, installed.browser()).status_code == 403


@pytest.mark.parametrize("token", ["", "nonsense", "a.b.c", "é.é.é"])
def test_an_id_token_that_is_none_opens_nothing(installed: Installation, token: str) -> None:
    installed.service.sign = lambda _: token
    assert there_and_back(installed, installed.browser()).status_code == 403


@pytest.mark.parametrize(
    ("status", "body", "shown"),
    [
        (200, b'{"access_token": "a", "token_type": "Bearer"}', 403),
        (200, b"<html>", 503),
        (500, b"", 503),
        (400, b'{"error": "invalid_grant"}', 403),
        (302, b"", 503),
        (200, b"[]", 503),
    ],
)
def test_a_token_endpoint_that_misbehaves(
    installed: Installation, status: int, body: bytes, shown: int
) -> None:
    installed.service.answer = lambda: (status, body)
    assert there_and_back(installed, installed.browser()).status_code == shown


@pytest.mark.parametrize(
    "bend",
    [altered(issuer="https://evil.example"), altered(jwks_uri=None), lambda _: []],
    ids=["issuer", "keys", "list"],
)
def test_metadata_that_is_not_of_this_service_leads_nowhere(
    installed: Installation, bend: Callable[[Claims], Claims]
) -> None:
    installed.service.bend_metadata = bend
    assert installed.browser().get("/review/log-in/oidc").status_code == 503


# Who comes back ------------------------------------------------------------------------------------


def test_nobody_comes_back_who_did_not_leave_from_here(installed: Installation) -> None:
    back = installed.service.visit(installed.browser().get("/review/log-in/oidc").location)
    stranger = installed.browser()
    assert stranger.get(back).status_code == 403
    assert stranger.get("/review/").status_code == 302


def test_the_same_way_back_is_not_gone_twice(installed: Installation) -> None:
    browser = installed.browser()
    back = installed.service.visit(browser.get("/review/log-in/oidc").location)
    assert browser.get(back).status_code == 302
    browser.post("/review/log-out")
    assert browser.get(back).status_code == 403


@pytest.mark.parametrize("change", [("state=", "state=x"), ("code=", "code=x"), ("code=", "kode=")])
def test_another_state_or_code_than_was_given_opens_nothing(
    installed: Installation, change: tuple[str, str]
) -> None:
    browser = installed.browser()
    back = installed.service.visit(browser.get("/review/log-in/oidc").location)
    assert browser.get(back.replace(*change)).status_code == 403


def test_who_was_turned_away_is_noted(installed: Installation) -> None:
    (row,) = installed.noted("person.log_in_failed")
    assert row.person == "unknown"
    assert row.details["wrong"].startswith("oidc") or "role" in row.details["wrong"]


def test_whoever_logs_in_so_has_no_password_here(installed: Installation) -> None:
    browser = installed.browser()
    there_and_back(installed, browser)
    assert "password" not in browser.get("/review/me").text.lower()
    assert installed.browser().log_in("nora", "").status_code == 401


# Set up wrongly ------------------------------------------------------------------------------------


def test_without_the_extra_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with vouching_service() as service:
        settings = settings_in(tmp_path, review={"url": "http://localhost", "oidc": oidc(service)})
    for name in [
        name for name in sys.modules if name.split(".")[0] == "authlib" or name.endswith("people.oidc")
    ]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "authlib", None)
    with pytest.raises(ConfigError, match=r"pip install 'upload-guard\[oidc\]'"):
        assemble(settings)


@pytest.mark.parametrize(
    ("review", "fault"),
    [
        ({"oidc": {"issuer": "https://id.example"}}, "client_id and roles"),
        (
            {"oidc": {"issuer": "http://id.example", "client_id": "x", "roles": {"a": "viewer"}}},
            "address such as",
        ),
        (
            {"oidc": {"issuer": "https://id.example", "client_id": "x", "roles": {"a": "viewer"}}},
            "given url too",
        ),
        ({"url": "https://guard.example/path"}, "without a path"),
        ({"url": "http://guard.example"}, "without a path"),
    ],
)
def test_half_a_setting_is_told(review: dict[str, Any], fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        Settings.model_validate({"review": review})
