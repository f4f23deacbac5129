"""The connections to a sidecar: kept, bounded in time, tried once more, and given up for a while."""

from __future__ import annotations

import math
import os
import re
import threading
import time
from pathlib import Path

import pytest

from tests.misbehaving import (
    ALIVE,
    VERDICT,
    Connection,
    Script,
    reset_after_the_request,
    scripted,
    serve,
    stay_silent,
)
from tests.support import eventually, fork, upload_of
from upload_guard.checkers.line import Line, Sidecar
from upload_guard.checkers.remote import RemoteChecker
from upload_guard.demo.servers import free_port
from upload_guard.errors import ServiceTimeout, ServiceUnreachable
from upload_guard.records import Result
from upload_guard.signing import Credentials


def checker_of(script: Script, timeout: float = 30.0, **circuit: float) -> RemoteChecker:
    return RemoteChecker(Line(Sidecar(script.url, 10.0, timeout, **circuit)))  # type: ignore[arg-type]


def check(checker: RemoteChecker, data: bytes = b"bytes", within: float = math.inf) -> Result:
    return checker.check(upload_of(data), time.monotonic() + within).verdict.result


def answers(checker: RemoteChecker) -> bool:
    try:
        return check(checker) is Result.CLEAN
    except ServiceUnreachable:
        return False


# Kept connections ----------------------------------------------------------------------------------


def test_checks_one_after_another_share_a_connection() -> None:
    with scripted(serve) as script:
        checker = checker_of(script)
        assert [check(checker, bytes([n])) for n in range(5)] == [Result.CLEAN] * 5
    assert [len(one.requests) for one in script.connections] == [5]


def test_a_kept_connection_that_the_sidecar_closed_costs_nobody_an_answer() -> None:
    def serve_one(connection: Connection) -> None:
        connection.request()
        connection.answer()

    with scripted(serve_one) as script:
        checker = checker_of(script)
        assert [check(checker) for _ in range(3)] == [Result.CLEAN] * 3


def test_a_forked_process_has_connections_of_its_own() -> None:
    with scripted(serve) as script:
        checker = checker_of(script)
        check(checker)
        child = fork()
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
            check(checker_of(script))
        assert len(script.connections) == 2


def test_an_answer_that_began_is_not_asked_for_again() -> None:
    def answer_half(connection: Connection) -> None:
        connection.request()
        connection.answer(VERDICT[:-5])
        connection.reset()

    with scripted(answer_half, serve) as script:
        with pytest.raises(ServiceUnreachable):
            check(checker_of(script))
        assert len(script.connections) == 1


def test_an_answer_without_end_is_no_verdict() -> None:
    def answer_on_and_on(connection: Connection) -> None:
        connection.request()
        connection.answer(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            connection.answer(b" " * 65536)

    with scripted(answer_on_and_on) as script, pytest.raises(ServiceUnreachable, match="no verdict"):
        check(checker_of(script))


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
        check(checker_of(script, timeout=0.5))


def test_a_kept_connection_has_the_deadline_of_each_check_anew() -> None:
    def serve_then_drip(connection: Connection) -> None:
        connection.request()
        connection.answer()
        connection.request()
        for at in range(len(VERDICT)):
            connection.answer(VERDICT[at : at + 1])
            time.sleep(0.02)

    with scripted(serve_then_drip) as script:
        checker = checker_of(script)
        assert check(checker) is Result.CLEAN
        with pytest.raises(ServiceTimeout):
            check(checker, within=0.5)
        assert len(script.connections) == 1


def test_a_sidecar_that_takes_no_bytes_is_a_timeout() -> None:
    done = threading.Event()
    with scripted(lambda _: done.wait(60) and None) as script:
        with pytest.raises(ServiceTimeout):
            check(checker_of(script, timeout=0.5), bytes(20 << 20))
        done.set()


def test_row_2_a_sidecar_that_never_answers_is_a_timeout() -> None:
    with scripted(stay_silent) as script, pytest.raises(ServiceTimeout):
        check(checker_of(script, timeout=0.3))


# The breaker ---------------------------------------------------------------------------------------


def test_after_some_failures_nobody_waits_for_it_any_more() -> None:
    with scripted(stay_silent) as script:
        checker = checker_of(script, timeout=0.5, failures=3, pause=600.0)
        for _ in range(3):
            with pytest.raises(ServiceTimeout):
                check(checker)
        for _ in range(20):
            with pytest.raises(ServiceUnreachable, match="given a rest"):
                check(checker)
        # Three uploads, and one look whether it is there.
        assert eventually(lambda: len(script.connections) == 4)
        assert checker.line.is_given_up


def test_a_sidecar_that_is_there_again_is_asked_again() -> None:
    port = free_port()
    checker = RemoteChecker(Line(Sidecar(f"http://127.0.0.1:{port}", 10.0, failures=2, pause=0.1)))
    for _ in range(3):
        with pytest.raises(ServiceUnreachable):
            check(checker)
    assert checker.line.is_given_up
    with scripted(serve, port=port):
        assert eventually(lambda: answers(checker))
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
        checker = checker_of(script, failures=2, pause=60.0)
        for _ in range(2):
            with pytest.raises(ServiceTimeout):
                check(checker, within=0.5)
        assert check(checker) is Result.CLEAN
        assert not checker.line.is_given_up


def test_a_fault_that_the_sidecar_tells_of_is_an_answer() -> None:
    busy = b'{"code": "busy", "message": "", "retry_after": 1}'

    def serve_busy(connection: Connection) -> None:
        while connection.request():
            connection.answer(b"HTTP/1.1 503 X\r\nContent-Length: %d\r\n\r\n%s" % (len(busy), busy))

    with scripted(serve_busy) as script:
        checker = checker_of(script, failures=1)
        for _ in range(3):
            with pytest.raises(Exception, match="busy"):
                check(checker)
        assert not checker.line.is_given_up


def test_certificates_that_are_gone_are_a_sidecar_that_cannot_be_reached(tmp_path: Path) -> None:
    gone = Sidecar(f"https://127.0.0.1:{free_port()}", authority=tmp_path / "gone")
    with pytest.raises(ServiceUnreachable, match="certificate"):
        check(RemoteChecker(Line(gone)))
