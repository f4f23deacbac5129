"""Starts the demonstration's two servers as processes of their own, and ends them."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests

from upload_guard.errors import UsageError

# Of a loaded machine; one that has ended is noticed at once.
_STARTS_WITHIN = 90.0
_ENDS_WITHIN = 40.0


@dataclass(frozen=True, slots=True)
class Server:
    """A server to start: its command, its own environment, the address that answers when it is up.

    `authority`: what its certificate must come from, under TLS.
    """

    name: str
    command: tuple[str, ...]
    environment: dict[str, str]
    probe: str
    log: Path
    authority: Path | None = None


def free_port() -> int:
    """A loopback port that nobody listens on, and that nobody else is given within the next minute.

    A connection that this end closes leaves the port in TIME_WAIT (RFC 9293): the system hands it out to no
    other program that asks for any port, and a server that names it may still have it (as Yelp's
    ephemeral-port-reserve does).
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", 0))
        probe.listen(1)
        port: int = probe.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)) as other:
            probe.accept()[0].close()
            other.recv(1)
        return port


@contextmanager
def running(server: Server) -> Iterator[subprocess.Popen[bytes]]:
    """The server, answering; ended with everything it started when the block ends."""
    with server.log.open("wb") as log:
        # A session of its own, so that Ctrl-C reaches this process first and it can end things in order.
        process = subprocess.Popen(  # noqa: S603 - our own command
            server.command,
            env=_neutral_environment() | server.environment,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        _wait_until_up(server, process)
        yield process
    finally:
        _end(process)


def _neutral_environment() -> dict[str, str]:
    """Ours without any settings of a real installation: the demonstration must not reach its data."""
    return {name: value for name, value in os.environ.items() if not name.upper().startswith("UPLOAD_GUARD_")}


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(timeout=_ENDS_WITHIN)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def python(*arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-m", *arguments)


def _wait_until_up(server: Server, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _STARTS_WITHIN
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise UsageError(f"the {server.name} ended at once: {_last_line(server.log)}")
        if _answers(server):
            return
        time.sleep(0.1)
    raise UsageError(f"the {server.name} did not answer within {_STARTS_WITHIN:.0f} s; see {server.log}")


def _answers(server: Server) -> bool:
    with requests.Session() as client:
        client.trust_env = False
        client.verify = str(server.authority) if server.authority else True
        try:
            return client.get(server.probe, timeout=5).ok
        except requests.RequestException:
            return False


def _last_line(log: Path) -> str:
    lines = log.read_text(errors="replace").strip().splitlines()
    return lines[-1] if lines else "it said nothing"
