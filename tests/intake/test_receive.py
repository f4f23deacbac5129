"""A request taken in: what counts as an upload, and what the application reads afterwards."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest

from tests.support import digests_of, picture_bytes
from upload_guard.errors import BodyTooLarge, ClientGone
from upload_guard.intake.forms import FormLimits
from upload_guard.intake.receive import IntakeLimits, receive, received
from upload_guard.records import Source

SOURCE = Source("site", "/path")
PICTURE = picture_bytes(1)


@pytest.fixture
def limits(tmp_path: Path) -> IntakeLimits:
    return IntakeLimits(tmp_path, 1 << 20, FormLimits(10, 8192))


def request_with(body: bytes, content_type: str = "", **values: Any) -> dict[str, Any]:
    return {
        "wsgi.input": io.BytesIO(body),
        "CONTENT_LENGTH": str(len(body)),
        "CONTENT_TYPE": content_type,
    } | values


def form_with(*parts: tuple[str, bytes]) -> dict[str, Any]:
    body = b"".join(
        f"--B\r\nContent-Disposition: form-data; {disposition}\r\n\r\n".encode() + data + b"\r\n"
        for disposition, data in parts
    )
    return request_with(body + b"--B--\r\n", "multipart/form-data; boundary=B")


def test_a_raw_body_is_one_upload_from_its_source(limits: IntakeLimits) -> None:
    with received(request_with(b"hello", "text/plain"), limits, SOURCE) as request:
        (upload,) = request.uploads
        assert (upload.digests, upload.media_type, upload.source) == (
            digests_of(b"hello"),
            "text/plain",
            SOURCE,
        )


def test_files_of_a_form_are_uploads_and_text_fields_are_not(limits: IntakeLimits) -> None:
    environ = form_with(
        ('name="password"', b"hunter2"),
        ('name="one"; filename="a.txt"', b"text"),
        ('name="two"; filename=""', b"bytes without a name"),
        ('name="three"; filename=""', b""),
        ('name="four"; filename="empty.bin"', b""),
        ('name="five"', PICTURE),
        ("name=\"six\"; filename*=UTF-8''x", b"only the extended name"),
    )
    with received(environ, limits, SOURCE) as request:
        kept = [upload.digests for upload in request.uploads]
    wanted = [b"text", b"bytes without a name", b"", PICTURE, b"only the extended name"]
    assert kept == [digests_of(data) for data in wanted]


@pytest.mark.parametrize("content_type", ["application/json", "application/x-www-form-urlencoded; charset=x"])
def test_fields_in_a_raw_body_are_no_upload_unless_it_is_an_image(
    limits: IntakeLimits, content_type: str
) -> None:
    with received(request_with(b'{"password": "hunter2"}', content_type), limits, SOURCE) as request:
        assert request.uploads == ()
    with received(request_with(PICTURE, content_type), limits, SOURCE) as request:
        assert [upload.digests for upload in request.uploads] == [digests_of(PICTURE)]


def test_the_application_reads_a_raw_body_as_it_was_sent(limits: IntakeLimits) -> None:
    environ = request_with(
        b"hello",
        "text/plain",
        CONTENT_LENGTH="",
        HTTP_TRANSFER_ENCODING="chunked",
        **{"wsgi.input_terminated": True},
    )
    with received(environ, limits, SOURCE) as request:
        request.replay_into(environ)
        assert environ["wsgi.input"].read() == b"hello"
    assert environ["CONTENT_LENGTH"] == "5"
    assert environ["CONTENT_TYPE"] == "text/plain"
    assert "HTTP_TRANSFER_ENCODING" not in environ
    assert "wsgi.input_terminated" not in environ


def test_a_rebuilt_form_has_its_own_length_and_type(limits: IntakeLimits) -> None:
    environ = form_with(('name="a"', b"text"))
    with received(environ, limits, SOURCE) as request:
        request.replay_into(environ)
        body = environ["wsgi.input"].read()
    assert int(environ["CONTENT_LENGTH"]) == len(body)
    boundary = environ["CONTENT_TYPE"].removeprefix("multipart/form-data; boundary=")
    assert body.startswith(f"--{boundary}\r\n".encode())
    assert boundary != "B"


@pytest.mark.parametrize(
    ("environ", "error"),
    [
        (request_with(b"half", CONTENT_LENGTH="8"), ClientGone),
        (request_with(b"x", CONTENT_LENGTH=str(1 << 21)), BodyTooLarge),
    ],
    ids=["client gone", "too large"],
)
def test_a_request_that_fails_leaves_no_file_open(
    limits: IntakeLimits, environ: dict[str, Any], error: type[Exception]
) -> None:
    before = open_files()
    with pytest.raises(error):
        receive(environ, limits, SOURCE)
    assert open_files() == before


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))
