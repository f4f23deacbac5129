"""A request taken in: what counts as an upload, and what the application reads afterwards."""

from __future__ import annotations

import base64
import gzip
import io
import json
import random
import zlib
from dataclasses import replace
from pathlib import Path
from textwrap import wrap
from typing import Any
from urllib.parse import quote_from_bytes, urlencode

import pytest

from tests.support import digest_of, eventually, picture_bytes, sha256_seen
from upload_guard.errors import (
    AmbiguousRequest,
    BodyTooLarge,
    ClientGone,
    PiecewiseUpload,
    RequestError,
    UnsupportedEncoding,
)
from upload_guard.intake.forms import FormLimits, refuse
from upload_guard.intake.receive import receive, received
from upload_guard.intake.rules import Forward, IntakeLimits, IntakeRule, Pieces
from upload_guard.records import Source

SOURCE = Source("site", "/path")
PICTURE = picture_bytes(1)


@pytest.fixture
def rule(tmp_path: Path) -> IntakeRule:
    return rule_in(tmp_path)


def rule_in(folder: Path, **differs: Any) -> IntakeRule:
    limits = IntakeLimits(
        spool_dir=folder,
        max_body=1 << 20,
        max_text=1 << 19,
        max_inflated=4 << 20,
        max_files=10,
        max_carried=12,
        body_timeout=60,
        form=FormLimits(20, 8192, refuse),
    )
    return replace(IntakeRule(limits), **differs)


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


def test_a_raw_body_is_one_upload_from_its_source(rule: IntakeRule) -> None:
    with received(request_with(b"hello", "text/plain"), rule, SOURCE) as request:
        (upload,) = request.uploads
        assert (upload.digest, upload.media_type, upload.source) == (
            digest_of(b"hello"),
            "text/plain",
            SOURCE,
        )


def test_files_of_a_form_are_uploads_and_text_fields_are_not(rule: IntakeRule) -> None:
    environ = form_with(
        ('name="password"', b"hunter2"),
        ('name="one"; filename="a.txt"', b"text"),
        ('name="two"; filename=""', b"bytes without a name"),
        ('name="three"; filename=""', b""),
        ('name="four"; filename="empty.bin"', b""),
        ('name="five"', PICTURE),
        ("name=\"six\"; filename*=UTF-8''x", b"only the extended name"),
    )
    with received(environ, rule, SOURCE) as request:
        kept = [upload.digest for upload in request.uploads]
    wanted = [b"text", b"bytes without a name", b"", PICTURE, b"only the extended name"]
    assert kept == [digest_of(data) for data in wanted]


@pytest.mark.parametrize("content_type", ["application/json", "application/x-www-form-urlencoded; charset=x"])
def test_fields_in_a_raw_body_are_no_upload_unless_it_is_an_image(
    rule: IntakeRule, content_type: str
) -> None:
    with received(request_with(b'{"password": "hunter2"}', content_type), rule, SOURCE) as request:
        assert request.uploads == ()
    with received(request_with(PICTURE, content_type), rule, SOURCE) as request:
        assert [upload.digest for upload in request.uploads] == [digest_of(PICTURE)]


def test_the_application_reads_a_raw_body_as_it_was_sent(rule: IntakeRule) -> None:
    environ = request_with(
        b"hello",
        "text/plain",
        CONTENT_LENGTH="",
        HTTP_TRANSFER_ENCODING="chunked",
        **{"wsgi.input_terminated": True},
    )
    with received(environ, rule, SOURCE) as request:
        request.replay_into(environ)
        assert environ["wsgi.input"].read() == b"hello"
    assert environ["CONTENT_LENGTH"] == "5"
    assert environ["CONTENT_TYPE"] == "text/plain"
    assert "HTTP_TRANSFER_ENCODING" not in environ
    assert "wsgi.input_terminated" not in environ


