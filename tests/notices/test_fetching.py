"""Tests of fetching from outside: whole files of public addresses, and nothing else."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from upload_guard.errors import GoneFromPlace, HoldingsUnreachable, UsageError
from upload_guard.notices.fetching import Outside, is_public

HERE = "127.0.0.1"


class Elsewhere(BaseHTTPRequestHandler):
    """A web server that does as its path says."""

    def do_GET(self) -> None:
        ways: dict[str, Callable[[], None]] = {
            "/picture": self._picture,
            "/half": self._half,
            "/loop": lambda: self._away("/loop"),
            "/away": lambda: self._away("/picture"),
            "/inside": lambda: self._away("http://inside.example/picture"),
            "/slow": self._slow,
            "/script": lambda: self._away("file:///etc/passwd"),
        }
        way = ways.get(self.path)
        if way is None:
            self._status(int(self.path[1:]))
        else:
            way()

    def _picture(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "1000")
        self.end_headers()
        self.wfile.write(b"x" * 1000)

    def _half(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "1000")
        self.end_headers()
        self.wfile.write(b"x" * 500)

    def _away(self, where: str) -> None:
        self.send_response(302)
        self.send_header("Location", where)
        self.end_headers()

    def _slow(self) -> None:
        try:
            while True:
                self.wfile.write(b"H")
                self.server.shut.wait(0.05)  # type: ignore[attr-defined]
        except OSError:
            return

    def _status(self, status: int) -> None:
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Not in the output of tests."""


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    server = ThreadingHTTPServer((HERE, 0), Elsewhere)
    server.shut = threading.Event()  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()


def resolved(host: str, _port: int) -> list[str]:
    """What DNS says in these tests: one host is inside, one has an address of either kind."""
    return {"inside.example": ["10.0.0.1"], "both.example": [HERE, "10.0.0.1"]}.get(host, [HERE])


def outside(folder: Path, port: int, seconds: float = 10.0, max_bytes: int = 2000) -> Outside:
    return Outside(
        spool_dir=folder,
        seconds=seconds,
        max_bytes=max_bytes,
        allowed=lambda address: address == HERE,
        resolve=resolved,
        ports=frozenset({port, 80}),
    )


def test_a_file_is_fetched_whole(tmp_path: Path, port: int) -> None:
    for path in ("picture", "away"):
        with outside(tmp_path, port).read(f"http://shop.example:{port}/{path}") as stream:
            assert stream.read() == b"x" * 1000


@pytest.mark.parametrize("host", ["inside.example", "both.example"])
def test_a_name_that_leads_inside_is_not_asked(tmp_path: Path, port: int, host: str) -> None:
    with pytest.raises(UsageError, match="private"), outside(tmp_path, port).read(f"http://{host}:{port}/"):
        pass


def test_a_redirect_that_leads_inside_is_not_followed(tmp_path: Path, port: int) -> None:
    with (
        pytest.raises(UsageError, match="private"),
        outside(tmp_path, port).read(f"http://shop.example:{port}/inside"),
    ):
        pass


@pytest.mark.parametrize("path", ["loop", "script", "403", "204"])
def test_what_is_no_file_is_none(tmp_path: Path, port: int, path: str) -> None:
    with pytest.raises(UsageError), outside(tmp_path, port).read(f"http://shop.example:{port}/{path}"):
        pass


@pytest.mark.parametrize("path", ["half", "503", "429"])
def test_what_may_go_better_later_is_tried_again(tmp_path: Path, port: int, path: str) -> None:
    with (
        pytest.raises(HoldingsUnreachable),
        outside(tmp_path, port).read(f"http://shop.example:{port}/{path}"),
    ):
        pass


def test_what_is_gone_is_gone(tmp_path: Path, port: int) -> None:
    with pytest.raises(GoneFromPlace), outside(tmp_path, port).read(f"http://shop.example:{port}/404"):
        pass


def test_more_than_is_allowed_is_not_taken(tmp_path: Path, port: int) -> None:
    with (
        pytest.raises(UsageError, match="more than"),
        outside(tmp_path, port, max_bytes=999).read(f"http://shop.example:{port}/picture"),
    ):
        pass


def test_a_server_that_drips_is_left_when_time_is_up(tmp_path: Path, port: int) -> None:
    with (
        pytest.raises(HoldingsUnreachable, match="too long"),
        outside(tmp_path, port, seconds=0.3).read(f"http://shop.example:{port}/slow"),
    ):
        pass


def test_a_name_server_that_hangs_is_left_when_time_is_up(tmp_path: Path, port: int) -> None:
    answers = threading.Event()

    def hanging(host: str, port: int) -> list[str]:
        answers.wait(60)
        return resolved(host, port)

    slow = replace(outside(tmp_path, port, seconds=0.2), resolve=hanging)
    try:
        with (
            pytest.raises(HoldingsUnreachable, match="too long"),
            slow.read(f"http://shop.example:{port}/picture"),
        ):
            pass
        assert not answers.is_set()
    finally:
        answers.set()


def test_an_odd_port_is_not_asked(tmp_path: Path, port: int) -> None:
    with pytest.raises(UsageError, match="port 22"), outside(tmp_path, port).read("http://shop.example:22/"):
        pass


def test_this_machine_is_not_asked_whatever_it_is_called(tmp_path: Path, port: int) -> None:
    real = Outside(tmp_path, 5.0, 2000, ports=frozenset({port}))
    for host in ("127.0.0.1", "localhost", "2130706433", "0x7f.1", "[::1]", "[::ffff:127.0.0.1]"):
        with pytest.raises((UsageError, HoldingsUnreachable)), real.read(f"http://{host}:{port}/picture"):
            pass


@pytest.mark.parametrize("address", ["93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c"])
def test_public_addresses(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",  # noqa: S104 - nothing is bound
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "::7f00:1",
        "fec0::1",
        "4000::1",
        "::",
        "fe80::1%eth0",
        "fd00::1",
        "::ffff:10.0.0.1",
        "2002:0a00:0001::",
        "64:ff9b::a00:1",
        "ff02::1",
        "no address",
    ],
)
def test_addresses_that_are_not_for_everybody(address: str) -> None:
    assert not is_public(address)


def test_the_address_that_was_looked_at_is_the_one_that_is_asked(tmp_path: Path, port: int) -> None:
    """A name that leads inside from the second question on."""
    answers = iter([[HERE], ["10.0.0.1"]])
    rebound = Outside(
        tmp_path, 5.0, 2000, lambda address: address == HERE, lambda *_: next(answers), frozenset({port})
    )
    with rebound.read(f"http://shop.example:{port}/picture") as stream:
        assert len(stream.read()) == 1000
