"""Every error has one shape, whichever part of the sidecar it comes from."""

from __future__ import annotations

import io
import json

import pytest
from werkzeug.test import TestResponse

from tests.serving import signature
from tests.sidecar.api.conftest import Service

JSON = "application/json"
SIGNALS = "/v1/check/signals"


def is_error(response: TestResponse, status: int, code: str) -> bool:
    body = response.get_json()
    assert set(body) == {"code", "message", "retry_after"}
    assert body["message"]
    return (response.status_code, body["code"]) == (status, code)


def test_unknown_paths_and_methods(service: Service) -> None:
    assert is_error(service.site.get("/v2/check"), 404, "not_found")
    refused = service.site.get("/v1/check")
    assert is_error(refused, 405, "method_not_allowed")
    assert "POST" in refused.headers["Allow"]


def test_a_path_is_not_mended_by_a_redirect(service: Service) -> None:
    assert is_error(service.site.get("/v1//cases"), 404, "not_found")
    assert is_error(service.site.get("/v1/cases/"), 404, "not_found")


@pytest.mark.parametrize(
    ("body", "content_type", "status", "code"),
    [
        (b"{}", "text/plain", 415, "unsupported_media_type"),
        (b"{}", None, 415, "unsupported_media_type"),
        (b"{", JSON, 400, "bad_request"),
        (b"\xff\xfe", JSON, 400, "bad_request"),
        (b"[" * 200_000, JSON, 400, "bad_request"),
        (b"1" * 5000, JSON, 400, "bad_request"),
        (b" " * ((1 << 20) + 1), JSON, 413, "body_too_large"),
        (b"{}", JSON, 422, "invalid_request"),
        (b"null", JSON, 422, "invalid_request"),
        (b'"text"', JSON, 422, "invalid_request"),
        (b'{"sha256": "abc"}', JSON, 422, "invalid_request"),
        (b'{"sha256": "\\ud800"}', JSON, 422, "invalid_request"),
        (b'{"sha256": "' + b"0" * 64 + b'", "sha512": ""}', JSON, 422, "invalid_request"),
        (b'{"sha256": "' + b"0" * 64 + b'", "size": -1}', JSON, 422, "invalid_request"),
        (b'{"sha256": "' + b"0" * 64 + b'", "size": 1.5}', JSON, 422, "invalid_request"),
    ],
)
def test_questions_of_the_wrong_shape(
    service: Service, body: bytes, content_type: str | None, status: int, code: str
) -> None:
    assert is_error(service.site.post(SIGNALS, body, content_type=content_type), status, code)


def chunked(service: Service, body: bytes, signed: bytes) -> TestResponse:
    """As gunicorn hands on a body that came without a length."""
    return service.site.client.post(
        SIGNALS,
        input_stream=io.BytesIO(body),
        headers=signature(service.site.key, "POST", SIGNALS, signed),
        content_type=JSON,
        environ_overrides={"wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked"},
    )


def test_a_question_without_a_length_is_read_to_its_end(service: Service) -> None:
    question = json.dumps({"sha256": "0" * 64}).encode()
    assert chunked(service, question, question).status_code == 200
    assert is_error(chunked(service, question, question + b" "), 401, "body_altered")
    long = question.ljust((1 << 20) + 1)
    assert is_error(chunked(service, long, long), 413, "body_too_large")
    assert chunked(service, long[:-1], long[:-1]).status_code == 200
    # Cut at the limit, a question that nobody signed would pass for the one that was.
    for length in (1 << 20, (1 << 20) + 1, 3 << 20):
        assert chunked(service, question.ljust(length), b"another").status_code in {401, 413}, length


def test_what_is_wrong_is_named_and_not_repeated(service: Service) -> None:
    question = {"files": [{"sha256": "0" * 64}, {"sha256": "a secret"}]}
    message = service.site.ask("/v1/batch", question).get_json()["message"]
    assert message.startswith("files.1.sha256: ")
    assert "secret" not in message


def test_query_parameters_that_do_not_exist_are_told(service: Service) -> None:
    response = service.site.post("/v1/check?dryrun=1", b"x")
    assert is_error(response, 422, "invalid_request")
    assert "dryrun" in response.get_json()["message"]


def test_a_body_that_was_not_signed_gets_no_answer(service: Service) -> None:
    headers = signature(service.site.key, "POST", SIGNALS, b"{}")
    body = json.dumps({"sha256": "0" * 64})
    response = service.site.client.post(SIGNALS, data=body, headers=headers, content_type=JSON)
    assert is_error(response, 401, "body_altered")


def test_no_key_no_answer(service: Service) -> None:
    response = service.site.client.post(SIGNALS, data=b"{}", content_type=JSON)
    assert is_error(response, 401, "unauthorized")
    assert response.headers["WWW-Authenticate"]


def test_a_fault_of_our_own_says_nothing_of_itself(service: Service) -> None:
    app = service.app
    view = app.view_functions["lists.every"]

    def broken() -> None:
        raise RuntimeError("inner matters")

    broken.upload_guard_needed_scope = view.upload_guard_needed_scope  # type: ignore[attr-defined]
    app.view_functions["lists.every"] = broken
    try:
        response = service.admin.get("/v1/lists")
    finally:
        app.view_functions["lists.every"] = view
    assert is_error(response, 500, "internal_error")
    assert "inner" not in response.text