def test_a_rebuilt_form_has_its_own_length_and_type(rule: IntakeRule) -> None:
    environ = form_with(('name="a"', b"text"))
    with received(environ, rule, SOURCE) as request:
        request.replay_into(environ)
        body = environ["wsgi.input"].read()
    assert int(environ["CONTENT_LENGTH"]) == len(body)
    boundary = environ["CONTENT_TYPE"].removeprefix("multipart/form-data; boundary=")
    assert body.startswith(f"--{boundary}\r\n".encode())
    assert boundary != "B"


@pytest.mark.parametrize("length", ["9" * 5000, "9" * 30])
def test_a_length_that_no_disk_could_hold_is_no_number(rule: IntakeRule, length: str) -> None:
    with pytest.raises(RequestError):
        receive(request_with(b"x", CONTENT_LENGTH=length), rule, SOURCE)


def test_a_body_read_too_late_is_closed_and_nobody_elses(rule: IntakeRule, tmp_path: Path) -> None:
    """The system gives a descriptor that was closed to the next file, such as the next request's body."""
    environ = request_with(b"hello")
    with received(environ, rule, SOURCE) as request:
        request.replay_into(environ)
    with received(request_with(b"secret"), rule, SOURCE), pytest.raises(ValueError, match="closed"):
        environ["wsgi.input"].read()


def test_a_charset_that_would_be_read_otherwise_is_refused_in_a_part_too(rule: IntakeRule) -> None:
    part = b'Content-Disposition: form-data; name="a"\r\nContent-Type: text/plain; charset=utf-7'
    body = b"--B\r\n" + part + b"\r\n\r\nx\r\n--B--\r\n"
    with pytest.raises(UnsupportedEncoding):
        receive(request_with(body, "multipart/form-data; boundary=B"), rule, SOURCE)


@pytest.mark.parametrize(
    ("environ", "error"),
    [
        (request_with(b"half", CONTENT_LENGTH="8"), ClientGone),
        (request_with(b"x", CONTENT_LENGTH=str(1 << 21)), BodyTooLarge),
    ],
    ids=["client gone", "too large"],
)
def test_a_request_that_fails_leaves_no_file_open(
    rule: IntakeRule, environ: dict[str, Any], error: type[Exception]
) -> None:
    before = open_files()
    with pytest.raises(error):
        receive(environ, rule, SOURCE)
    # Threads of other tests open and close some, too.
    assert eventually(lambda: open_files() <= before)


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def found_in(rule: IntakeRule, environ: dict[str, Any]) -> list[Any]:
    with received(environ, rule, SOURCE) as request:
        return [upload.digest for upload in request.uploads]


def sees_the_picture(rule: IntakeRule, environ: dict[str, Any]) -> bool:
    """As an upload of its own, or inside of one."""
    with received(environ, rule, SOURCE) as request:
        return digest_of(PICTURE).sha256 in sha256_seen(request.uploads)


