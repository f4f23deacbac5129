"""The connections to a sidecar: kept, bounded in time, tried once more, and given up for a while."""

from __future__ import annotations

import json
import math
import os
import re
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field

import pytest

from tests.support import upload_of
from upload_guard.checkers.line import Line, Sidecar
from upload_guard.checkers.remote import RemoteChecker
from upload_guard.demo.servers import free_port
from upload_guard.errors import ServiceTimeout, ServiceUnreachable
from upload_guard.records import Result
from upload_guard.signing import Credentials

_BODY = json.dumps({"result": "clean", "action": "allow", "reason": "", "case": "", "degraded": []}).encode()
VERDICT = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (
    len(_BODY),
    _BODY,
)
ALIVE = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@dataclass
class Connection:
    """One that a client made; `requests` holds the heads and lengths of what came over it."""

    socket: socket.socket
    requests: list[tuple[str, int]] = field(default_factory=list)

    def request(self) -> bool:
        """Read one whole request; False where the client is gone."""
        data = b""
        while b"\r\n\r\n" not in data:
            more = self.socket.recv(65536)
            if not more:
                return False
            data += more
        head, _, body = data.partition(b"\r\n\r\n")
        found = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
        left = int(found[1]) - len(body) if found else 0
        while left > 0:
            left -= len(self.socket.recv(65536))
        self.requests.append((head.decode(), int(found[1]) if found else 0))
        return True

    def answer(self, data: bytes = VERDICT) -> None:
        self.socket.sendall(data)

    def reset(self) -> None:
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()


Behaviour = Callable[[Connection], None]


def serve(connection: Connection) -> None:
    """As a sidecar does."""
    while connection.request():
        alive = connection.requests[-1][0].startswith("GET /live")
        connection.answer(ALIVE if alive else VERDICT)


@dataclass
class Script:
    """What the server does with each connection; the last behaviour with all that follow."""

    url: str
    behaviours: list[Behaviour]
    connections: list[Connection] = field(default_factory=list)

    def checker(self, timeout: float = 5.0, **circuit: float) -> RemoteChecker:
        return RemoteChecker(Line(Sidecar(self.url, 1.0, timeout, **circuit)))  # type: ignore[arg-type]

    @property
    def heads(self) -> list[str]:
        return [head for one in self.connections for head, _ in one.requests]


@contextmanager
def scripted(*behaviours: Behaviour, port: int = 0) -> Iterator[Script]:
    with closing(socket.create_server(("127.0.0.1", port))) as server:
        script = Script(f"http://127.0.0.1:{server.getsockname()[1]}", list(behaviours))

        def behave(connection: Connection, behaviour: Behaviour) -> None:
            with suppress(OSError), closing(connection.socket):
                behaviour(connection)

        def accept() -> None:
            with suppress(OSError):
                while True:
                    connection = Connection(server.accept()[0])
                    at = min(len(script.connections), len(script.behaviours) - 1)
                    script.connections.append(connection)
                    behaviour = script.behaviours[at]
                    threading.Thread(target=behave, args=(connection, behaviour), daemon=True).start()

        thread = threading.Thread(target=accept)
        thread.start()
        try:
            yield script
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join()
            for one in script.connections:
                with suppress(OSError):
                    one.socket.shutdown(socket.SHUT_RDWR)


def check(checker: RemoteChecker, data: bytes = b"bytes") -> Result:
    return checker.check(upload_of(data), math.inf).verdict.result


def stay_silent(connection: Connection) -> None:
    connection.request()
    connection.socket.recv(1)


def reset_after_the_request(connection: Connection) -> None:
    connection.request()
    connection.reset()


# Kept connections ----------------------------------------------------------------------------------


def test_checks_one_after_another_share_a_connection() -> None:
    with scripted(serve) as script:
        checker = script.checker()
        assert [check(checker, bytes([n])) for n in range(5)] == [Result.CLEAN] * 5
    assert [len(one.requests) for one in script.connections] == [5]


def test_a_kept_connection_that_the_sidecar_closed_costs_nobody_an_answer() -> None:
    def serve_one(connection: Connection) -> None:
        connection.request()
        connection.answer()

    with scripted(serve_one) as script:
        checker = script.checker()
        assert [check(checker) for _ in range(3)] == [Result.CLEAN] * 3


