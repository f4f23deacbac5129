"""gunicorn's worker as the sidecar has it, by a bare application: who says nothing keeps nobody waiting."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
import requests

from tests.sidecar.test_tls import write_certificate
from upload_guard.demo.servers import Server, free_port, python, running

pytestmark = pytest.mark.live

# Seconds of a connection that says nothing; whoever waited for one would wait longer than a question may.
KEPT = 300
PATIENCE = 60
LIMITED = ("/bin/sh", "-c", 'ulimit -n 60 && exec "$@"', "sh")
# Of the standard library.
APPLICATION, GREETING = "wsgiref.simple_server:demo_app", "Hello world!"


def served(port: int, *options: str) -> tuple[str, ...]:
    named = ("-b", f"127.0.0.1:{port}", "-k", "upload_guard.sidecar.worker.Worker", "--threads", "2")
    kept = ("--keep-alive", str(KEPT), "--no-control-socket")
    return python("gunicorn", *named, *kept, *options, APPLICATION)


@contextmanager
def silent_at(port: int, count: int) -> Iterator[list[socket.socket]]:
    """Connections that are open meanwhile."""
    with ExitStack() as held:
        yield [
            held.enter_context(socket.create_connection(("127.0.0.1", port), PATIENCE)) for _ in range(count)
        ]


def test_connections_that_say_nothing_after_their_handshake_keep_no_thread(tmp_path: Path) -> None:
    certificate, key = write_certificate(tmp_path)
    port = free_port()
    address = f"https://127.0.0.1:{port}/"
    command = served(port, "--certfile", str(certificate), "--keyfile", str(key))
    trust = ssl.create_default_context(cafile=str(certificate))
    with (
        running(Server("worker", command, {}, address, tmp_path / "log", certificate)),
        silent_at(port, 4) as plain,
        ExitStack() as held,
    ):
        for one in plain:
            greeted = held.enter_context(trust.wrap_socket(one, server_hostname="127.0.0.1"))
        assert requests.get(address, verify=str(certificate), timeout=PATIENCE).text.startswith(GREETING)
        # Nor is one forgotten that speaks late.
        greeted.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        assert greeted.recv(100).startswith(b"HTTP/1.1 200 OK")


def test_a_worker_with_as_many_connections_as_it_may_have_closes_silent_ones(tmp_path: Path) -> None:
    port = free_port()
    address = f"http://127.0.0.1:{port}/"
    command = served(port, "--worker-connections", "10")
    with running(Server("worker", command, {}, address, tmp_path / "log")), silent_at(port, 20):
        assert requests.get(address, timeout=PATIENCE).text.startswith(GREETING)


def test_a_worker_without_files_to_open_lives_and_closes_silent_connections(tmp_path: Path) -> None:
    port, log = free_port(), tmp_path / "log"
    address = f"http://127.0.0.1:{port}/"
    with running(Server("worker", (*LIMITED, *served(port)), {}, address, log)), silent_at(port, 80):
        assert requests.get(address, timeout=PATIENCE).text.startswith(GREETING)
        assert "Exception in worker process" not in log.read_text()


def test_clients_that_do_not_close_what_was_closed_keep_nobody_waiting(tmp_path: Path) -> None:
    port = free_port()
    address = f"http://127.0.0.1:{port}/"
    last = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
    with (
        running(Server("worker", served(port), {}, address, tmp_path / "log")),
        silent_at(port, 50) as open_yet,
    ):
        for one in open_yet:
            one.sendall(last)
        # Two seconds for each of them would be longer.
        assert requests.get(address, timeout=PATIENCE).text.startswith(GREETING)
