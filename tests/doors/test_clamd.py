"""ClamAV's protocol, spoken by hand: honest clients, odd ones and hostile ones."""

from __future__ import annotations

import contextlib
import re
import signal
import socket
import stat
from pathlib import Path

import pytest

from tests.doors.running import Doors, everything, running_doors
from tests.serving import MAX_BODY
from tests.support import (
    LISTED_SEED,
    OTHER_SEED,
    activate_listed_picture,
    eventually,
    picture_bytes,
    read,
    recompressed,
    settings_in,
)
from upload_guard import __version__

pytestmark = pytest.mark.live

LISTED = picture_bytes(LISTED_SEED)
LIKENESS = recompressed(LISTED)
OTHER = picture_bytes(OTHER_SEED)
BROKEN = OTHER[: len(OTHER) // 2]
FOUND = re.compile(rb"stream: UploadGuard\.Refused\.([A-Z0-9-]+) FOUND")


def chunked(data: bytes, size: int = 50_000) -> bytes:
    """As INSTREAM wants it: lengths and portions, then a length of zero."""
    portions = [data[start : start + size] for start in range(0, len(data), size)]
    return b"".join(len(one).to_bytes(4, "big") + one for one in portions) + bytes(4)


def ask(doors: Doors, *sent: bytes) -> bytes:
    """Everything that is answered on one connection."""
    sock = doors.to_clamd()
    for one in sent:
        sock.sendall(one)
    return everything(sock)


def scan(doors: Doors, data: bytes) -> bytes:
    return ask(doors, b"zINSTREAM\0" + chunked(data)).removesuffix(b"\0")


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        (b"zPING\0", b"PONG\0"),
        (b"nPING\n", b"PONG\n"),
        (b"PING\n", b"PONG\n"),
        (b"PING\r\n", b"PONG\n"),
        (b"zVERSION\0", f"upload_guard {__version__}\0".encode()),
    ],
)
def test_a_command_is_answered_as_it_was_ended(doors: Doors, command: bytes, answer: bytes) -> None:
    assert ask(doors, command) == answer


def test_a_command_without_an_end_is_taken_when_nothing_more_comes(doors: Doors) -> None:
    sock = doors.to_clamd()
    sock.sendall(b"PING")
    sock.shutdown(socket.SHUT_WR)
    assert everything(sock) == b"PONG\n"


@pytest.mark.parametrize("start", [b"zINSTREAM\0", b"nINSTREAM\n", b"INSTREAM\n"])
def test_a_listed_picture_is_found_and_kept(doors: Doors, start: bytes) -> None:
    answer = ask(doors, start + chunked(LISTED))
    found = FOUND.fullmatch(answer[:-1])
    assert found
    case = next(case for case in doors.cases() if case.number == found[1].decode())
    assert (case.result, case.action, case.route) == ("match", "block", "clamd")
    assert read(case.content) == LISTED


def test_a_likeness_that_is_held_is_answered_to_the_letter_like_one_that_is_blocked(doors: Doors) -> None:
    blocked, held = FOUND.fullmatch(scan(doors, LISTED)), FOUND.fullmatch(scan(doors, LIKENESS))
    assert blocked
    assert held
    assert len(blocked[1]) == len(held[1])


def test_another_picture_is_ok_and_nothing_is_kept(doors: Doors) -> None:
    before = len(doors.cases())
    assert scan(doors, OTHER) == b"stream: OK"
    assert len(doors.cases()) == before


def test_an_empty_stream_is_ok(doors: Doors) -> None:
    assert scan(doors, b"") == b"stream: OK"


def test_a_stream_in_single_bytes_is_read_as_any_other(doors: Doors) -> None:
    assert FOUND.fullmatch(ask(doors, b"zINSTREAM\0", chunked(LISTED, 1)).removesuffix(b"\0"))


def test_over_tcp_the_same_is_found(doors: Doors) -> None:
    sock = socket.create_connection(("127.0.0.1", doors.clamd_port), timeout=60)
    sock.sendall(b"zINSTREAM\0" + chunked(LISTED))
    assert FOUND.fullmatch(everything(sock).removesuffix(b"\0"))


def test_what_cannot_be_read_is_an_error_and_kept(doors: Doors) -> None:
    answer = scan(doors, BROKEN)
    assert answer.endswith(b". ERROR")
    case = next(case for case in doors.cases() if case.number.encode() in answer)
    assert (case.result, case.action) == ("unscannable", "quarantine")
    assert read(case.content) == BROKEN


def test_nothing_that_is_answered_names_a_list_a_distance_or_a_reason(doors: Doors) -> None:
    answers = [scan(doors, data) for data in (LISTED, LIKENESS, BROKEN)]
    told = b" ".join(answers).lower()
    for secret in (b"test-list", b"pdq", b"exact", b"perceptual", b"baseline", b"truncated"):
        assert secret not in told


