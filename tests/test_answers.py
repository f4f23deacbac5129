"""What an uploader is told: neutral, in the form and language asked for."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from upload_guard import answers
from upload_guard.errors import (
    AmbiguousRequest,
    BodyTooLarge,
    NotReady,
    RequestError,
    Unavailable,
    UploadGuardError,
)

CASE = "ABCD-EFGH-JKMN"


def accepting(media_type: str | None = None, language: str | None = None) -> dict[str, str]:
    headers = {"HTTP_ACCEPT": media_type, "HTTP_ACCEPT_LANGUAGE": language}
    return {name: value for name, value in headers.items() if value is not None}


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        ("application/json", "application/json"),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "text/html"),
        ("text/plain", "text/plain"),
        ("*/*", "application/json"),
        (None, "application/json"),
        ("image/png", "text/plain"),
        ("application/json;q=0.1, text/html", "text/html"),
        ("nonsense;;;", "text/plain"),
    ],
)
def test_the_accept_header_decides_the_form(accept: str | None, media_type: str) -> None:
    answer = answers.refused(accepting(accept), CASE)
    assert dict(answer.headers)["Content-Type"] == f"{media_type}; charset=utf-8"
    assert CASE in answer.body.decode()


@pytest.mark.parametrize(
    ("wanted", "language"), [("nl", "nl"), ("nl-BE,en;q=0.5", "nl"), ("de", "en"), (None, "en")]
)
def test_the_language_is_english_or_dutch(wanted: str | None, language: str) -> None:
    answer = answers.refused(accepting(language=wanted), CASE)
    assert dict(answer.headers)["Content-Language"] == language


def faults(kind: type[UploadGuardError]) -> Iterator[type[UploadGuardError]]:
    for below in kind.__subclasses__():
        yield below
        yield from faults(below)


@pytest.mark.parametrize(
    "kind", [*faults(RequestError), *faults(Unavailable)], ids=lambda kind: kind.__name__
)
def test_every_fault_of_a_request_has_its_phrase_and_its_sentence_in_both_languages(
    kind: type[UploadGuardError],
) -> None:
    said = {
        language: answers.fault(accepting("text/plain", language), kind("why"), 30)
        for language in ("en", "nl")
    }
    assert said["en"].status == said["nl"].status
    assert said["en"].status.startswith(f"{kind.status} ")
    assert said["en"].body.decode().strip() == kind.public != said["nl"].body.decode().strip()


def test_json_has_a_code_a_sentence_and_the_case() -> None:
    assert json.loads(answers.refused({}, CASE).body) == {
        "error": "upload_refused",
        "message": "This upload cannot be accepted.",
        "case": CASE,
    }


def test_the_length_is_that_of_the_body_and_nothing_is_cached() -> None:
    answer = answers.refused(accepting("text/html", "nl"), CASE)
    headers = dict(answer.headers)
    assert headers["Content-Length"] == str(len(answer.body))
    assert headers["Cache-Control"] == "no-store"


def test_a_fault_that_may_pass_says_when_to_try_again() -> None:
    answer = answers.fault({}, NotReady("lists/secret.jsonl is damaged"), 30)
    assert answer.status == "503 Service Unavailable"
    assert ("Retry-After", "30") in answer.headers
    assert b"secret" not in answer.body


@pytest.mark.parametrize(
    ("error", "status"),
    [(AmbiguousRequest("x"), "400 Bad Request"), (BodyTooLarge("x"), "413 Content Too Large")],
)
def test_a_fault_of_the_request_asks_for_no_second_try(error: AmbiguousRequest, status: str) -> None:
    answer = answers.fault({}, error, 30)
    assert answer.status == status
    assert "Retry-After" not in dict(answer.headers)
    assert json.loads(answer.body)["message"] == error.public
