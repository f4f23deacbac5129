"""A WordPress site that says something odd; tests/live/wordpress/test_files.py has real ones."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.misbehaving import Connection, scripted
from upload_guard.errors import ChangedInPlace, GoneFromPlace, HoldingsUnreachable, TooLargeInPlace
from upload_guard.holdings.wordpress import WordPresses, WordPressSite
from upload_guard.signing import Credentials, Request, parse

KEY = Credentials("blog-1", "a secret of the site")
LOCATOR = "wordpress://blog/7"


def here(url: str, spool: Path, seconds: float = 20.0, max_bytes: int = 2000) -> WordPresses:
    return WordPresses({"blog": WordPressSite(url, seconds)}, lambda _: KEY, spool, max_bytes)


def answering(status: str, body: bytes, length: int | None = None) -> Callable[[Connection], None]:
    size = len(body) if length is None else length

    def behave(connection: Connection) -> None:
        while connection.request():
            connection.answer(b"HTTP/1.1 %s\r\nContent-Length: %d\r\n\r\n%s" % (status.encode(), size, body))
            if length is not None:
                return

    return behave


def said(code: str) -> bytes:
    return json.dumps({"code": code, "message": "", "data": {}}).encode()


def test_each_request_is_signed_by_the_sites_own_key(tmp_path: Path) -> None:
    heads: list[tuple[str, bytes]] = []

    def behave(connection: Connection) -> None:
        connection.request()
        heads.append((connection.requests[-1][0], connection.last_body))
        connection.answer(b'HTTP/1.1 200 OK\r\nContent-Length: 14\r\n\r\n{"taken":true}')

    with scripted(behave) as server:
        here(server.url, tmp_path).take(LOCATOR, bytes(32), "7KQM-2TZP-9XWD")
    ((head, body),) = heads
    line, *headers = head.splitlines()
    named = {name.lower(): value for name, _, value in (one.partition(": ") for one in headers)}
    signed = parse(named["upload-guard-signature"])
    assert signed is not None
    method, target, _ = line.split(" ")
    assert signed.is_right(KEY.secret, Request(method, target))
    assert signed.digest == hashlib.sha256(body).hexdigest()
    assert json.loads(body) == {"attachment": 7, "sha256": "00" * 32, "case": "7KQM-2TZP-9XWD"}


@pytest.mark.parametrize(
    ("status", "body", "fault"),
    [
        ("404 Not Found", said("upload_guard_gone"), GoneFromPlace),
        # Without the plugin, or another site behind that address: that says nothing of the file.
        ("404 Not Found", said("rest_no_route"), HoldingsUnreachable),
        ("404 Not Found", b"<html>", HoldingsUnreachable),
        ("409 Conflict", said("upload_guard_changed"), ChangedInPlace),
        ("409 Conflict", b"", HoldingsUnreachable),
        ("302 Found", b"", HoldingsUnreachable),
        ("500 Oops", said("upload_guard_not_taken"), HoldingsUnreachable),
        ("200 OK", b"<html>Welcome</html>", HoldingsUnreachable),
        ("200 OK", b'{"size": "many", "modified": 1}', HoldingsUnreachable),
        ("200 OK", b"[" * 60_000, HoldingsUnreachable),
    ],
    ids=["gone", "no-plugin", "page", "changed", "conflict", "moved", "failed", "welcome", "words", "deep"],
)
def test_only_the_plugin_can_say_that_a_file_is_gone(
    status: str, body: bytes, fault: type[Exception], tmp_path: Path
) -> None:
    with scripted(answering(status, body)) as server, pytest.raises(fault):
        here(server.url, tmp_path).look(LOCATOR)


def test_a_file_that_is_cut_off_is_none(tmp_path: Path) -> None:
    with scripted(answering("200 OK", b"half of it", length=1000)) as server:
        reading = here(server.url, tmp_path).read(LOCATOR)
        with pytest.raises(HoldingsUnreachable), reading as stream:
            stream.read()


@pytest.mark.parametrize("over", [0, 1])
def test_of_a_file_no_more_is_read_than_is_allowed(over: int, tmp_path: Path) -> None:
    with scripted(answering("200 OK", b"x" * (2000 + over))) as server:
        reading = here(server.url, tmp_path, max_bytes=2000).read(LOCATOR)
        if not over:
            with reading as stream:
                assert len(stream.read()) == 2000
            return
        with pytest.raises(TooLargeInPlace, match="2000"), reading:
            pass


def test_a_site_that_is_silent_is_not_waited_for(tmp_path: Path) -> None:
    def behave(connection: Connection) -> None:
        connection.request()
        connection.request()

    with scripted(behave) as server, pytest.raises(HoldingsUnreachable):
        here(server.url, tmp_path, seconds=0.3).look(LOCATOR)


def test_a_site_without_an_address_or_a_key_is_said_to_be(tmp_path: Path) -> None:
    with pytest.raises(HoldingsUnreachable, match="no WordPress is configured"):
        here("http://127.0.0.1:9", tmp_path).look("wordpress://shop/7")
    nobody = WordPresses({"blog": WordPressSite("http://127.0.0.1:9")}, lambda _: None, tmp_path, 2000)
    with pytest.raises(HoldingsUnreachable, match="no machine key"):
        nobody.look(LOCATOR)


def test_an_attachment_of_another_site_of_a_network_is_named_with_its_site(tmp_path: Path) -> None:
    bodies: list[bytes] = []

    def behave(connection: Connection) -> None:
        while connection.request():
            bodies.append(connection.last_body)
            said = b'{"attachment": 7, "site": 2}'
            connection.answer(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(said), said))

    with scripted(behave) as server:
        found = here(server.url, tmp_path).locate("blog", "https://blog.example/a.jpg")
        assert found == "wordpress://blog/sites/2/7"
        here(server.url, tmp_path).take(found, bytes(32))
    assert json.loads(bodies[1]) == {"attachment": 7, "site": 2, "sha256": "00" * 32, "case": ""}


@pytest.mark.parametrize(
    "locator",
    ["wordpress://blog/", "wordpress://blog/0", "wordpress://blog/7/8", "wordpress://blog/sites/0/8", "x"],
)
def test_what_names_no_attachment_is_refused(locator: str, tmp_path: Path) -> None:
    with pytest.raises(GoneFromPlace):
        here("http://127.0.0.1:9", tmp_path).look(locator)
