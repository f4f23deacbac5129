"""A connection is made, kept and used again so that no time is escaped and no answer is taken for another."""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import pytest
import requests
from requests import PreparedRequest

from tests.misbehaving import VERDICT, Connection, scripted, serve
from tests.upstreams.stand_in import write_certificate
from upload_guard.errors import UpstreamTimeout
from upload_guard.upstreams.asking import Ask, Asker
from upload_guard.upstreams.deadline import Deadline
from upload_guard.upstreams.pool import Pool, Prepared

HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n"
# As much as is read from a connection at once.
READ_AT_ONCE = 8192


def asked(client: Asker, url: str, seconds: float = 20) -> bytes:
    with Deadline(seconds) as deadline:
        return client.ask(Ask("POST", url, b"1"), deadline).body


def a_post(url: str, data: bytes) -> Prepared:
    @contextmanager
    def prepared() -> Iterator[PreparedRequest]:
        yield requests.Request("POST", url, data=data).prepare()

    return prepared


def status(pool: Pool, prepared: Prepared) -> int:
    with Deadline(20) as deadline, pool.answer(prepared, deadline) as response:
        assert response.content
        return response.status_code


def test_what_tls_holds_back_after_an_answer_is_not_the_next_one(tmp_path: Path) -> None:
    """One record holds both, and the first ends where reading does: no socket shows the rest."""
    size = READ_AT_ONCE - len(HEAD % READ_AT_ONCE)
    first = HEAD % size + b"right".rjust(size)
    assert len(first) == READ_AT_ONCE

    def says_more(connection: Connection) -> None:
        while connection.request():
            connection.answer(first + HEAD % 5 + b"wrong")

    certificate = write_certificate(tmp_path / "certificate", "127.0.0.1")
    with scripted(says_more, certificate=(certificate, certificate)) as server:
        client = Asker(ca_file=certificate)
        assert [asked(client, server.url)[-5:] for _ in range(3)] == [b"right"] * 3


def test_a_slow_resolver_escapes_no_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    over = threading.Event()

    def resolves_at_last(*name: object, **options: object) -> list[object]:
        over.wait(20)
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", resolves_at_last)
    begun = time.monotonic()
    with pytest.raises(UpstreamTimeout):
        asked(Asker(), "http://slow.example/", 0.2)
    assert time.monotonic() - begun < 10
    over.set()


def test_a_name_of_many_dead_addresses_has_one_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    with ExitStack() as stack:
        server = stack.enter_context(closing(socket.create_server(("127.0.0.1", 0), backlog=0)))
        # Its queue is full: whoever comes after these is not even refused.
        for _ in range(3):
            waiting = stack.enter_context(closing(socket.socket()))
            waiting.setblocking(False)
            waiting.connect_ex(server.getsockname())
        one = (socket.AF_INET, socket.SOCK_STREAM, 6, "", server.getsockname())
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [one] * 60)
        begun = time.monotonic()
        with pytest.raises(UpstreamTimeout):
            asked(Asker(), "http://many.example/", 0.2)
        assert time.monotonic() - begun < 10


def test_the_time_to_connect_is_no_limit_for_sending() -> None:
    """A sidecar whose workers are all busy accepts at once and reads later."""

    def reads_later(connection: Connection) -> None:
        time.sleep(0.6)
        serve(connection)

    with scripted(reads_later) as server:
        pool = Pool(connect_seconds=0.2)
        assert status(pool, a_post(server.url, bytes(8 << 20))) == 200
        assert len(server.connections) == 1


@pytest.mark.parametrize(("idle_seconds", "connections"), [(60, 1), (0, 3)])
def test_a_connection_that_was_idle_too_long_is_not_used_again(idle_seconds: int, connections: int) -> None:
    with scripted(serve) as server:
        pool = Pool(1, idle_seconds=idle_seconds)
        for _ in range(3):
            status(pool, a_post(server.url, b"1"))
        assert len(server.connections) == connections


def test_nothing_that_is_asked_comes_to_a_log(caplog: pytest.LogCaptureFixture) -> None:
    """urllib3 warns of a line that is no header with the whole address, and tells every one to debuggers."""

    def answers_oddly(connection: Connection) -> None:
        while connection.request():
            connection.answer(VERDICT.replace(b"\r\n\r\n", b"\r\nno header\r\n\r\n"))

    caplog.set_level(logging.DEBUG)
    with scripted(answers_oddly) as server:
        asked(Asker(), f"{server.url}/m/lookup?signal=d41d8cd98f00b204e9800998ecf8427e")
        assert caplog.text == ""
        requests.get(f"{server.url}/of-the-site-itself", timeout=20)
        assert "/of-the-site-itself" in caplog.text
