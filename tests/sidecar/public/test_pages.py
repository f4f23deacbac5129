"""What is the same on all pages for strangers."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from flask import Flask

from tests.sidecar.public.conftest import Stranger
from tests.sidecar.review.browsing import inline
from tests.sidecar.review.test_languages import disagreeing, said, untranslated
from tests.support import settings_in
from upload_guard.sidecar import public
from upload_guard.sidecar.app import assemble
from upload_guard.sidecar.review.languages import catalog

ROOM = Path(public.__file__).parent
POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)


def stranger(app: Flask, address: str) -> Stranger:
    return Stranger(app.test_client(), address)


def test_where_nothing_is_enabled_there_is_no_public_page(tmp_path: Path) -> None:
    app = assemble(settings_in(tmp_path)).app
    assert not [rule.rule for rule in app.url_map.iter_rules() if rule.rule.startswith("/public")]


def test_nothing_is_kept_in_the_browser_whatever_it_does(app: Flask) -> None:
    visitor = stranger(app, "192.0.2.10")
    form = {"form_token": visitor.token("/public/wishes"), "wish": "snow"}
    answers = [
        visitor.get("/public/wishes?language=nl"),
        visitor.post("/public/wishes", form),
        visitor.post("/public/wishes", {"wish": "snow"}),
        visitor.get("/public/nowhere"),
        visitor.get("/public/broken"),
    ]
    assert [answer.status_code for answer in answers] == [200, 200, 400, 404, 500]
    assert not any("Set-Cookie" in answer.headers for answer in answers)


def test_every_answer_has_the_policy_and_tells_no_other_site_where_it_was(app: Flask) -> None:
    visitor = stranger(app, "192.0.2.11")
    for path in ("/public/wishes", "/public/nowhere", "/public/broken"):
        answer = visitor.get(path)
        assert answer.headers["Content-Security-Policy"] == POLICY
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Frame-Options"] == "DENY"
        assert not inline(answer.text)
        assert "<script" not in answer.text


def test_a_fault_of_ours_says_nothing_of_itself(app: Flask) -> None:
    answer = stranger(app, "192.0.2.12").get("/public/broken")
    assert (answer.status_code, "The fault is ours" in answer.text) == (500, True)
    assert "secret" not in answer.text


def test_no_log_names_an_address_that_may_hold_a_secret(app: Flask, caplog: pytest.LogCaptureFixture) -> None:
    stranger(app, "192.0.2.15").get("/public/broken")
    assert "public.wishes.broken" in caplog.text
    assert "/public/broken" not in caplog.text


def test_a_machine_key_or_what_a_proxy_asks_for_is_not_looked_at(app: Flask) -> None:
    assert stranger(app, "192.0.2.13").get("/public/wishes", Authorization="Basic dTpw").status_code == 200


def test_styles_come_from_here_and_no_script_of_the_other_pages_runs(app: Flask) -> None:
    visitor = stranger(app, "192.0.2.14")
    for name in ("public.css", "vendor/pico/pico.min.css", "icons/upload_guard.svg"):
        with visitor.get(f"/public/static/{name}") as answer:
            assert answer.status_code == 200, name


def test_no_style_needs_an_address_that_the_policy_does_not_load() -> None:
    own = (ROOM / "static" / "public.css").read_text()
    pico = (ROOM.parent / "review/static/vendor/pico/pico.min.css").read_text()
    inside = set(re.findall(r"(--pico-[a-z-]+):url\(", pico))
    assert set(re.findall(r"(--pico-icon-[a-z-]+):", own)) >= inside
    named = re.findall(r'url\("/public/static/([^"]+)"\)', own)
    assert all((ROOM.parent / "review/static" / name).is_file() for name in named)


# Languages -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "asked", "got"),
    [
        ("/public/wishes", "nl-NL,en;q=0.5", "nl"),
        ("/public/wishes", "de", "en"),
        ("/public/wishes?language=nl", "en", "nl"),
        ("/public/wishes?language=xx", "nl", "nl"),
    ],
)
def test_a_page_speaks_as_the_address_says_or_the_browser(
    app: Flask, path: str, asked: str, got: str
) -> None:
    page = stranger(app, "192.0.2.20").get(path, **{"Accept-Language": asked}).text
    assert f'<html lang="{got}">' in page


def test_a_chosen_language_goes_along_to_where_the_form_leads(app: Flask) -> None:
    page = stranger(app, "192.0.2.21").get("/public/wishes?language=nl").text
    assert 'action="/public/wishes?language=nl"' in page


def test_every_message_has_a_dutch_one_that_agrees() -> None:
    words = catalog("nl", ROOM / "translations")
    assert not untranslated(ROOM, words)
    assert not disagreeing(words)


def test_nothing_is_translated_that_no_public_page_says() -> None:
    spoken = {forms[0] for forms, _, _ in said(ROOM)}
    assert {_first(words) for words in _ids(catalog("nl", ROOM / "translations"))} <= spoken


def test_what_both_kinds_of_pages_say_is_translated_alike() -> None:
    here, there = catalog("nl", ROOM / "translations"), catalog("nl")
    shared = [message for message in here if message.id and message.id in there]
    assert shared
    assert all(there[message.id].string == message.string for message in shared)


def _ids(words: Catalog) -> list[object]:
    return [message.id for message in words if message.id]


def _first(words: object) -> object:
    return words[0] if isinstance(words, tuple) else words


# Forms ---------------------------------------------------------------------------------------------


def test_a_form_with_its_token_is_taken_without_the_blanks_around_a_field(app: Flask) -> None:
    visitor = stranger(app, "192.0.2.30")
    answer = visitor.post(
        "/public/wishes", {"form_token": visitor.token("/public/wishes"), "wish": "  snow \n"}
    )
    assert (answer.status_code, answer.text) == (200, "snow")


@pytest.mark.parametrize("token", ["", "guessed", "A" * 68, "§"], ids=["none", "guessed", "long", "odd"])
def test_a_form_without_its_token_is_refused_and_says_so(app: Flask, token: str) -> None:
    visitor = stranger(app, f"192.0.2.{31 + len(token)}")
    answer = visitor.post("/public/wishes", {"form_token": token, "wish": "snow"})
    assert answer.status_code == 400
    assert "nothing was sent" in answer.text


def test_who_fills_in_the_field_that_nobody_sees_is_told_so_and_loses_nothing_silently(app: Flask) -> None:
    visitor = stranger(app, "192.0.2.40")
    token = visitor.token("/public/wishes")
    answer = visitor.post("/public/wishes", {"form_token": token, "wish": "snow", "homepage": "spam.example"})
    assert answer.status_code == 400
    assert "“Homepage”" in answer.text


def test_a_form_that_is_too_large_is_not_read(app: Flask) -> None:
    visitor = stranger(app, "192.0.2.41")
    token = visitor.token("/public/wishes")
    answer = visitor.post("/public/wishes", {"form_token": token, "wish": "x" * 3000})
    assert answer.status_code == 413
    assert "nothing was taken" in answer.text


def test_nor_is_one_that_does_not_say_how_large_it_is(app: Flask) -> None:
    answer = app.test_client().post(
        "/public/wishes",
        input_stream=io.BytesIO(b"wish=" + b"x" * 3000),
        headers={"Transfer-Encoding": "chunked", "Content-Type": "application/x-www-form-urlencoded"},
        environ_overrides={"REMOTE_ADDR": "192.0.2.42", "wsgi.input_terminated": True},
    )
    assert answer.status_code == 411


# Limits --------------------------------------------------------------------------------------------


def test_one_address_sends_three_forms_in_an_hour_and_another_goes_on(app: Flask) -> None:
    visitor, other = stranger(app, "192.0.2.50"), stranger(app, "192.0.2.51")
    statuses = [visitor.post("/public/wishes", {"wish": "snow"}).status_code for _ in range(4)]
    assert statuses == [400, 400, 400, 429]
    assert other.post("/public/wishes", {"wish": "snow"}).status_code == 400


def test_who_is_turned_away_is_told_when_to_come_back_and_may_still_look(app: Flask) -> None:
    visitor = stranger(app, "192.0.2.52")
    for _ in range(3):
        visitor.post("/public/wishes", {"wish": "snow"})
    answer = visitor.post("/public/wishes", {"wish": "snow"})
    assert 3500 < int(answer.headers["Retry-After"]) <= 3600
    assert "try again later" in answer.text
    assert visitor.get("/public/wishes").status_code == 200


def test_all_of_one_ipv6_network_are_one(app: Flask) -> None:
    for host in range(3):
        assert (
            stranger(app, f"2001:db8:1:1::{host}").post("/public/wishes", {"wish": "snow"}).status_code == 400
        )
    assert stranger(app, "2001:db8:1:1:ffff::9").post("/public/wishes", {"wish": "snow"}).status_code == 429
    assert stranger(app, "2001:db8:1:2::1").post("/public/wishes", {"wish": "snow"}).status_code == 400
