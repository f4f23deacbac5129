"""Whatever any of four applications can get out of a forwarded body was seen, or the request was refused.

`make test` runs a fixed budget; `make fuzz` runs longer (FUZZ_EXAMPLES).
"""

from __future__ import annotations

import base64
import binascii
import gzip
import io
import json
import os
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote
from xml.sax.saxutils import escape

import django
import pytest
from bottle import BaseRequest
from django.conf import settings as django_settings
from django.core.handlers.wsgi import WSGIRequest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from multipart import MultipartError, parse_form_data
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Request

from tests.intake.test_receive import rule_in
from tests.support import digest_of, sha256_seen
from upload_guard.errors import RequestError
from upload_guard.imaging.formats import HEAD, sniff
from upload_guard.intake.receive import received
from upload_guard.intake.rules import Forward, IntakeRule
from upload_guard.records import Source
from upload_guard.texts.encodings import SHORTEST

if not django_settings.configured:
    django_settings.configure(DATA_UPLOAD_MAX_MEMORY_SIZE=None, ALLOWED_HOSTS=["*"])
    django.setup()

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "400"))
BUDGET = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize="FUZZ_EXAMPLES" not in os.environ,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)

# Short byte strings that every sniffer takes for an image, each with something of its own behind it.
IMAGES = st.sampled_from([b"\xff\xd8\xff\xe0", b"GIF89a", b"\x89PNG\r\n\x1a\n", b"II*\x00"]).flatmap(
    lambda magic: st.binary(min_size=40, max_size=60).map(lambda rest: magic + rest)
)
SNIPPETS = st.sampled_from(
    [
        b"\r\n", b"\n", b"\r", b"--", b"--B", b"--B--", b"\r\n--B\r\n", b"\r\n--B--\r\n",
        b"\r\n--B--\r\n--B\r\n",
        b"Content-Disposition: form-data; name=\"a\"", b"; filename=\"a.jpg\"", b"; filename*=UTF-8''a",
        b"; name=b", b"Content-Type: image/jpeg", b"Content-Type: multipart/mixed; boundary=C", b"--C\r\n",
        b"Content-Transfer-Encoding: base64", b"Content-Length: 5", b" ", b"\t", b";", b"\"", b"\\", b":",
        b"\x00",
        b"content-disposition:form-data;name=a;filename=b", b"\xe9", b"=", b"filename",
    ]
)  # fmt: skip
CONTENT_TYPES = st.sampled_from(
    [
        "multipart/form-data; boundary=B",
        'multipart/form-data; boundary="B"',
        "multipart/form-data;boundary=B; charset=utf-8",
        "Multipart/Form-Data; BOUNDARY=B",
        "multipart/form-data; boundary=B; boundary=C",
        "multipart/form-data; boundary=C; x=B",
        "multipart/form-data; boundary=B ; a=\"; boundary=C\"",
        "multipart/form-data; boundary*=UTF-8''B",
        "multipart/mixed; boundary=B",
        "application/x-www-form-urlencoded",
        "application/json",
        "text/xml",
        "image/jpeg",
        "",
    ]
)  # fmt: skip


# What stands in front of a payload to have the body taken for something else.
DECOYS = [
    "",
    "<svg",
    "%PDF-",
    "GIF89a",
    "PK\x03\x04",
    "\x00\x00",
    "BM",
    "--B",
    "{",
    '["',
    "data:",
    "=%41&",
    "<!--",
]


def well_formed(parts: list[tuple[bytes, bytes]]) -> bytes:
    lines = [
        b"--B\r\nContent-Disposition: form-data; " + disposition + b"\r\n\r\n" + data + b"\r\n"
        for disposition, data in parts
    ]
    return b"".join(lines) + b"--B--\r\n"