def test_what_policy_passes_is_ok(tmp_path: Path) -> None:
    activate_listed_picture(settings_in(tmp_path))
    with running_doors(tmp_path, failure={"unscannable": "monitor"}) as lenient:
        assert scan(lenient, BROKEN) == b"stream: OK"
        assert FOUND.fullmatch(scan(lenient, LISTED))
        assert len(lenient.cases()) == 1


def test_without_a_list_a_stream_is_ok_and_the_log_says_that_it_was_unchecked(tmp_path: Path) -> None:
    with running_doors(tmp_path) as bare:
        assert scan(bare, LISTED) == b"stream: OK"
        said = bare.log.read_text()
    assert "WARNING: no list is active" in said
    assert "unchecked reason=no_list" in said


def test_what_could_not_be_checked_is_an_error(tmp_path: Path) -> None:
    with running_doors(tmp_path, service={"url": "http://127.0.0.1:9"}) as cut_off:
        assert scan(cut_off, OTHER) == b"stream: could not be checked. ERROR"


def test_what_could_not_be_checked_is_ok_where_policy_is_open(tmp_path: Path) -> None:
    with running_doors(
        tmp_path, service={"url": "http://127.0.0.1:9"}, failure={"unreachable": "open"}
    ) as cut_off:
        assert scan(cut_off, OTHER) == b"stream: OK"


def test_the_socket_is_for_its_owner_and_group_only(doors: Doors) -> None:
    assert stat.S_IMODE(doors.clamd.stat().st_mode) == 0o660


def test_a_session_answers_each_command_by_its_number(doors: Doors) -> None:
    answers = ask(
        doors,
        b"zIDSESSION\0zPING\0zINSTREAM\0"
        + chunked(LISTED)
        + b"nINSTREAM\n"
        + chunked(OTHER)
        + b"zVERSION\0zEND\0zPING\0",
    )
    first, second, rest = answers.split(b"\0", 2)
    third, fourth = rest.split(b"\n")
    assert first == b"1: PONG"
    assert FOUND.fullmatch(second.removeprefix(b"2: "))
    assert third == b"3: stream: OK"
    assert fourth == f"4: upload_guard {__version__}\0".encode()


@pytest.mark.parametrize(
    "command",
    [
        b"zSCAN /etc/passwd\0",
        b"zCONTSCAN /etc\0",
        b"zFILDES\0",
        b"zSHUTDOWN\0",
        b"zRELOAD\0",
        b"zping\0",
    ],
)
def test_another_command_does_nothing(doors: Doors, command: bytes) -> None:
    assert ask(doors, command) == b"UNKNOWN COMMAND\0"
    assert ask(doors, b"zPING\0") == b"PONG\0"


@pytest.mark.parametrize("command", [b"zSCAN /etc/passwd\0", b"zIDSESSION\0", b"PING\n", b"INSTREAM\n"])
def test_another_command_in_a_session_is_an_error_since_clients_take_all_else_for_ok(
    doors: Doors, command: bytes
) -> None:
    answer = ask(doors, b"zIDSESSION\0" + command + b"zEND\0")
    assert answer.startswith(b"1: ")
    assert answer[:-1].endswith(b" ERROR")


@pytest.mark.parametrize("length", [MAX_BODY + 1, 0xFFFFFFFF])
def test_a_chunk_over_the_limit_is_answered_as_clamd_does(doors: Doors, length: int) -> None:
    answer = ask(doors, b"zINSTREAM\0" + length.to_bytes(4, "big") + b"x" * 1000)
    assert answer == b"INSTREAM size limit exceeded. ERROR\0"


def test_chunks_that_are_over_the_limit_together_are_too(doors: Doors) -> None:
    portion = (1 << 20).to_bytes(4, "big") + bytes(1 << 20)
    assert ask(doors, b"zINSTREAM\0", portion * 5) == b"INSTREAM size limit exceeded. ERROR\0"


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(b"zINSTREAM\0" + chunked(LISTED)[:10_000], id="half a chunk"),
        pytest.param(b"zINSTREAM\0\0\0", id="half a length"),
        pytest.param(b"zINSTREAM\0" + chunked(LISTED)[:-4], id="no terminator"),
        pytest.param(b"zIDSESSION\0zINSTREAM\0" + chunked(LISTED)[:-1], id="half a terminator"),
    ],
)
def test_a_stream_that_ends_early_is_an_error_and_leaves_nothing(doors: Doors, sent: bytes) -> None:
    before = len(doors.cases())
    sock = doors.to_clamd()
    sock.sendall(sent)
    sock.shutdown(socket.SHUT_WR)
    assert everything(sock).endswith(b"stream: could not be checked. ERROR\0")
    assert len(doors.cases()) == before
    assert doors.spooled() == []