ENCODED = base64.b64encode(PICTURE).decode()
CARRIED = {
    "JSON": ("application/json", json.dumps({"a": [{"image": ENCODED}]})),
    "JSON under another type": ("text/plain", json.dumps({"image": ENCODED})),
    "JSON with escapes": ("application/json", json.dumps({"image": ENCODED}).replace("/", "\\/")),
    "JSON with code points": ("application/json", json.dumps({"i": ENCODED}).replace("/", "\\u002f")),
    "JSON with the key twice": ("application/json", f'{{"a": "{ENCODED}", "a": "x"}}'),
    "JSON that is not quite": ("application/json", f'{{\'a\': 1, // no\n "b": "{ENCODED}",}}'),
    "JSON string": ("application/json", json.dumps(ENCODED)),
    "JSON key": ("application/json", json.dumps({ENCODED: 1})),
    "JSON in lines": ("application/json", json.dumps({"i": base64.encodebytes(PICTURE).decode()})),
    "data URI in JSON": ("application/json", json.dumps({"i": f"data:image/jpeg;base64,{ENCODED}"})),
    "data URI with parameters": ("text/plain", f"data:image/jpeg;name=a.jpg;BASE64,{ENCODED}"),
    "data URI without base64": ("text/plain", "data:image/jpeg," + quote_from_bytes(PICTURE)),
    "data URI in HTML": ("text/html", f'<p>Hi</p><img src="data:image/jpeg;base64,{ENCODED}">'),
    "URL-safe base64": ("application/json", json.dumps(base64.urlsafe_b64encode(PICTURE).decode())),
    "base64 with junk in between": ("application/json", json.dumps("!".join(wrap(ENCODED, 99)))),
    "urlencoded": ("application/x-www-form-urlencoded", urlencode({"a": "b", "image": ENCODED})),
    "urlencoded, plus left bare": ("application/x-www-form-urlencoded", f"image={ENCODED}"),
    "urlencoded bytes": ("application/x-www-form-urlencoded", "a=" + quote_from_bytes(PICTURE)),
    "XML-RPC": ("text/xml", f"<?xml version='1.0'?><value><base64>\n{ENCODED}\n</base64></value>"),
    "XML with CDATA": (
        "application/soap+xml",
        f"<a><![CDATA[{ENCODED[:50]}]]><![CDATA[{ENCODED[50:]}]]></a>",
    ),
    "XML with comments": ("text/xml", f"<a>{ENCODED[:50]}<!-- x -->{ENCODED[50:]}</a>"),
    "XML with references": ("text/xml", f"<a>{ENCODED.replace('/', '&#x2F;')}</a>"),
    "text": ("text/plain", f"Look: {ENCODED}"),
    "text behind a NUL byte": ("text/plain", "\0\0" + ENCODED),
    "JSON within JSON": (
        "application/json",
        json.dumps({"a": json.dumps({"i": ENCODED}).replace("/", "\\/")}),
    ),
    "JSON in an urlencoded field": (
        "application/x-www-form-urlencoded",
        urlencode({"a": json.dumps({"i": ENCODED}).replace("/", "\\/")}),
    ),
}


REFERENCES = ENCODED.replace("/", "&#47;")
HARD_TO_READ = {
    "urlencoded that looks binary": (
        "application/x-www-form-urlencoded",
        ("j=\x00" + "語" * 2000 + "&i=" + base64.urlsafe_b64encode(PICTURE).decode()).encode(),
    ),
    "JSON in UTF-16 that looks binary": (
        "application/json",
        json.dumps({"j": "語" * 3000, "i": ENCODED}, ensure_ascii=False).encode("utf-16-le"),
    ),
    "references in rich text": (
        "application/json",
        json.dumps({"html": f'hi <img src="data:image/jpeg;base64,{REFERENCES}">'}).encode(),
    ),
    "a scheme with a reference": (
        "application/json",
        json.dumps({"html": f'<img src="data&colon;image/jpeg;base64,{ENCODED}">'}).encode(),
    ),
    "an attribute of XML": ("text/xml", f'<a b="{REFERENCES}"/>'.encode()),
    "CDATA with the start of a comment": (
        "text/xml",
        f"<a><![CDATA[<!--]]>{REFERENCES}<![CDATA[-->]]></a>".encode(),
    ),
    "CDATA with brackets": ("text/xml", f"<a><![CDATA[<]]>{REFERENCES}<![CDATA[>]]></a>".encode()),
    "instructions around": ("text/xml", f"<a><?p <!-- ?>{REFERENCES}<?p --> ?></a>".encode()),
    "XML in UTF-16 without a mark": ("text/xml", f"<a>{REFERENCES}</a>".encode("utf-16-le")),
    "a letter beyond ASCII in base64": (
        "application/json",
        json.dumps({"i": f"{ENCODED[0]}é{ENCODED[1]}*{ENCODED[2:]}"}).encode(),
    ),
    "padding and much white space in front": (
        "application/json",
        json.dumps({"i": "=" + " " * 20000 + f"{ENCODED[0]}*{ENCODED[1:]}"}).encode(),
    ),
    "percents behind white space": (
        "application/json",
        json.dumps({"i": "data:image/jpeg;base64,%2F " + quote_from_bytes(ENCODED[1:].encode())}).encode(),
    ),
    "many parameters": (
        "application/json",
        json.dumps({"i": f"data:image/jpeg;x={'y' * 300},{quote_from_bytes(PICTURE)}"}).encode(),
    ),
    "a name in front": ("application/json", json.dumps({"i": f"img={ENCODED} x_{ENCODED}"}).encode()),
    "a tiny picture in front": (
        "text/html",
        b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff!\xf9\x04\x01\0\0\0\0,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;"
        + f'<img src="data:image/jpeg;base64,{ENCODED}">'.encode(),
    ),
    "an SVG that begins late": (
        "application/json",
        json.dumps(
            {
                "i": "data:image/svg+xml;base64,"
                + base64.b64encode(
                    b"<!-- " + b"x" * 5000 + f'--><svg><image href="data:;base64,{ENCODED}"/></svg>'.encode()
                ).decode()
            }
        ).encode(),
    ),
    "an SVG in UTF-16": (
        "application/json",
        json.dumps(
            {
                "i": "data:image/svg+xml;base64,"
                + base64.b64encode(
                    f'<svg><image href="data:;base64,{ENCODED}"/></svg>'.encode("utf-16")
                ).decode()
            }
        ).encode(),
    ),
}