DISPOSITIONS = st.sampled_from(
    [b'name="a"; filename="a.jpg"', b'name="b"', b"name=c; filename=d", b'name=""']
)
FORMS = st.lists(st.tuples(DISPOSITIONS, IMAGES), min_size=1, max_size=4).map(well_formed)


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A form into which odd bytes were put, from which some were taken, in which some stand twice."""
    body = draw(FORMS)
    for _ in range(draw(st.integers(0, 5))):
        at, length = draw(st.integers(0, len(body))), draw(st.integers(0, 30))
        what = draw(st.sampled_from(["insert", "delete", "repeat"]))
        if what == "insert":
            body = body[:at] + draw(SNIPPETS) + body[at:]
        elif what == "delete":
            body = body[:at] + body[at + length :]
        else:
            body = body[:at] + body[at : at + length] + body[at:]
    return body


# Four applications -----------------------------------------------------------------------------------


def by_werkzeug(environ: dict[str, Any]) -> Iterator[bytes]:
    request = Request(environ)
    try:
        for _, files in request.files.lists():
            yield from (file.read() for file in files)
        for _, values in request.form.lists():
            yield from _as_sent(values)
    except (HTTPException, ValueError):
        return


def by_django(environ: dict[str, Any]) -> Iterator[bytes]:
    request = WSGIRequest(environ | {"wsgi.errors": io.StringIO()})
    try:
        for _, files in request.FILES.lists():
            yield from (file.read() for file in files)
        for _, values in request.POST.lists():
            yield from _as_sent(values)
    except Exception:  # noqa: BLE001 - an application that fails got nothing
        return


def _as_sent(values: Iterable[str]) -> Iterator[bytes]:
    """Texts in which the framework had nothing to replace: others are no longer what was sent."""
    yield from (value.encode("utf-8", "surrogateescape") for value in values if "\ufffd" not in value)


def by_bottle(environ: dict[str, Any]) -> Iterator[bytes]:
    request = BaseRequest(environ)
    try:
        for _, file in request.files.allitems():
            yield file.file.read()
        for _, value in request.forms.allitems():
            yield value.encode("latin-1", "replace")
    except Exception:  # noqa: BLE001
        return


def by_multipart(environ: dict[str, Any]) -> Iterator[bytes]:
    try:
        forms, files = parse_form_data(environ, strict=False, charset="latin-1")
        for _, part in files.iterallitems():
            yield part.file.read()
        for _, value in forms.iterallitems():
            yield value.encode("latin-1", "replace")
    except (MultipartError, ValueError):
        return


def by_bottle_fields(environ: dict[str, Any]) -> Iterator[bytes]:
    """Bottle reads fields in a body of any type that is no form; decoded as an application would."""
    try:
        for _, value in BaseRequest(environ | {"CONTENT_TYPE": "text/x"}).forms.allitems():
            yield value.encode("latin-1", "replace")
            yield from _decoded(value)
    except Exception:  # noqa: BLE001
        return


def as_text(environ: dict[str, Any]) -> Iterator[bytes]:
    """What an application does with a body that is no form: use it, or decode what stands in it."""
    body = environ["wsgi.input"].read()
    yield body
    texts = [
        *_strings_of(body),
        *(value for _, value in parse_qsl(body.decode("latin-1"), keep_blank_values=True)),
    ]
    for text in texts:
        yield from _decoded(text)
        for inner in _strings_of(text):
            yield from _decoded(inner)


def _strings_of(text: str | bytes) -> Iterator[str]:
    """Every string value of a JSON text."""
    try:
        waiting = [json.loads(text)]
    except (ValueError, RecursionError):
        return
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            yield value
        elif isinstance(value, dict | list):
            waiting += value.values() if isinstance(value, dict) else value


def _decoded(value: str) -> Iterator[bytes]:
    payload = value.partition(",")[2] if value.startswith("data:") else value
    try:
        yield base64.b64decode(payload)
    except (binascii.Error, ValueError):
        return


APPLICATIONS = (by_werkzeug, by_django, by_bottle, by_multipart, by_bottle_fields, as_text)


def assert_nothing_unseen(rule: IntakeRule, environ: dict[str, Any]) -> None:
    """The property. An image is what the sniffer calls one, and longer than the decoys of this test."""
    try:
        with received(environ, rule, Source()) as request:
            seen = sha256_seen(request.uploads)
            for application in APPLICATIONS:
                copy = dict(environ)
                request.replay_into(copy)
                for one in application(copy):
                    if len(one) >= SHORTEST and sniff(one[:HEAD]) is not None:
                        assert digest_of(one).sha256 in seen, f"{application.__name__} got {one!r} unseen"
    except RequestError:
        return


def environ_of(body: bytes, content_type: str, encoding: str = "") -> dict[str, Any]:
    return {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": "/",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "wsgi.url_scheme": "http",
        "CONTENT_TYPE": content_type,
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": io.BytesIO(body),
    } | ({"HTTP_CONTENT_ENCODING": encoding} if encoding else {})


@pytest.fixture(scope="module", params=[Forward.CANONICAL, Forward.ORIGINAL])
def rule(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> IntakeRule:
    return rule_in(Path(tmp_path_factory.mktemp("fuzz")), forward=request.param)


# What a body may be packed in: by its header, or although its header does not say so.
CODINGS = st.sampled_from(["", "", "gzip", "deflate", "identity", "utf-8", "gzip, gzip", "x-gzip"])


def packed(body: bytes, how: str) -> bytes:
    return {"no": body, "gzip": gzip.compress(body, 1), "zlib": zlib.compress(body, 1)}[how]


@BUDGET
@given(body=mutated(), content_type=CONTENT_TYPES)
def test_no_form_however_odd_brings_an_image_past(rule: IntakeRule, body: bytes, content_type: str) -> None:
    assert_nothing_unseen(rule, environ_of(body, content_type))


@BUDGET
@given(
    body=st.one_of(mutated(), IMAGES),
    content_type=CONTENT_TYPES,
    coding=CODINGS,
    how=st.sampled_from(["no", "gzip", "zlib"]),
)
def test_no_coding_brings_an_image_past(
    rule: IntakeRule, body: bytes, content_type: str, coding: str, how: str
) -> None:
    assert_nothing_unseen(rule, environ_of(packed(body, how), content_type, coding))


@BUDGET
@given(
    image=IMAGES,
    prefix=st.sampled_from(["", "data:image/jpeg;base64,", "data:;base64,"]),
    url_safe=st.booleans(),
    junk=st.lists(st.tuples(st.integers(0, 80), st.sampled_from(["\n", " ", "!", "\\/", "%"])), max_size=3),
    decoy=st.sampled_from(DECOYS),
    wrap=st.sampled_from(
        ["json", "json list", "json in json", "urlencoded", "urlencoded json", "xml", "plain", "form"]
    ),
    content_type=st.one_of(st.none(), CONTENT_TYPES),
)
def test_no_notation_brings_an_encoded_image_past(
    rule: IntakeRule,
    image: bytes,
    prefix: str,
    url_safe: bool,
    junk: list[tuple[int, str]],
    decoy: str,
    wrap: str,
    content_type: str | None,
) -> None:
    encoded = (base64.urlsafe_b64encode if url_safe else base64.b64encode)(image).decode()
    for at, extra in junk:
        encoded = encoded[:at] + extra + encoded[at:]
    value = prefix + encoded
    inner = json.dumps({"b": value})
    body, own_type = {
        "json": (json.dumps({"x": decoy, "a": value}), "application/json"),
        "json list": (json.dumps([{"x": decoy, "a": value}]), "text/plain"),
        "json in json": (json.dumps({"a": inner.replace("/", "\\/")}), "application/json"),
        "urlencoded": (f"x={decoy}&a={quote(value, safe='')}", "application/x-www-form-urlencoded"),
        "urlencoded json": (f"x={decoy}&a={quote(inner)}", "application/x-www-form-urlencoded"),
        "xml": (f"<a><x>{escape(decoy)}</x><b>{value}</b></a>", "text/xml"),
        "plain": (value, "text/plain"),
        "form": ("", "multipart/form-data; boundary=B"),
    }[wrap]
    raw = body.encode("utf-8", "surrogateescape")
    if wrap == "form":
        raw = well_formed([(b'name="x"', decoy.encode()), (b'name="a"', value.encode())])
    assert_nothing_unseen(rule, environ_of(raw, own_type if content_type is None else content_type))
