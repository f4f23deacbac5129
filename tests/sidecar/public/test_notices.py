"""The form by which anybody tells of a file."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from flask import Flask

from tests.sidecar.public.conftest import Stranger
from tests.support import settings_in
from upload_guard.compose import notices_in, open_database_of
from upload_guard.notices.incoming import Channel
from upload_guard.notices.showing import NoticeFile
from upload_guard.settings import Settings
from upload_guard.sidecar.app import assemble

PATH = "/public/notice"
FILLED = {
    "urls": "https://blog.example.org/media/a.jpg\n https://blog.example.org/media/b.jpg",
    "reasons": "that is a crime",
    "name": "A. Teller",
    "email": "teller@example.org",
    "good_faith": "yes",
}


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return settings_in(tmp_path_factory.mktemp("form"), incoming={"form": True})


@pytest.fixture(scope="module")
def app(settings: Settings) -> Flask:
    return assemble(settings).app


def sent(app: Flask, host: int, form: dict[str, str], language: str = "en") -> tuple[int, str]:
    visitor = Stranger(app.test_client(), f"192.0.2.{host}")
    path = f"{PATH}?language={language}"
    answer = visitor.post(path, {"form_token": visitor.token(path)} | form)
    return answer.status_code, answer.text


def taken(settings: Settings, page: str) -> NoticeFile:
    found = re.search(r"N-[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}", page)
    assert found
    return notices_in(settings, open_database_of(settings)).find(found[0])


def test_a_notice_is_taken_with_all_that_was_written(app: Flask, settings: Settings) -> None:
    status, page = sent(app, 1, FILLED, language="nl")
    assert status == 201
    file = taken(settings, page)
    assert file.notice.channel is Channel.FORM
    assert [one.url for one in file.addresses] == FILLED["urls"].split()
    assert file.written.told.email == "teller@example.org"
    assert (file.written.reasons, file.written.language) == ("that is a crime", "nl")


def test_nobody_has_to_say_who_they_are(app: Flask, settings: Settings) -> None:
    status, page = sent(app, 2, FILLED | {"name": "", "email": "", "nameless": "yes"})
    assert status == 201
    assert taken(settings, page).written.told.email == ""


@pytest.mark.parametrize(
    "wrong",
    [
        {"urls": ""},
        {"urls": "a.jpg"},
        {"urls": "file:///etc/passwd"},
        {"urls": "https://x.example/ " * 51},
        {"reasons": ""},
        {"reasons": "a" * 5001},
        {"email": "nobody"},
        {"name": ""},
        {"good_faith": ""},
    ],
    ids=[
        "none",
        "no address",
        "no web address",
        "too many",
        "no reason",
        "too long",
        "no mail",
        "nobody",
        "faith",
    ],
)
def test_what_is_wrong_is_told_and_nothing_is_lost(
    app: Flask, request: pytest.FixtureRequest, wrong: dict[str, str]
) -> None:
    host = 10 + len(request.node.name) + sum(map(ord, request.node.name)) % 100
    status, page = sent(app, host, FILLED | wrong)
    assert status == 400
    assert 'role="alert"' in page
    assert FILLED["reasons"] in page or "reasons" in wrong


def test_what_is_written_is_shown_as_text(app: Flask) -> None:
    _, page = sent(app, 3, FILLED | {"good_faith": "", "reasons": "</textarea><script>x</script>"})
    assert "<script>x" not in page


def test_a_program_that_fills_in_everything_is_not_heard(app: Flask) -> None:
    assert sent(app, 4, FILLED | {"homepage": "https://spam.example"})[0] == 400


def test_one_network_sends_few(app: Flask) -> None:
    statuses = [sent(app, 5, FILLED | {"reasons": str(number)})[0] for number in range(12)]
    assert statuses.count(201) == 10
    assert statuses[-1] == 429


def test_it_is_off_unless_it_is_wanted(tmp_path: Path) -> None:
    app = assemble(settings_in(tmp_path)).app
    assert not [rule.rule for rule in app.url_map.iter_rules() if rule.rule.startswith(PATH)]