@pytest.mark.parametrize(("content_type", "body"), HARD_TO_READ.values(), ids=HARD_TO_READ.keys())
def test_what_an_application_can_read_is_read(rule: IntakeRule, content_type: str, body: bytes) -> None:
    assert sees_the_picture(rule, request_with(body, content_type))


@pytest.mark.parametrize(("content_type", "body"), HARD_TO_READ.values(), ids=HARD_TO_READ.keys())
def test_the_same_in_a_field_of_a_form_is_read(rule: IntakeRule, content_type: str, body: bytes) -> None:
    if not content_type.endswith("urlencoded"):
        assert sees_the_picture(rule, form_with(('name="field"', body)))
        assert sees_the_picture(rule, form_with(('name="field"; filename="a.txt"', body)))


@pytest.mark.parametrize(("content_type", "body"), CARRIED.values(), ids=CARRIED.keys())
def test_an_image_carried_as_text_is_found_with_its_exact_bytes(
    rule: IntakeRule, content_type: str, body: str
) -> None:
    assert sees_the_picture(rule, request_with(body.encode(), content_type))


@pytest.mark.parametrize(("content_type", "body"), CARRIED.values(), ids=CARRIED.keys())
def test_the_same_in_a_field_of_a_form_is_found_unless_only_urlencoding_hides_it(
    rule: IntakeRule, content_type: str, body: str
) -> None:
    if not content_type.endswith("urlencoded"):
        assert digest_of(PICTURE) in found_in(rule, form_with(('name="field"', body.encode())))


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_json_in_any_of_its_encodings_is_read(rule: IntakeRule, encoding: str) -> None:
    body = json.dumps({"image": ENCODED}).encode(encoding)
    assert digest_of(PICTURE) in found_in(rule, request_with(body, "application/json"))


def test_ordinary_texts_carry_nothing(rule: IntakeRule) -> None:
    prose = "The quick brown fox jumps over the lazy dog, again and again and again. " * 50
    for content_type in ("application/json", "application/x-www-form-urlencoded"):
        assert found_in(rule, request_with(json.dumps({"a": prose}).encode(), content_type)) == []
    assert found_in(rule, form_with(('name="a"', prose.encode()))) == []


def test_a_video_as_base64_is_not_taken_for_images_that_it_holds_by_chance(rule: IntakeRule) -> None:
    video = b"\0\0\0\x18ftypisom" + random.Random(1).randbytes(300_000)
    body = json.dumps({"video": base64.b64encode(video).decode()}).encode()
    assert found_in(rule, request_with(body, "application/json")) == []


