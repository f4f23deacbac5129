"""What is the same on all pages."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest
from flask import Flask

import upload_guard.sidecar.review as review
from tests.serving import signature
from tests.sidecar.machines import machine
from tests.sidecar.review.browsing import inline
from tests.sidecar.review.conftest import House
from upload_guard.machine_keys.keys import Scope
from upload_guard.people.roles import Role
from upload_guard.sidecar.review import access
from upload_guard.sidecar.review.navigation import ENTRIES

STATIC = Path(review.__file__).parent / "static"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)


def pages_of(app: Flask) -> list[str]:
    """Those that can be asked for without knowing anything."""
    return [
        rule.rule
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/review") and not rule.arguments and "GET" in (rule.methods or ())
    ]


def test_every_page_says_who_may_open_it(house: House) -> None:
    rules = [rule for rule in house.app.url_map.iter_rules() if rule.rule.startswith("/review")]
    marks = {
        rule.rule: getattr(house.app.view_functions[rule.endpoint], access._MARK, None) for rule in rules
    }
    assert rules
    assert all(marks.values()), marks


def test_a_page_that_says_nothing_opens_to_nobody(tmp_path: Path) -> None:
    from tests.sidecar.review.browsing import person
    from tests.support import settings_in
    from upload_guard.sidecar.app import assemble
    from upload_guard.sidecar.auth import for_people

    settings = settings_in(tmp_path, review={"totp": "optional"})
    app = assemble(settings).app
    app.add_url_rule("/review/forgotten", "review.forgotten", for_people(lambda: "secret"))
    assert person(app, settings, Role.ADMINISTRATOR).get("/review/forgotten").status_code == 403


def test_every_page_has_the_policy_and_is_kept_nowhere(house: House) -> None:
    administrator = house.person(Role.ADMINISTRATOR)
    for path in [*pages_of(house.app), "/review/nowhere"]:
        for answer in (house.browser().get(path), administrator.get(path)):
            assert answer.headers["Content-Security-Policy"] == POLICY, path
            assert answer.headers["Cache-Control"] == "no-store", path
            assert answer.headers["X-Frame-Options"] == "DENY"
            assert answer.headers["Referrer-Policy"] == "same-origin"
            assert not inline(answer.text), path


def test_something_inline_would_be_noticed() -> None:
    page = (
        '<p style="a">x</p><script>1</script><b onclick="x"></b><style></style><script src="a.js"></script>'
    )
    assert inline(page) == ["p style", "<script>", "b onclick", "<style>"]


def test_no_page_names_another_host(house: House) -> None:
    administrator = house.person(Role.ADMINISTRATOR)
    for path in pages_of(house.app):
        page = administrator.get(path).text
        assert not re.search(r'(?:src|href|action)="(?:https?:)?//', page), path


def test_every_form_carries_a_token(house: House) -> None:
    administrator = house.person(Role.ADMINISTRATOR)
    for path in pages_of(house.app):
        for form in re.findall(r"<form[^>]*post.*?</form>", administrator.get(path).text, re.DOTALL):
            assert 'name="csrf_token"' in form, path


@pytest.mark.parametrize("token", ["", "guessed", None])
def test_a_form_without_its_token_is_refused(house: House, token: str | None) -> None:
    browser = house.person(Role.ADMINISTRATOR)
    form = {} if token is None else {"csrf_token": token}
    answer = browser.client.post("/review/log-out", data=form)
    assert answer.status_code == 400
    assert "nothing was done" in answer.text
    assert browser.get("/review/").status_code == 200


def test_the_token_of_somebody_else_is_refused(house: House) -> None:
    stranger = house.browser().token()
    browser = house.person(Role.ADMINISTRATOR)
    assert browser.client.post("/review/log-out", data={"csrf_token": stranger}).status_code == 400


def test_the_token_may_come_in_a_header_as_htmx_sends_it(house: House) -> None:
    browser = house.browser()
    answer = browser.client.post(
        "/review/language", data={"language": "nl"}, headers={"X-CSRFToken": browser.token()}
    )
    assert answer.status_code == 302


def test_machines_go_on_without_cookies_and_without_tokens(house: House) -> None:
    asking = machine(house.app.test_client(), house.settings, *Scope)
    answer = asking.post("/v1/check", b"x")
    assert answer.status_code == 200
    assert "Set-Cookie" not in answer.headers
    assert "Content-Security-Policy" not in answer.headers


def test_a_machine_key_opens_no_page(house: House) -> None:
    asking = machine(house.app.test_client(), house.settings, *Scope)
    assert asking.get("/review/").location == "/review/log-in?next=/review/"


def test_what_a_proxy_asks_for_before_is_no_business_of_the_pages(house: House) -> None:
    answer = house.browser().get("/review/log-in", Authorization="Basic dTpw")
    assert answer.status_code == 200


def test_a_session_opens_no_machine_route(house: House) -> None:
    assert house.person(Role.ADMINISTRATOR).get("/v1/cases").status_code == 401


def test_files_are_asked_for_again_and_need_no_log_in(house: House) -> None:
    with house.browser().get("/review/static/review.css") as answer:
        assert answer.data
    assert (answer.status_code, answer.mimetype) == (200, "text/css")
    assert answer.headers["Cache-Control"] == "no-cache, max-age=0"
    assert house.browser().get("/review/static/../pages.py").status_code in {302, 404}


def test_what_is_vendored_is_what_the_list_says() -> None:
    listed = dict(
        reversed(line.split("  ", 1))
        for line in (STATIC / "vendor" / "VERSIONS.txt").read_text().splitlines()
        if re.match(r"[0-9a-f]{64}  ", line)
    )
    there = {
        str(file.relative_to(STATIC / "vendor")): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in (STATIC / "vendor").rglob("*")
        if file.is_file() and file.name != "VERSIONS.txt"
    }
    assert there == listed
    assert {file.parent.name for file in (STATIC / "vendor").glob("*/LICENSE")} == {"htmx", "pico", "uplot"}


def test_no_style_of_ours_needs_an_address_that_the_policy_does_not_load() -> None:
    assert "data:" not in (STATIC / "review.css").read_text().replace("data: addresses", "")
    # Whole paths, since those inside of var() count from the file that uses it.
    named = re.findall(r'url\("/review/static/([^"]+)"\)', (STATIC / "review.css").read_text())
    assert len(named) == (STATIC / "review.css").read_text().count("url(")
    assert all((STATIC / name).is_file() for name in named)
    inside = set(re.findall(r"(--pico-[a-z-]+):url\(", (STATIC / "vendor/pico/pico.min.css").read_text()))
    replaced = set(re.findall(r"(--pico-icon-[a-z-]+):", (STATIC / "review.css").read_text()))
    assert replaced >= inside


def test_the_menu_leads_to_pages_that_are_there(house: House) -> None:
    endpoints = {rule.endpoint for rule in house.app.url_map.iter_rules()}
    assert {entry.endpoint for entry in ENTRIES} <= endpoints


def test_switched_off_there_are_no_pages(tmp_path: Path) -> None:
    from tests.support import settings_in
    from upload_guard.sidecar.app import assemble

    app = assemble(settings_in(tmp_path, review={"enabled": False})).app
    assert not pages_of(app)
    assert app.test_client().get("/review/").status_code == 401


# Faults --------------------------------------------------------------------------------------------


def test_a_page_that_is_not_there_says_so_in_the_reader_s_language(house: House) -> None:
    answer = house.person(Role.VIEWER).get("/review/nowhere", **{"Accept-Language": "nl"})
    assert answer.status_code == 404
    assert "Deze pagina bestaat niet" in answer.text


def test_a_fault_under_htmx_is_shown_among_the_messages(house: House) -> None:
    answer = house.person(Role.VIEWER).get("/review/nowhere", **{"HX-Request": "true"})
    assert (answer.status_code, answer.headers["HX-Retarget"]) == (404, "#messages")
    assert "<html" not in answer.text


def test_a_fault_of_ours_is_a_page_too(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    viewer = house.person(Role.VIEWER)

    def broken(**_: object) -> str:
        raise RuntimeError("a secret of ours")

    monkeypatch.setitem(house.app.view_functions, "review.home.start", access.logged_in(broken))
    monkeypatch.setitem(house.app.config, "PROPAGATE_EXCEPTIONS", False)
    answer = viewer.get("/review/")
    assert answer.status_code == 500
    assert "The fault is ours" in answer.text
    assert "secret" not in answer.text


def test_elsewhere_errors_stay_json(house: House) -> None:
    client = house.app.test_client()
    key = machine(client, house.settings, *Scope).key
    assert client.get("/nowhere", headers=signature(key, "GET", "/nowhere")).is_json
