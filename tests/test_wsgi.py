"""The middleware in front of a real site under gunicorn, checking by itself and by a sidecar."""

from __future__ import annotations

import hashlib
import socket
from collections.abc import Iterator
from contextlib import closing
from urllib.parse import urlsplit

import pytest
import requests

from tests.serving import MAX_BODY, Site, embedded_site
from tests.support import (
    LISTED_SEED,
    OTHER_SEED,
    activate_listed_picture,
    picture_bytes,
    read,
    recompressed,
    settings_in,
)

pytestmark = pytest.mark.live

LISTED = picture_bytes(LISTED_SEED)
LIKENESS = recompressed(LISTED)
OTHER = picture_bytes(OTHER_SEED)


def form(data: bytes, name: str = "photo.jpg", media_type: str = "image/jpeg") -> dict[str, object]:
    return {"files": {"file": (name, data, media_type)}}


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def test_an_ordinary_photo_reaches_the_application_unchanged(site: Site) -> None:
    answer = site.post(**form(OTHER)).json()
    assert answer["result"] == "clean"
    assert answer["action"] == "allow"
    assert answer["files"] == [{"field": "file", "name": "photo.jpg", "sha256": sha256(OTHER)}]


def test_a_listed_picture_is_blocked_and_kept(site: Site) -> None:
    calls = site.calls()
    response = site.post(**form(LISTED))
    assert response.status_code == 403
    assert site.calls() == calls
    case = next(case for case in site.cases() if case.number == response.json()["case"])
    assert (case.result, case.action, case.reason) == ("match", "block", "exact")
    assert read(case.content) == LISTED


def test_a_likeness_of_a_listed_picture_is_quarantined(site: Site) -> None:
    response = site.post(**form(LIKENESS, "cat.jpg"))
    assert response.status_code == 403
    case = next(case for case in site.cases() if case.number == response.json()["case"])
    assert (case.result, case.action, case.reason) == ("match", "quarantine", "perceptual")
    assert read(case.content) == LIKENESS


def test_the_uploader_cannot_tell_block_from_quarantine(site: Site) -> None:
    blocked, held = site.post(**form(LISTED)), site.post(**form(LIKENESS))

    def told(response: requests.Response) -> tuple[object, ...]:
        body = {key: value for key, value in response.json().items() if key != "case"}
        headers = {key: value for key, value in response.headers.items() if key != "Date"}
        return response.status_code, response.reason, body, headers, len(response.json()["case"])

    assert told(blocked) == told(held)


@pytest.mark.parametrize("wanted", ["application/json", "text/html", "text/plain"])
def test_a_refusal_names_no_list_distance_or_reason(site: Site, wanted: str) -> None:
    response = site.post(**form(LIKENESS), headers={"Accept": wanted})
    assert response.headers["Content-Type"].startswith(wanted)
    words = response.text.lower() + str(response.headers).lower()
    for secret in ("test-list", "pdq", "distance", "match", "perceptual", "quarantine", "baseline"):
        assert secret not in words


def test_a_browser_is_answered_with_a_page_in_its_language(site: Site) -> None:
    headers = {
        "Accept": "text/html,application/xhtml+xml,*/*;q=0.8",
        "Accept-Language": "nl-NL,nl;q=0.9,en;q=0.5",
    }
    response = site.post(**form(LISTED), headers=headers)
    assert '<html lang="nl">' in response.text
    assert "kan niet worden aanvaard" in response.text


def test_a_text_file_passes_unchanged(site: Site) -> None:
    answer = site.post(**form(b"Buy milk.\r\n", "notes.txt", "text/plain")).json()
    assert answer["result"] == "clean"
    assert answer["files"][0]["sha256"] == sha256(b"Buy milk.\r\n")


def test_text_fields_stay_beside_the_file(site: Site) -> None:
    answer = site.post(**form(OTHER), data={"title": "Hé, a hill", "tags": "a;b\r\nc"}).json()
    assert answer["fields"] == {"title": "Hé, a hill", "tags": "a;b\r\nc"}


def test_a_form_without_a_file_has_no_verdict(site: Site) -> None:
    answer = site.post("/form", files={"title": (None, "hello")}).json()
    assert answer == {"fields": {"title": "hello"}, "verdict": None}


def test_a_listed_picture_in_a_field_without_a_file_name_is_refused(site: Site) -> None:
    assert site.post(files={"note": (None, LISTED)}).status_code == 403


def test_one_listed_file_refuses_the_whole_request(site: Site) -> None:
    calls = site.calls()
    files = [("file", ("one.jpg", OTHER)), ("file", ("two.jpg", LISTED))]
    assert site.post(files=files).status_code == 403
    assert site.calls() == calls


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "BREW"])
@pytest.mark.parametrize("media_type", ["image/jpeg", "text/plain", "application/json"])
def test_a_listed_picture_as_a_raw_body_is_refused(site: Site, method: str, media_type: str) -> None:
    response = site.send(method, data=LISTED, headers={"Content-Type": media_type})
    assert response.status_code == 403