def test_a_carrier_that_is_switched_off_reads_nothing(tmp_path: Path) -> None:
    body = json.dumps({"image": ENCODED}).encode()
    off = rule_in(tmp_path, carriers=frozenset())
    assert digest_of(PICTURE) not in found_in(off, request_with(body, "application/json"))


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(gzip.compress(PICTURE), id="gzip"),
        pytest.param(zlib.compress(PICTURE), id="zlib"),
        pytest.param(zlib.compress(PICTURE, wbits=-15), id="raw deflate"),
        pytest.param(gzip.compress(PICTURE[:900]) + gzip.compress(PICTURE[900:]), id="two members"),
    ],
)
@pytest.mark.parametrize("coding", ["gzip", "x-gzip", "deflate", " GZIP "])
def test_a_compressed_body_is_looked_into_and_goes_on_as_it_came(
    rule: IntakeRule, body: bytes, coding: str
) -> None:
    environ = request_with(body, "image/jpeg", HTTP_CONTENT_ENCODING=coding)
    with received(environ, rule, SOURCE) as request:
        assert [upload.digest for upload in request.uploads] == [digest_of(PICTURE)]
        request.replay_into(environ)
        assert environ["wsgi.input"].read() == body
    assert environ["HTTP_CONTENT_ENCODING"] == coding


def test_a_compressed_form_is_refused_since_it_could_hold_another_that_is_not(rule: IntakeRule) -> None:
    environ = form_with(('name="f"; filename="f"', PICTURE))
    body = gzip.compress(environ["wsgi.input"].read())
    with pytest.raises(UnsupportedEncoding):
        found_in(rule, request_with(body, environ["CONTENT_TYPE"], HTTP_CONTENT_ENCODING="gzip"))


@pytest.mark.parametrize(
    ("body", "coding", "error"),
    [
        pytest.param(gzip.compress(gzip.compress(PICTURE)), "gzip", UnsupportedEncoding, id="twice"),
        pytest.param(gzip.compress(PICTURE), "gzip, gzip", UnsupportedEncoding, id="two codings"),
        pytest.param(b"x", "br", UnsupportedEncoding, id="brotli"),
        pytest.param(gzip.compress(PICTURE)[:500], "gzip", AmbiguousRequest, id="cut"),
        pytest.param(b"no gzip at all", "gzip", AmbiguousRequest, id="not compressed"),
        pytest.param(gzip.compress(bytes(5 << 20)), "gzip", BodyTooLarge, id="too much inside"),
    ],
)
def test_what_cannot_be_looked_into_is_refused(
    rule: IntakeRule, body: bytes, coding: str, error: type[Exception]
) -> None:
    with pytest.raises(error):
        found_in(rule, request_with(body, "image/jpeg", HTTP_CONTENT_ENCODING=coding))


@pytest.mark.parametrize("word", ["utf-8", "UTF8", "binary", "none", "identity"])
def test_a_word_that_is_no_coding_undoes_nothing(rule: IntakeRule, word: str) -> None:
    environ = request_with(PICTURE, "image/jpeg", HTTP_CONTENT_ENCODING=word)
    assert found_in(rule, environ) == [digest_of(PICTURE)]


def test_more_files_than_allowed_are_too_many(rule: IntakeRule) -> None:
    with pytest.raises(BodyTooLarge, match="max_files"):
        found_in(rule, form_with(*((f'name="f"; filename="{n}"', b"x") for n in range(11))))
    images = [base64.b64encode(b"GIF89a" + bytes([n]) * 60).decode() for n in range(11)]
    more = [base64.b64encode(b"GIF89a" + bytes([n]) * 70).decode() for n in range(2)]
    found_in(rule, request_with(json.dumps(images).encode(), "application/json"))
    with pytest.raises(BodyTooLarge, match="max_carried"):
        found_in(rule, request_with(json.dumps([*images, *more]).encode(), "application/json"))


def test_a_form_whose_body_is_signed_goes_on_byte_by_byte(tmp_path: Path) -> None:
    environ = form_with(('name="a"', b"text"), ('name="f"; filename="f"', PICTURE))
    sent = environ["wsgi.input"].getvalue()
    with received(environ, rule_in(tmp_path, forward=Forward.ORIGINAL), SOURCE) as request:
        assert [upload.digest for upload in request.uploads] == [digest_of(PICTURE)]
        request.replay_into(environ)
        assert environ["wsgi.input"].read() == sent
    assert environ["CONTENT_TYPE"] == "multipart/form-data; boundary=B"