def test_a_command_that_is_cut_off_is_not_answered(doors: Doors) -> None:
    sock = doors.to_clamd()
    sock.sendall(b"zINSTREAM")
    sock.shutdown(socket.SHUT_WR)
    assert everything(sock) == b""


def test_a_command_that_never_ends_is_not_read_for_ever(doors: Doors) -> None:
    assert ask(doors, b"z" + b"A" * 20_000) == b""


def test_a_stream_that_only_drips_is_an_error_in_the_end(tmp_path: Path) -> None:
    with running_doors(tmp_path, intake={"body_timeout": 0.5}) as hasty:
        sock = hasty.to_clamd()
        sock.sendall(b"zINSTREAM\0" + (1000).to_bytes(4, "big"))
        answer = b""
        sock.settimeout(0.05)
        while not answer:
            # It may have answered and gone since the last look; the answer is read all the same.
            with contextlib.suppress(ConnectionError):
                sock.sendall(b"x")
            with contextlib.suppress(TimeoutError):
                answer = sock.recv(1000)
        sock.close()
    assert answer == b"stream: could not be checked. ERROR\0"


def test_whoever_sends_nothing_is_not_waited_for(tmp_path: Path) -> None:
    with running_doors(tmp_path, clamd={"idle_seconds": 1.0, "read_seconds": 1.0}) as hasty:
        assert everything(hasty.to_clamd()) == b""
        sock = hasty.to_clamd()
        sock.sendall(b"zINSTREAM\0\0\0")
        assert everything(sock) == b"stream: could not be checked. ERROR\0"


def test_trying_out_many_pictures_is_limited(tmp_path: Path) -> None:
    activate_listed_picture(settings_in(tmp_path))
    with running_doors(tmp_path, clamd={"checks_per_minute": 0.001, "burst": 3}) as strict:
        answers = [scan(strict, LISTED) for _ in range(6)]
        assert [bool(FOUND.fullmatch(one)) for one in answers] == [True] * 3 + [False] * 3
        assert set(answers[3:]) == {b"stream: too many checks, try again later. ERROR"}
        assert ask(strict, b"zPING\0") == b"PONG\0"
        in_session = ask(strict, b"zIDSESSION\0zINSTREAM\0" + chunked(LISTED))
        assert in_session == b"1: stream: too many checks, try again later. ERROR\0"
        assert len(strict.cases()) == 3


def let_in(doors: Doors, waiting: list[socket.socket]) -> bool:
    """Whether there was room for one more: the connection that found the doors open may linger."""
    sock = doors.to_clamd()
    with contextlib.suppress(OSError):
        sock.sendall(b"zIDSESSION\0zPING\0")
        if sock.recv(100) == b"1: PONG\0":
            waiting.append(sock)
            return True
    sock.close()
    return False


def test_more_connections_than_there_is_room_for_are_turned_away(tmp_path: Path) -> None:
    with running_doors(tmp_path, clamd={"max_connections": 2}) as small:
        waiting: list[socket.socket] = []
        for _ in range(2):
            assert eventually(lambda: let_in(small, waiting))
        assert everything(small.to_clamd()) == b"stream: too many connections. ERROR\0"
        waiting[0].sendall(b"zEND\0")
        assert everything(waiting[0]) == b""
        waiting[1].close()


def test_a_stop_answers_what_is_under_way_and_ends_what_is_idle(tmp_path: Path) -> None:
    activate_listed_picture(settings_in(tmp_path))
    with running_doors(tmp_path) as up:
        idle, busy = up.to_clamd(), up.to_clamd()
        idle.sendall(b"zIDSESSION\0zPING\0")
        assert idle.recv(100) == b"1: PONG\0"
        stream = chunked(LISTED)
        busy.sendall(b"zIDSESSION\0zPING\0zINSTREAM\0" + stream[:1000])
        assert busy.recv(100) == b"1: PONG\0"
        up.process.send_signal(signal.SIGTERM)
        assert everything(idle) == b""
        busy.sendall(stream[1000:])
        assert FOUND.fullmatch(everything(busy).removeprefix(b"2: ").removesuffix(b"\0"))
        assert up.process.wait(timeout=60) == 0
        assert not up.clamd.exists()


def test_a_second_server_does_not_take_the_socket_of_the_first(doors: Doors, tmp_path: Path) -> None:
    config = {"clamd": {"socket": str(doors.clamd)}}
    with (
        pytest.raises(AssertionError, match="another server answers there"),
        running_doors(tmp_path, **config),
    ):
        pass
    assert ask(doors, b"zPING\0") == b"PONG\0"


def test_a_socket_that_a_dead_server_left_is_replaced(tmp_path: Path) -> None:
    left = socket.socket(socket.AF_UNIX)
    left.bind(str(tmp_path / "clamd.sock"))
    left.close()
    with running_doors(tmp_path) as up:
        assert ask(up, b"zPING\0") == b"PONG\0"