def test_a_raw_body_passes_unchanged(site: Site) -> None:
    answer = site.send("PUT", data=OTHER, headers={"Content-Type": "image/jpeg"}).json()
    assert answer["body"] == sha256(OTHER)
    assert answer["length"] == len(OTHER)


def test_a_chunked_listed_picture_is_refused(site: Site) -> None:
    assert site.post(data=pieces(LISTED)).status_code == 403


def test_a_chunked_body_reaches_the_application_with_its_length(site: Site) -> None:
    answer = site.post(data=pieces(OTHER)).json()
    assert answer["body"] == sha256(OTHER)
    assert answer["length"] == len(OTHER)
    assert not answer["chunked"]


def pieces(data: bytes) -> Iterator[bytes]:
    yield from (data[at : at + 7001] for at in range(0, len(data), 7001))


def test_a_truncated_image_is_held_as_unscannable(site: Site) -> None:
    response = site.post(**form(OTHER[: len(OTHER) // 2]))
    assert response.status_code == 403
    case = next(case for case in site.cases() if case.number == response.json()["case"])
    assert (case.result, case.action, case.reason) == ("unscannable", "quarantine", "truncated")


def test_an_empty_file_is_clean_and_says_that_it_is_empty(site: Site) -> None:
    answer = site.post(**form(b"", "nothing.jpg")).json()
    assert (answer["result"], answer["degraded"]) == ("clean", ["empty"])
    assert answer["files"][0]["name"] == "nothing.jpg"


def test_a_form_where_no_file_was_chosen_passes(site: Site) -> None:
    boundary = "x" * 30
    part = (
        'Content-Disposition: form-data; name="file"; filename=""\r\nContent-Type: application/octet-stream'
    )
    body = f"--{boundary}\r\n{part}\r\n\r\n\r\n--{boundary}--\r\n"
    headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
    assert site.post("/form", data=body, headers=headers).json() == {"fields": {}, "verdict": None}


def test_a_body_over_the_limit_is_refused_before_it_is_read(site: Site) -> None:
    calls = site.calls()
    with closing(connect(site)) as client:
        client.sendall(f"POST /upload HTTP/1.1\r\nHost: x\r\nContent-Length: {MAX_BODY + 1}\r\n\r\n".encode())
        assert b" 413 " in client.recv(4096)
    assert site.calls() == calls


def test_a_chunked_body_over_the_limit_is_refused(site: Site) -> None:
    assert site.post(data=pieces(b"x" * (MAX_BODY + 1))).status_code == 413


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"no boundary at all", id="no boundary"),
        pytest.param(b'--B\r\nContent-Disposition: form-data; name="a"\r\n\r\nx', id="no final boundary"),
        pytest.param(
            b'--B\r\nContent-Disposition: form-data; name="a"; name="b"\r\n\r\nx\r\n--B--\r\n',
            id="name twice",
        ),
    ],
)
def test_a_malformed_form_is_a_bad_request(site: Site, body: bytes) -> None:
    calls = site.calls()
    response = site.post(data=body, headers={"Content-Type": "multipart/form-data; boundary=B"})
    assert response.status_code == 400
    assert response.json()["error"] == "ambiguous_body"
    assert site.calls() == calls


def test_a_client_that_goes_away_leaves_nothing_behind(site: Site) -> None:
    cases, calls = len(site.cases()), site.calls()
    with closing(connect(site)) as client:
        head = f"POST /upload HTTP/1.1\r\nHost: x\r\nContent-Length: {len(LISTED)}\r\n\r\n"
        client.sendall(head.encode() + LISTED[: len(LISTED) // 2])
    assert site.post(**form(OTHER)).status_code == 200
    assert len(site.cases()) == cases
    assert site.calls() == calls + 1
    assert site.spooled() == []


def connect(site: Site) -> socket.socket:
    address = urlsplit(site.url)
    return socket.create_connection((address.hostname, address.port), timeout=60)


def test_a_request_without_a_body_has_no_verdict(site: Site) -> None:
    assert site.send("GET", "/").json()["verdict"] is None


def test_an_error_of_the_application_stays_its_own(site: Site) -> None:
    assert site.post("/fail", **form(OTHER)).status_code == 500
    assert site.post(**form(OTHER)).status_code == 200


def test_without_an_active_list_an_upload_passes_as_unchecked(tmp_path) -> None:
    with embedded_site(tmp_path) as bare:
        answer = bare.post(**form(OTHER)).json()
    assert (answer["result"], answer["reason"], answer["action"]) == ("unchecked", "no_list", "allow")


def test_what_is_monitored_reaches_the_application_with_what_was_found(tmp_path) -> None:
    watching = {"probation_hours": 0, "baseline": "monitor"}
    activate_listed_picture(settings_in(tmp_path))
    with embedded_site(tmp_path, trust=watching) as shadowed:
        answers = [shadowed.post(**form(data)).json() for data in (LISTED, LIKENESS)]
    assert [(one["result"], one["reason"], one["action"]) for one in answers] == [
        ("match", "exact", "monitor"),
        ("match", "perceptual", "monitor"),
    ]
    assert shadowed.cases() == ()