def test_a_forked_process_has_connections_of_its_own() -> None:
    with scripted(serve) as script:
        checker = script.checker()
        check(checker)
        child = os.fork()
        if not child:
            os._exit(0 if check(checker) is Result.CLEAN else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        check(checker)
        assert sorted(len(one.requests) for one in script.connections) == [1, 2]


# One attempt more ----------------------------------------------------------------------------------


def test_row_4_a_reset_half_way_gets_one_more_attempt_under_the_same_upload_id() -> None:
    with scripted(reset_after_the_request, serve) as script:
        line = Line(Sidecar(script.url))
        assert check(RemoteChecker(line, Credentials("key-1", "a secret"))) is Result.CLEAN
    first, second = script.heads
    ids = [re.search(r"upload_id=([0-9a-f]{32})", head) for head in (first, second)]
    nonces = [re.search(r"authorization: \S+ key-1:\d+:(\w+):", head, re.IGNORECASE) for head in script.heads]
    assert ids[0]
    assert ids[1]
    assert ids[0][1] == ids[1][1]
    assert nonces[0]
    assert nonces[1]
    assert nonces[0][1] != nonces[1][1]


def test_row_4_the_second_reset_is_the_last_attempt() -> None:
    with scripted(reset_after_the_request) as script:
        with pytest.raises(ServiceUnreachable):
            check(script.checker())
        assert len(script.connections) == 2


def test_an_answer_that_began_is_not_asked_for_again() -> None:
    def answer_half(connection: Connection) -> None:
        connection.request()
        connection.answer(VERDICT[:-5])
        connection.reset()

    with scripted(answer_half, serve) as script:
        with pytest.raises(ServiceUnreachable):
            check(script.checker())
        assert len(script.connections) == 1


def test_an_answer_without_end_is_no_verdict() -> None:
    def answer_on_and_on(connection: Connection) -> None:
        connection.request()
        connection.answer(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            connection.answer(b" " * 65536)

    with scripted(answer_on_and_on) as script, pytest.raises(ServiceUnreachable, match="no verdict"):
        check(script.checker())


# One deadline --------------------------------------------------------------------------------------


@pytest.mark.parametrize("whole_at", [0, VERDICT.index(b"{")], ids=["the head too", "the body"])
def test_an_answer_that_drips_has_only_the_time_of_any_other(whole_at: int) -> None:
    """It would be a good verdict in the end: only a deadline over all of it makes it a timeout."""

    def drip(connection: Connection) -> None:
        connection.request()
        connection.answer(VERDICT[:whole_at])
        for at in range(whole_at, len(VERDICT)):
            connection.answer(VERDICT[at : at + 1])
            time.sleep(0.02)

    with scripted(drip) as script, pytest.raises(ServiceTimeout):
        check(script.checker(timeout=0.5))


def test_a_kept_connection_has_the_deadline_of_each_check_anew() -> None:
    def serve_then_drip(connection: Connection) -> None:
        connection.request()
        connection.answer()
        connection.request()
        for at in range(len(VERDICT)):
            connection.answer(VERDICT[at : at + 1])
            time.sleep(0.02)

    with scripted(serve_then_drip) as script:
        checker = script.checker(timeout=0.5)
        assert check(checker) is Result.CLEAN
        with pytest.raises(ServiceTimeout):
            check(checker)
        assert len(script.connections) == 1


def test_a_sidecar_that_takes_no_bytes_is_a_timeout() -> None:
    done = threading.Event()
    with scripted(lambda _: done.wait(10) and None) as script:
        with pytest.raises(ServiceTimeout):
            check(script.checker(timeout=0.5), bytes(20 << 20))
        done.set()


def test_row_2_a_sidecar_that_never_answers_is_a_timeout() -> None:
    with scripted(stay_silent) as script, pytest.raises(ServiceTimeout):
        check(script.checker(timeout=0.3))


# The breaker ---------------------------------------------------------------------------------------


def test_after_some_failures_nobody_waits_for_it_any_more() -> None:
    with scripted(stay_silent) as script:
        checker = script.checker(timeout=0.2, failures=3, pause=60.0)
        for _ in range(3):
            with pytest.raises(ServiceTimeout):
                check(checker)
        for _ in range(20):
            with pytest.raises(ServiceUnreachable, match="given a rest"):
                check(checker)
        # Three uploads, and one look whether it is there.
        assert len(script.connections) == 4
        assert checker.line.is_given_up


def test_a_sidecar_that_is_there_again_is_asked_again() -> None:
    port = free_port()
    checker = RemoteChecker(Line(Sidecar(f"http://127.0.0.1:{port}", failures=2, pause=0.1)))
    for _ in range(3):
        with pytest.raises(ServiceUnreachable):
            check(checker)
    assert checker.line.is_given_up
    with scripted(serve, port=port):
        time.sleep(0.15)
        assert check(checker) is Result.CLEAN
    assert not checker.line.is_given_up


def test_uploads_that_take_too_long_do_not_make_a_living_sidecar_look_dead() -> None:
    """Else a few bombs would have everything pass where the policy is open."""

    def slow_for_files(connection: Connection) -> None:
        while connection.request():
            if not connection.requests[-1][0].startswith("GET /live"):
                connection.socket.recv(1)
                return
            connection.answer(ALIVE)

    with scripted(slow_for_files, slow_for_files, serve) as script:
        checker = script.checker(timeout=0.2, failures=2, pause=60.0)
        for _ in range(2):
            with pytest.raises(ServiceTimeout):
                check(checker)
        assert check(checker) is Result.CLEAN
        assert not checker.line.is_given_up


def test_a_fault_that_the_sidecar_tells_of_is_an_answer() -> None:
    busy = b'{"code": "busy", "message": "", "retry_after": 1}'

    def serve_busy(connection: Connection) -> None:
        while connection.request():
            connection.answer(b"HTTP/1.1 503 X\r\nContent-Length: %d\r\n\r\n%s" % (len(busy), busy))

    with scripted(serve_busy) as script:
        checker = script.checker(failures=1)
        for _ in range(3):
            with pytest.raises(Exception, match="busy"):
                check(checker)
        assert not checker.line.is_given_up