def test_an_image_in_a_text_field_is_caught_by_the_net_unless_it_was_checked(tmp_path: Path) -> None:
    original = rule_in(tmp_path, forward=Forward.ORIGINAL)
    assert digest_of(PICTURE) in found_in(original, form_with(('name="a"', PICTURE)))
    with pytest.raises(AmbiguousRequest, match="outside"):
        found_in(original, form_with(('name="a"', b"--C\r\n\r\n" + PICTURE)))


@pytest.mark.parametrize("boundary", ["B,C", "B:C", "B=C", "(B)", "B/C"])
def test_a_boundary_that_parsers_end_differently_is_refused_where_it_goes_on(
    tmp_path: Path, boundary: str
) -> None:
    body = f'--{boundary}\r\nContent-Disposition: form-data; name="a"\r\n\r\nb\r\n--{boundary}--\r\n'.encode()
    original = rule_in(tmp_path, forward=Forward.ORIGINAL)
    with pytest.raises(AmbiguousRequest, match="boundary"):
        found_in(original, request_with(body, f"multipart/form-data; boundary={boundary}"))
    quoted = f'multipart/form-data; boundary="{boundary}"'
    assert found_in(original, request_with(body, quoted)) == []
    rebuilt = rule_in(tmp_path)
    assert found_in(rebuilt, request_with(body, f"multipart/form-data; boundary={boundary}")) == []


def test_an_image_in_a_part_header_is_caught_by_the_net(tmp_path: Path) -> None:
    environ = form_with(('name="a"; filename="GIF89a"', b"text"))
    with pytest.raises(AmbiguousRequest, match="outside"):
        receive(environ, rule_in(tmp_path, forward=Forward.ORIGINAL), SOURCE)


PIECES = {
    "Content-Range": {"HTTP_CONTENT_RANGE": "bytes 0-9/100"},
    "tus": {"HTTP_TUS_RESUMABLE": "1.0.0", "HTTP_UPLOAD_OFFSET": "0"},
    "plupload in the query": {"QUERY_STRING": "name=a.jpg&chunk=0&chunks=3"},
    "Resumable.js in the query": {"QUERY_STRING": "resumableChunkNumber=1&resumableTotalChunks=2"},
}
PIECE_FIELDS = {
    "Dropzone": {"dzchunkindex": "0", "dztotalchunkcount": "2", "dzuuid": "u"},
    "plupload": {"chunk": "1", "chunks": "2", "name": "a.jpg"},
    "Resumable.js": {"resumableChunkNumber": "1", "resumableTotalChunks": "4"},
    "Flow.js": {"flowChunkNumber": "1", "flowTotalChunks": "4"},
    "Fine Uploader": {"qqpartindex": "0", "qqtotalparts": "4", "qquuid": "u"},
    "Dropzone without a count": {"dzchunkindex": "0"},
}


@pytest.mark.parametrize("headers", PIECES.values(), ids=PIECES.keys())
def test_a_piece_told_by_its_headers_is_refused_unless_the_route_allows_it(
    rule: IntakeRule, headers: dict[str, str]
) -> None:
    with pytest.raises(PiecewiseUpload):
        receive(request_with(b"0123456789", **headers), rule, SOURCE)
    with received(
        request_with(b"0123456789", **headers), replace(rule, pieces=Pieces.PASS), SOURCE
    ) as request:
        assert request.piece is not None


@pytest.mark.parametrize("fields", PIECE_FIELDS.values(), ids=PIECE_FIELDS.keys())
def test_a_piece_told_by_its_fields_is_refused_unless_the_route_allows_it(
    rule: IntakeRule, fields: dict[str, str]
) -> None:
    parts = [(f'name="{name}"', value.encode()) for name, value in fields.items()]
    file = ('name="file"; filename="blob"', b"0123456789")
    with pytest.raises(PiecewiseUpload):
        receive(form_with(*parts, file), rule, SOURCE)
    with received(form_with(file, *parts), replace(rule, pieces=Pieces.ASSEMBLE), SOURCE) as request:
        assert request.piece is not None


