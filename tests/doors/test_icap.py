"""ICAP spoken by hand: what proxies say, and what hostile ones or the uploaders behind them could."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from tests.doors.icap_client import IcapClient, asked, chunks, form, http_head, reqmod
from tests.doors.running import Doors, everything, running_doors
from tests.serving import MAX_BODY
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
BROKEN = OTHER[: len(OTHER) // 2]
OPTIONS = b"OPTIONS icap://127.0.0.1/upload_guard ICAP/1.0\r\nHost: 127.0.0.1\r\n\r\n"


def raw_upload(data: bytes, **fields: str) -> bytes:
    head = http_head(Content_Type="image/jpeg", Content_Length=str(len(data)), Accept="application/json")
    return reqmod(head, **fields) + chunks(data)


def form_upload(data: bytes, path: str = "/upload", **fields: str) -> bytes:
    content_type, body = form(data)
    head = http_head(
        f"POST http://site.example{path} HTTP/1.1", Content_Type=content_type, Content_Length=str(len(body))
    )
    return reqmod(head, **fields) + chunks(body)


def test_options_say_what_is_offered(doors: Doors) -> None:
    answer = asked(doors, OPTIONS)
    assert answer.status == 200
    assert answer.fields["Methods"] == "REQMOD"
    assert (answer.fields["Allow"], answer.fields["Preview"]) == ("204", "4096")
    assert answer.fields["Max-Connections"] == "128"
    assert answer.fields["ISTag"].startswith('"')


def test_a_listed_picture_in_a_form_is_refused_by_an_http_answer_and_kept(doors: Doors) -> None:
    answer = asked(doors, form_upload(LISTED, Allow="204"))
    assert (answer.status, answer.http_status) == (200, 403)
    assert answer.fields["Encapsulated"].startswith("res-hdr=0, res-body=")
    case = next(case for case in doors.cases() if case.number in answer.body.decode())
    assert case.number in answer.fields["X-Infection-Found"]
    assert (case.result, case.action, case.route) == ("match", "block", "/upload")
    assert read(case.content) == LISTED


@pytest.mark.parametrize("data", [LISTED, LIKENESS, BROKEN], ids=["blocked", "held", "unscannable"])
def test_all_that_is_refused_is_answered_alike(doors: Doors, data: bytes) -> None:
    answer = asked(doors, raw_upload(data))
    told = json.loads(answer.body)
    assert (answer.http_status, told["error"], told["message"]) == (
        403,
        "upload_refused",
        "This upload cannot be accepted.",
    )
    words = (answer.head + answer.body + str(answer.fields).encode()).lower()
    for secret in (b"test-list", b"pdq", b"match", b"exact", b"perceptual", b"baseline", b"truncated"):
        assert secret not in words


def test_a_raw_picture_goes_on_unchanged(doors: Doors) -> None:
    assert asked(doors, raw_upload(OTHER, Allow="204")).status == 204
    echoed = asked(doors, raw_upload(OTHER))
    assert echoed.status == 200
    assert echoed.fields["Encapsulated"].startswith("req-hdr=0, req-body=")
    assert echoed.body == OTHER
    assert echoed.head.startswith(b"POST http://site.example/upload HTTP/1.1\r\n")
    assert echoed.http_field("Content-Length") == str(len(OTHER))


def test_a_form_goes_on_as_it_was_read_and_not_as_it_came(doors: Doors) -> None:
    answer = asked(doors, form_upload(OTHER, Allow="204"))
    assert answer.status == 200
    boundary = answer.http_field("Content-Type").partition("boundary=")[2]
    assert boundary
    assert boundary != "b" * 20
    assert answer.body.startswith(f"--{boundary}\r\n".encode())
    assert OTHER in answer.body
    assert answer.http_field("Content-Length") == str(len(answer.body))


def test_where_a_route_says_original_a_form_goes_on_as_it_came(doors: Doors) -> None:
    assert asked(doors, form_upload(OTHER, "/signed/x", Allow="204")).status == 204
    assert asked(doors, form_upload(OTHER, "/signed/x")).body == form(OTHER)[1]
    assert asked(doors, form_upload(LISTED, "/signed/x", Allow="204")).http_status == 403


def test_a_request_without_a_body_goes_on(doors: Doors) -> None:
    head = http_head("GET http://site.example/ HTTP/1.1")
    assert asked(doors, reqmod(head, has_body=False, Allow="204")).status == 204
    echoed = asked(doors, reqmod(head, has_body=False))
    assert (echoed.status, echoed.head, echoed.body) == (200, head, b"")


def test_a_chunked_request_goes_on_with_a_length(doors: Doors) -> None:
    message = reqmod(http_head(Transfer_Encoding="chunked")) + chunks(OTHER)
    echoed = asked(doors, message)
    assert echoed.body == OTHER
    assert echoed.http_field("Content-Length") == str(len(OTHER))
    assert b"transfer-encoding" not in echoed.head.lower()
    assert asked(doors, reqmod(http_head(Transfer_Encoding="chunked")) + chunks(LISTED)).http_status == 403


def test_a_body_of_which_no_header_tells_is_looked_into(doors: Doors) -> None:
    assert asked(doors, reqmod(http_head("PUT /x HTTP/1.0")) + chunks(LISTED)).http_status == 403


def test_a_picture_carried_in_json_is_found(doors: Doors) -> None:
    body = json.dumps({"image": base64.b64encode(LISTED).decode()}).encode()
    head = http_head(Content_Type="application/json", Content_Length=str(len(body)))
    assert asked(doors, reqmod(head, Allow="204") + chunks(body)).http_status == 403


# Previews ------------------------------------------------------------------------------------------


def test_after_a_preview_the_rest_is_asked_for(doors: Doors) -> None:
    content_type, body = form(LISTED)
    head = http_head(Content_Type=content_type, Content_Length=str(len(body)))
    with IcapClient(doors) as client:
        client.send(reqmod(head, Preview="1000", Allow="204") + chunks(body[:1000]))
        assert client.answer().status == 100
        client.send(chunks(body[1000:]))
        assert client.answer().http_status == 403
        client.send(OPTIONS)
        assert client.answer().status == 200, "the connection is kept"


def test_a_preview_that_is_all_of_it_is_not_asked_to_go_on(doors: Doors) -> None:
    body = b"small"
    head = http_head(Content_Type="text/plain", Content_Length="5")
    message = reqmod(head, Preview="4096") + chunks(body, last=b"0; ieof\r\n\r\n")
    with IcapClient(doors) as client:
        client.send(message)
        assert client.answer().status == 204, "allowed in answer to a preview, RFC 3507 section 4.6"
        client.send(message)
        assert client.answer().status == 204


def test_a_preview_of_nothing_is_asked_to_go_on(doors: Doors) -> None:
    head = http_head(Content_Length=str(len(LISTED)))
    with IcapClient(doors) as client:
        client.send(reqmod(head, Preview="0", Allow="204") + b"0\r\n\r\n")
        assert client.answer().status == 100
        client.send(chunks(LISTED))
        assert client.answer().http_status == 403


def test_a_preview_smaller_than_it_said_is_read_on(doors: Doors) -> None:
    head = http_head(Content_Length=str(len(LISTED)))
    with IcapClient(doors) as client:
        client.send(reqmod(head, Preview="4096") + chunks(LISTED[:10]))
        assert client.answer().status == 100
        client.send(chunks(LISTED[10:]))
        assert client.answer().http_status == 403


def test_without_leave_there_is_no_204_once_more_than_the_preview_was_sent(doors: Doors) -> None:
    head = http_head(Content_Length=str(len(OTHER)))
    with IcapClient(doors) as client:
        client.send(reqmod(head, Preview="100") + chunks(OTHER[:100]))
        assert client.answer().status == 100
        client.send(chunks(OTHER[100:]))
        answer = client.answer()
    assert (answer.status, answer.body) == (200, OTHER)


def test_a_route_that_nobody_looks_into_is_let_go_after_the_preview(doors: Doors) -> None:
    head = http_head("POST http://site.example/open/x HTTP/1.1", Content_Length=str(len(LISTED)))
    with IcapClient(doors) as client:
        client.send(reqmod(head, Preview="100") + chunks(LISTED[:100]))
        assert client.answer().status == 204
        client.send(OPTIONS)
        assert client.answer().status == 200
    assert asked(doors, reqmod(head) + chunks(LISTED)).body == LISTED


def test_a_body_over_the_limit_is_refused_when_all_of_it_has_come(doors: Doors) -> None:
    head = http_head(Content_Length=str(MAX_BODY + 1))
    with IcapClient(doors) as client:
        client.send(reqmod(head, Preview="0") + b"0\r\n\r\n")
        assert client.answer().status == 100
        client.send(chunks(bytes(MAX_BODY + 1)))
        answer = client.answer()
        assert (answer.status, answer.http_status) == (200, 413)
        client.send(OPTIONS)
        assert client.answer().status == 200


def test_a_body_over_the_limit_without_a_length_is_refused_while_it_comes(doors: Doors) -> None:
    message = reqmod(http_head(Transfer_Encoding="chunked")) + chunks(bytes(MAX_BODY + 1), 1 << 20)
    answer = asked(doors, message)
    assert (answer.status, answer.http_status) == (200, 413)


# What an uploader could try, through an honest proxy: always an answer of HTTP, never an error of ICAP ----


@pytest.mark.parametrize(
    ("head", "status"),
    [
        pytest.param(http_head(Content_Length=str(len(LISTED) - 1)), 400, id="length too small"),
        pytest.param(http_head(Content_Length=str(len(LISTED) + 1)), 400, id="length too large"),
        pytest.param(http_head(Content_Length="0"), 400, id="length of nothing"),
        pytest.param(http_head(Content_Length="-1"), 400, id="negative length"),
        pytest.param(http_head(content_length="5", Content_Length="6"), 400, id="two lengths"),
        pytest.param(
            http_head(Content_Length=str(len(LISTED)), Transfer_Encoding="chunked"),
            400,
            id="length and coding",
        ),
        pytest.param(http_head(Transfer_Encoding="gzip, chunked"), 415, id="another coding"),
        pytest.param(http_head(Transfer_Encoding="xchunked"), 415, id="a coding of no name"),
        pytest.param(
            http_head(Content_Type="text/plain", content_type="multipart/form-data"), 400, id="two types"
        ),
        pytest.param(http_head()[:-2] + b"Content_Type: text/plain\r\n\r\n", 400, id="underscore"),
        pytest.param(http_head()[:-2] + b"Content-Type : text/plain\r\n\r\n", 400, id="space before a colon"),
        pytest.param(http_head()[:-2] + b"X: a\r\n b\r\n\r\n", 400, id="folded"),
        pytest.param(http_head()[:-2] + b"X: a\nContent-Type: text/plain\r\n\r\n", 400, id="bare line feed"),
        pytest.param(http_head()[:-2] + b"X: a\0b\r\n\r\n", 400, id="NUL"),
        pytest.param(http_head() + b"Content-Type: text/plain\r\n\r\n", 400, id="a head behind the head"),
        pytest.param(http_head("POST /a b HTTP/1.1"), 400, id="space in the path"),
        pytest.param(http_head("POST /open/a#/../../upload HTTP/1.1"), 400, id="fragment"),
        pytest.param(http_head("POST /open/../upload HTTP/1.1"), 400, id="path of two routes"),
        pytest.param(http_head("POST /open/%2e%2e/upload HTTP/1.1"), 400, id="the same, escaped"),
        pytest.param(http_head("POST / HTTP/2.0"), 400, id="another version"),
        pytest.param(http_head(Content_Encoding="br"), 415, id="a content coding that is not undone"),
        pytest.param(http_head(Content_Range="bytes 0-99/1000"), 415, id="a piece"),
        pytest.param(b"\r\n\r\n", 400, id="no request at all"),
    ],
)
def test_what_could_be_read_in_two_ways_does_not_go_on(doors: Doors, head: bytes, status: int) -> None:
    answer = asked(doors, reqmod(head, Allow="204") + chunks(LISTED))
    assert (answer.status, answer.http_status) == (200, status)


@pytest.mark.parametrize("body", [b"no boundary", form(OTHER)[1] + b"epilogue"])
def test_an_ambiguous_form_does_not_go_on(doors: Doors, body: bytes) -> None:
    head = http_head(Content_Type=form(b"")[0], Content_Length=str(len(body)))
    assert asked(doors, reqmod(head, Allow="204") + chunks(body)).http_status == 400


@pytest.mark.parametrize(
    "fields",
    [{"Content_Length": "5"}, {"Transfer_Encoding": "chunked"}, {"Upload_Length": "5", "Tus_Resumable": "1"}],
)
def test_a_request_that_tells_of_a_body_and_shows_none_does_not_go_on(
    doors: Doors, fields: dict[str, str]
) -> None:
    answer = asked(doors, reqmod(http_head(**fields), has_body=False, Allow="204"))
    assert answer.status == 200
    assert answer.http_status in {400, 415}


def test_a_head_that_is_too_long_does_not_go_on(doors: Doors) -> None:
    answer = asked(doors, reqmod(http_head(X="x" * 200_000), has_body=False, Allow="204"))
    assert (answer.status, answer.http_status) == (200, 400)


def test_trying_out_many_pictures_is_limited_and_other_requests_go_on(tmp_path: Path) -> None:
    activate_listed_picture(settings_in(tmp_path))
    with running_doors(tmp_path, icap={"checks_per_minute": 0.001, "burst": 3}) as strict:
        answers = [asked(strict, form_upload(LISTED)) for _ in range(6)]
        assert [one.http_status for one in answers] == [403] * 3 + [503] * 3
        assert {one.status for one in answers} == {200}, "an error of ICAP could have it bypassed"
        assert answers[-1].http_field("Retry-After") == "30"
        assert len(strict.cases()) == 3
        assert asked(strict, reqmod(http_head("GET / HTTP/1.1"), has_body=False, Allow="204")).status == 204
        assert asked(strict, OPTIONS).status == 200


def test_what_could_not_be_checked_is_an_error_of_http(tmp_path: Path) -> None:
    with running_doors(tmp_path, service={"url": "http://127.0.0.1:9"}) as cut_off:
        answer = asked(cut_off, raw_upload(OTHER, Allow="204"))
    assert (answer.status, answer.http_status) == (200, 503)


# What only the proxy itself could send -------------------------------------------------------------


@pytest.mark.parametrize(
    "message",
    [
        pytest.param(reqmod(http_head(), Encapsulated="req-hdr=0"), id="no body named"),
        pytest.param(reqmod(http_head(), Encapsulated="req-hdr=5, req-body=50"), id="begins late"),
        pytest.param(reqmod(http_head(), Encapsulated="req-body=0"), id="no head"),
        pytest.param(reqmod(http_head(), Encapsulated="req-hdr=0, req-body=-1"), id="negative"),
        pytest.param(reqmod(http_head(), Encapsulated="req-hdr=0, req-body=99999999999"), id="enormous"),
        pytest.param(reqmod(http_head(), Encapsulated="req-hdr=0, res-hdr=10, req-body=50"), id="a response"),
        pytest.param(reqmod(http_head(), Preview="-1"), id="negative preview"),
        pytest.param(reqmod(http_head(), Preview="99999999"), id="enormous preview"),
        pytest.param(reqmod(http_head(), Preview="3") + b"5\r\nhello\r\n0\r\n\r\n", id="preview too long"),
        pytest.param(reqmod(http_head(), Preview="ten"), id="preview no number"),
        pytest.param(b"REQMOD icap://x/y ICAP/1.0\r\n\r\n", id="nothing encapsulated"),
        pytest.param(b"POST / HTTP/1.1\r\n\r\n", id="HTTP"),
        pytest.param(b"REQMOD icap://x/y ICAP/1.0\r\n" + b"A: b\r\n" * 200 + b"\r\n", id="too many headers"),
        pytest.param(b"REQMOD " + b"x" * 100_000, id="a line without end"),
        pytest.param(b"OPTIONS icap://x/y ICAP/1.0\r\nA\r\n\r\n", id="no colon"),
    ],
)
def test_a_broken_message_is_an_error_of_icap_and_the_end(doors: Doors, message: bytes) -> None:
    with IcapClient(doors) as client:
        client.send(message)
        answer = client.answer()
        assert (answer.status, answer.fields["Connection"]) == (400, "close")
        assert client.at_end()


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"5;\nhello\r\n", id="bare line feed behind a size"),
        pytest.param(b"0x5\r\nhello\r\n0\r\n\r\n", id="size with a prefix"),
        pytest.param(b"+5\r\nhello\r\n0\r\n\r\n", id="size with a sign"),
        pytest.param(b"\r\nhello\r\n0\r\n\r\n", id="no size"),
        pytest.param(b"5\r\nhelloXX0\r\n\r\n", id="longer than it said"),
        pytest.param(b"3\r\nhello\r\n0\r\n\r\n", id="longer than it said, with an end later"),
        pytest.param(b"5\r\nhello\r\n0; ieof\r\n\r\n", id="ieof outside of a preview"),
        pytest.param(b"5\r\nhello\r\n0\r\nContent-Type: text/html\r\n\r\n", id="trailer"),
        pytest.param(b'5; a="x\r\nhello\r\n0\r\n\r\n', id="open quote"),
        pytest.param(b"5" + b"; a=b" * 100 + b"\r\nhello\r\n0\r\n\r\n", id="extensions without end"),
        pytest.param(b"ffffffffffffffffffffff\r\nhello", id="a size of 88 bits"),
    ],
)
def test_a_broken_chunk_never_goes_on(doors: Doors, body: bytes) -> None:
    with IcapClient(doors) as client:
        client.send(reqmod(http_head(), Allow="204") + body)
        answer = client.answer()
        assert answer.status == 400 or answer.http_status == 400
        assert answer.fields["Connection"] == "close"
        assert client.at_end()


def test_extensions_of_a_chunk_mean_nothing(doors: Doors) -> None:
    message = reqmod(http_head(), Allow="204") + b'5; a=b; c="d e"\r\nhello\r\n0;x\r\n\r\n'
    assert asked(doors, message).status == 204


def test_a_message_that_is_hidden_behind_a_body_is_read_as_the_next(doors: Doors) -> None:
    with IcapClient(doors) as client:
        client.send(raw_upload(OTHER, Allow="204") + raw_upload(LISTED, Allow="204") + OPTIONS)
        assert client.answer().status == 204
        assert client.answer().http_status == 403
        assert client.answer().fields["Methods"] == "REQMOD"


def test_a_proxy_that_goes_away_leaves_nothing(doors: Doors) -> None:
    before = len(doors.cases())
    with IcapClient(doors) as client:
        client.send(raw_upload(LISTED)[:-20])
        client.end()
        assert client.answer().http_status == 400
    assert len(doors.cases()) == before
    assert doors.spooled() == []


def test_another_method_is_not_offered(doors: Doors) -> None:
    assert asked(doors, b"RESPMOD icap://x/y ICAP/1.0\r\n\r\n").status == 405


def test_a_client_that_wants_to_close_is_let_go(doors: Doors) -> None:
    with IcapClient(doors) as client:
        client.send(OPTIONS.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        assert client.answer().status == 200
        assert client.at_end()


def test_whoever_is_not_among_the_peers_gets_no_word(tmp_path: Path) -> None:
    with running_doors(tmp_path, icap={"peers": ["192.0.2.0/24"]}) as distant:
        sock = distant.to_icap()
        sock.sendall(OPTIONS)
        assert everything(sock) == b""
        assert "127.0.0.1 is not among the peers" in distant.log.read_text()
