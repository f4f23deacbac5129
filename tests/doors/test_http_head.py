"""Heads of encapsulated requests: what is taken is read by others in the same way."""

from __future__ import annotations

import io
from urllib.parse import urlsplit

import pytest
from gunicorn.config import Config
from gunicorn.http.errors import ParseException
from gunicorn.http.parser import RequestParser
from hypothesis import given
from hypothesis import strategies as st

from upload_guard.doors.http_head import parse_head
from upload_guard.errors import RequestError


@pytest.mark.parametrize(
    ("target", "path", "query"),
    [
        ("/upload?a=b", "/upload", "a=b"),
        ("http://site.example/upload?u=http://x/y", "/upload", "u=http://x/y"),
        ("/go?http://x/y", "/go", "http://x/y"),
        ("/a%20b/%C3%A9", "/a b/\xc3\xa9", ""),
        ("http://site.example", "/", ""),
        ("http://site.example?x", "/", "x"),
        ("*", "*", ""),
    ],
)
def test_a_target_has_the_path_that_routes_go_by(target: str, path: str, query: str) -> None:
    environ = parse_head(f"POST {target} HTTP/1.1\r\nHost: x\r\n\r\n".encode()).environ(io.BytesIO())
    assert (environ["PATH_INFO"], environ["QUERY_STRING"]) == (path, query)


def test_a_rebuilt_head_differs_in_what_frames_the_body_only() -> None:
    head = parse_head(
        b"POST /x HTTP/1.1\r\nHost: y\r\nTransfer-Encoding: chunked\r\n"
        b"X-Odd:  \xe9 \r\ncontent-type: a/b\r\n\r\n"
    )
    assert head.with_body(7) == (
        b"POST /x HTTP/1.1\r\nHost: y\r\nX-Odd: \xe9\r\ncontent-type: a/b\r\nContent-Length: 7\r\n\r\n"
    )
    assert head.with_body(7, "c/d") == (
        b"POST /x HTTP/1.1\r\nHost: y\r\nX-Odd: \xe9\r\nContent-Type: c/d\r\nContent-Length: 7\r\n\r\n"
    )


def test_a_length_that_is_said_twice_alike_is_one() -> None:
    head = parse_head(b"POST /x HTTP/1.1\r\nContent-Length: 5\r\ncontent-length: 5\r\n\r\n")
    assert head.environ(io.BytesIO())["CONTENT_LENGTH"] == "5"
    assert head.with_body(5).lower().count(b"content-length") == 1


PIECES = st.sampled_from(
    [
        b"Content-Type: text/plain",
        b"Content-Type: multipart/form-data; boundary=B",
        b"content-type:multipart/form-data",
        b"Content_Type: a/b",
        b"Content-Type : a/b",
        b"Content-Length: 5",
        b"Content-Length: 6",
        b"Content-Length: +5",
        b"Transfer-Encoding: chunked",
        b"Transfer-Encoding: CHUNKED",
        b"Transfer-Encoding: identity",
        b"Transfer-Encoding:\tchunked",
        b"Content-Encoding: gzip",
        b"X: \x00",
        b"X: a\rContent-Length: 9",
        b"X: a\nContent-Length: 9",
        b" folded",
        b"\tContent-Length: 9",
        b"",
        b":",
        b"X",
        b"X:",
        b"X-\xe9: a",
        b"X: \xe9\x85\x1c",
    ]
)
FIRST = st.sampled_from(
    [
        b"POST /upload HTTP/1.1",
        b"POST http://site.example/upload HTTP/1.1",
        b"POST /open/..%2fupload HTTP/1.1",
        b"post /x HTTP/1.1",
        b"POST  /x HTTP/1.1",
        b"POST /x\tHTTP/1.1",
        b"POST /x HTTP/1.1 ",
        b"POST /x HTTP/1.0",
        b"POST //x/y HTTP/1.1",
        b"POST /x?y#z HTTP/1.1",
        b"POST /x;y?z HTTP/1.1",
        b"POST x://y@z:80/path?q HTTP/1.1",
    ]
)


@given(first=FIRST, pieces=st.lists(PIECES, max_size=6))
def test_what_is_taken_is_read_alike_by_gunicorn(first: bytes, pieces: list[bytes]) -> None:
    raw = b"\r\n".join([first, *pieces]) + b"\r\n\r\n"
    try:
        ours = parse_head(raw)
    except RequestError:
        return
    environ = ours.environ(io.BytesIO())
    try:
        theirs = next(RequestParser(Config(), iter([raw]), ("127.0.0.1", 1)))
    except ParseException:
        return
    decisive = ("CONTENT-TYPE", "CONTENT-LENGTH", "TRANSFER-ENCODING", "CONTENT-ENCODING")
    read_there = [(name, value) for name, value in theirs.headers if name in decisive]
    read_here = [(name.upper(), value) for name, value in ours.fields if name.upper() in decisive]
    assert sorted(set(read_there)) == sorted(set(read_here))
    assert len({value for name, value in read_there if name == "CONTENT-TYPE"}) < 2
    assert urlsplit(theirs.path).path == urlsplit(ours.target).path or not theirs.path
    assert environ["REQUEST_METHOD"] == theirs.method


def test_the_comparison_meets_heads_that_both_take() -> None:
    raw = b"POST /upload HTTP/1.1\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\n"
    assert parse_head(raw).method == "POST"
    assert next(RequestParser(Config(), iter([raw]), ("127.0.0.1", 1))).path == "/upload"