def test_a_piece_told_twice_is_refused(rule: IntakeRule) -> None:
    environ = form_with(('name="dzchunkindex"', b"1"), ('name="file"; filename="blob"', b"0123456789"))
    environ["HTTP_CONTENT_RANGE"] = "bytes 0-9/100"
    with pytest.raises(AmbiguousRequest, match="headers and by fields"):
        receive(environ, replace(rule, pieces=Pieces.ASSEMBLE), SOURCE)


@pytest.mark.parametrize(
    "disposition", ['name=" dzchunkindex"', 'name="dzchunkindex"; filename=""', 'name="dzchunkindex "']
)
def test_a_field_that_only_some_take_for_that_field_tells_of_a_piece(
    rule: IntakeRule, disposition: str
) -> None:
    with pytest.raises(PiecewiseUpload):
        receive(form_with((disposition, b"0"), ('name="file"; filename="blob"', b"0123456789")), rule, SOURCE)


@pytest.mark.parametrize(
    "headers",
    [
        {"QUERY_STRING": "partNumber=1&uploadId=x"},
        {"QUERY_STRING": "comp=block&blockid=x"},
        {"HTTP_X_UPDATE_RANGE": "append"},
        {"HTTP_UPLOAD_COMPLETE": "?0"},
        {"HTTP_UPLOAD_INCOMPLETE": "?1"},
        {"HTTP_UPLOAD_LENGTH": "100", "HTTP_TUS_RESUMABLE": "1.0.0"},
    ],
)
def test_pieces_that_only_the_application_could_place_are_refused(
    rule: IntakeRule, headers: dict[str, str]
) -> None:
    with pytest.raises(PiecewiseUpload):
        receive(request_with(b"0123456789", **headers), rule, SOURCE)


@pytest.mark.parametrize("name", ["dzchunkindex", "dztotalchunkcount"])
def test_a_field_that_is_too_long_or_given_twice_hides_no_piece(rule: IntakeRule, name: str) -> None:
    whole = {"dzchunkindex": b"0", "dztotalchunkcount": b"1"}
    parts = [(f'name="{field}"', value) for field, value in whole.items()]
    file = ('name="file"; filename="blob"', b"0123456789")
    receive(form_with(*parts, file), rule, SOURCE).close()
    for more in (b"2", b"0" * 5000 + b"2"):
        with pytest.raises(AmbiguousRequest):
            receive(form_with(*parts, (f'name="{name}"', more), file), rule, SOURCE)


@pytest.mark.parametrize(
    "environ",
    [
        pytest.param({"HTTP_CONTENT_RANGE": "bytes 0-9/10"}, id="the whole range"),
        pytest.param({"QUERY_STRING": "chunk=0&chunks=1"}, id="one of one"),
        pytest.param({"QUERY_STRING": "chunk=3"}, id="a page's own parameter"),
        pytest.param(
            {"QUERY_STRING": "resumableChunkNumber=1&resumableTotalChunks=1"}, id="one of one, from 1"
        ),
    ],
)
def test_a_whole_upload_is_no_piece(rule: IntakeRule, environ: dict[str, str]) -> None:
    with received(request_with(b"0123456789", **environ), rule, SOURCE) as request:
        assert request.piece is None


@pytest.mark.parametrize("value", ["bytes x-9/10", "bytes 0-9", "0-9/10"])
def test_a_range_that_cannot_be_read_is_a_bad_request(rule: IntakeRule, value: str) -> None:
    with pytest.raises(AmbiguousRequest):
        receive(request_with(b"0123456789", HTTP_CONTENT_RANGE=value), rule, SOURCE)


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        pytest.param("application/json", json.dumps({"a": "<svg", "i": ENCODED}), id="markup in JSON"),
        pytest.param("application/x-www-form-urlencoded", "%PDF-=1&" + urlencode({"i": ENCODED}), id="PDF"),
        pytest.param("text/plain", "a=" + quote_from_bytes(ENCODED.encode(), safe=""), id="Bottle's fields"),
    ],
)
def test_a_decoy_in_front_does_not_end_the_search(rule: IntakeRule, content_type: str, body: str) -> None:
    assert sees_the_picture(rule, request_with(body.encode(), content_type))


def test_a_text_field_that_looks_binary_is_text_all_the_same(rule: IntakeRule) -> None:
    looks_binary = bytes(range(256)) * 16 + b"\0" + ENCODED.encode()
    assert digest_of(PICTURE) in found_in(rule, form_with(('name="a"', looks_binary)))


@pytest.mark.parametrize("content_type", ["text/xml", "application/soap+xml"])
def test_xml_with_entities_is_refused_since_one_could_hold_a_picture(
    rule: IntakeRule, content_type: str
) -> None:
    body = b'<!DOCTYPE a [<!ENTITY b "x">]><a>&b;</a>'
    with pytest.raises(AmbiguousRequest, match="entities"):
        found_in(rule, request_with(body, content_type))
    as_file = form_with(('name="f"; filename="f.xml"', body))
    assert len(found_in(rule, as_file)) == len(found_in(rule, request_with(body, "text/plain"))) == 1


def test_a_reference_of_a_thousand_digits_is_no_crash(rule: IntakeRule) -> None:
    body = b"<a>&#" + b"9" * 5000 + b";</a><b>" + ENCODED.encode() + b"</b>"
    assert digest_of(PICTURE) in found_in(rule, request_with(body, "text/xml"))


def test_fields_are_no_upload_and_a_text_that_is_a_file_is_one(rule: IntakeRule) -> None:
    """The password in an XML-RPC call is nothing to keep; a text file is kept whole or not at all."""
    body = f"<value>password</value><base64>{ENCODED}</base64>".encode()
    assert found_in(rule, request_with(body, "text/xml")) == [digest_of(PICTURE)]
    assert found_in(rule, request_with(body, "text/plain")) == [digest_of(body)]


def test_what_only_calls_itself_fields_is_a_file(rule: IntakeRule) -> None:
    body = b"{" + bytes(range(255, -1, -1)) * 20
    assert found_in(rule, request_with(body, "application/json")) == [digest_of(body)]


def test_fields_that_are_too_long_are_refused_and_files_are_not(rule: IntakeRule) -> None:
    body = b'{"a": "' + b"x" * (1 << 19) + b'"}'
    for content_type in ("application/json", "text/xml", "application/x-www-form-urlencoded"):
        with pytest.raises(BodyTooLarge, match="max_text"):
            found_in(rule, request_with(body, content_type))
    with pytest.raises(BodyTooLarge, match="max_text"):
        found_in(rule, form_with(('name="a"', body)))
    assert len(found_in(rule, request_with(body, "text/plain"))) == 1


def test_files_are_told_from_what_was_found_in_texts(rule: IntakeRule) -> None:
    environ = form_with(('name="f"; filename="f"', b"file"), ('name="t"', ENCODED.encode()))
    with received(environ, rule, SOURCE) as request:
        assert [upload.digest for upload in request.files] == [digest_of(b"file")]
        assert [upload.digest for upload in request.uploads] == [digest_of(b"file"), digest_of(PICTURE)]


def test_half_a_surrogate_in_a_data_uri_is_no_crash(rule: IntakeRule) -> None:
    body = b'{"a": "data:image/png;base64,\\ud83d' + b"A" * 60 + b'"}'
    assert found_in(rule, request_with(body, "application/json")) == []


def test_a_text_of_nothing_but_beginnings_is_too_much(rule: IntakeRule) -> None:
    with pytest.raises(BodyTooLarge, match="beginnings"):
        found_in(rule, request_with(f"{ENCODED[:60]}!".encode() * 2001, "application/json"))
