"""A question goes to one place in one deadline, and nothing but a whole answer of a known status comes."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from tests.misbehaving import Connection, scripted
from tests.support import BytesContent
from tests.upstreams.stand_in import Reply, StandIn, stand_in
from upload_guard.demo.servers import free_port
from upload_guard.errors import (
    ConfigError,
    UpstreamError,
    UpstreamGarbled,
    UpstreamTimeout,
    UpstreamUnreachable,
)
from upload_guard.upstreams.asking import Ask, Asker, Key
from upload_guard.upstreams.client import Login
from upload_guard.upstreams.deadline import Deadline
from upload_guard.upstreams.streamed import Streamed

YES = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nyes"


@pytest.fixture
def service() -> Iterator[StandIn]:
    with stand_in() as running:
        running.otherwise = lambda asked: Reply(asked.body, keep=True)
        yield running


def asked(client: Asker, ask: Ask, seconds: float = 20) -> bytes:
    with Deadline(seconds) as deadline:
        return client.ask(ask, deadline).body


def test_a_body_goes_there_and_the_answer_comes_back(service: StandIn) -> None:
    assert asked(Asker(), Ask("POST", f"{service.url}/x", b"a body")) == b"a body"
    assert (service.asked[0].method, service.asked[0].path) == ("POST", "/x")


def test_certificates_that_are_gone_vouch_for_nobody(tmp_path: Path) -> None:
    with pytest.raises(UpstreamUnreachable, match="certificate"):
        asked(Asker(ca_file=tmp_path / "gone"), Ask("POST", f"https://127.0.0.1:{free_port()}/x", b"1"))


def test_one_connection_serves_many_questions(service: StandIn) -> None:
    client = Asker()
    for _ in range(5):
        asked(client, Ask("POST", f"{service.url}/x", b"1"))
    assert (len(service.asked), service.connections) == (5, 1)


def test_so_it_does_within_one_deadline(service: StandIn) -> None:
    client = Asker()
    with Deadline(20) as deadline:
        for _ in range(5):
            client.ask(Ask("POST", f"{service.url}/x", b"1"), deadline)
    assert service.connections == 1


def test_a_forked_process_makes_connections_of_its_own(service: StandIn) -> None:
    client = Asker()
    asked(client, Ask("POST", f"{service.url}/x", b"parent"))
    child = os.fork()
    if child == 0:
        answer = b""
        with suppress(BaseException):
            answer = asked(client, Ask("POST", f"{service.url}/x", b"child"))
        os._exit(0 if answer == b"child" else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert asked(client, Ask("POST", f"{service.url}/x", b"parent again")) == b"parent again"
    assert service.connections == 2


def test_a_kept_connection_that_was_closed_meanwhile_does_no_harm() -> None:
    def once(connection: Connection) -> None:
        connection.request()
        connection.answer(YES)

    with scripted(once) as server:
        client = Asker()
        for _ in range(3):
            assert asked(client, Ask("POST", f"{server.url}/x", b"1")) == b"yes"


def test_one_that_breaks_off_before_an_answer_is_asked_once_more_with_the_whole_file() -> None:
    def breaks_off(connection: Connection) -> None:
        connection.request()

    def answers(connection: Connection) -> None:
        connection.request()
        connection.answer(YES)

    file = BytesContent(b"a file")
    with scripted(breaks_off, answers) as server:
        body = Streamed(file)
        assert asked(Asker(), Ask("POST", f"{server.url}/x", body)) == b"yes"
        assert [one.last_body for one in server.connections] == [b"a file", b"a file"]
    with scripted(breaks_off) as server:
        with pytest.raises(UpstreamUnreachable):
            asked(Asker(), Ask("POST", f"{server.url}/x"))
        assert len(server.connections) == 2


def test_what_comes_after_an_answer_is_not_the_next_one() -> None:
    """An answer says nothing of what it answers: one too many would clear the file after it."""

    def twice(connection: Connection) -> None:
        while connection.request():
            connection.answer(YES + YES.replace(b"yes", b"no!"))

    with scripted(twice) as server:
        client = Asker()
        assert [asked(client, Ask("POST", f"{server.url}/x")) for _ in range(3)] == [b"yes"] * 3


@pytest.mark.parametrize(
    "begins", [b"", b"5;", b"5\r\nfalse\r\n0\r\n"], ids=["length", "extension", "trailer"]
)
def test_a_line_without_an_end_between_chunks_is_refused_before_it_fills_memory(begins: bytes) -> None:
    def goes_on(connection: Connection) -> None:
        connection.request()
        connection.answer(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + begins)
        while True:
            connection.answer(b"1" * (64 << 10))

    with scripted(goes_on) as server, pytest.raises(UpstreamGarbled):
        asked(Asker(), Ask("GET", server.url), 2)


def test_the_deadline_holds_while_a_file_is_taken_slowly() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}/x"
        body = Streamed(BytesContent(bytes(64 << 20)))
        with pytest.raises(UpstreamTimeout, match=r"within 0\.3 seconds"):
            asked(Asker(), Ask("POST", url, body), 0.3)


def test_one_deadline_counts_for_all_questions(service: StandIn) -> None:
    service.instead = Reply(b"1", after=0.2, keep=True)
    ask = Ask("POST", f"{service.url}/x")
    with Deadline(0.5) as deadline:
        assert Asker().ask(ask, deadline).body == b"1"
        with pytest.raises(UpstreamTimeout):
            [Asker().ask(ask, deadline) for _ in range(4)]


def test_threads_share_a_client(service: StandIn) -> None:
    client, answers = Asker(), dict[int, bytes]()

    def ask(number: int) -> None:
        for _ in range(10):
            answers[number] = asked(client, Ask("POST", f"{service.url}/x", b"%d" % number))
            assert answers[number] == b"%d" % number

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == {number: b"%d" % number for number in range(8)}


@pytest.mark.parametrize("seconds", [0, -1, 1e-9])
def test_no_time_left_is_a_timeout(service: StandIn, seconds: float) -> None:
    with pytest.raises(UpstreamTimeout):
        asked(Asker(), Ask("POST", f"{service.url}/x"), seconds)


def test_nothing_of_the_environment_is_used(
    service: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_port()}")
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login somebody password else\n")
    assert asked(Asker(), Ask("POST", f"{service.url}/x", b"1")) == b"1"
    assert "Authorization" not in service.asked[0].headers


def test_no_cookie_comes_back(service: StandIn) -> None:
    client = Asker()
    service.instead = Reply(b"1", headers={"Set-Cookie": "session=1"}, keep=True)
    for _ in range(2):
        asked(client, Ask("POST", f"{service.url}/x"))
    assert "Cookie" not in service.asked[1].headers


def test_a_status_that_is_known_comes_back_and_no_other(service: StandIn) -> None:
    service.instead = Reply(b"why", 400, keep=True)
    with Deadline(20) as deadline:
        reply = Asker().ask(Ask("GET", f"{service.url}/x"), deadline, {200, 400})
        assert (reply.status, reply.body) == (400, b"why")
        with pytest.raises(UpstreamError, match="status 400"):
            Asker().ask(Ask("GET", f"{service.url}/x"), deadline)


def test_a_key_goes_in_its_header_and_is_shown_nowhere(service: StandIn) -> None:
    key = Key("Ocp-Apim-Subscription-Key", "a secret")
    asked(Asker(key), Ask("POST", f"{service.url}/x"))
    assert service.asked[0].headers["Ocp-Apim-Subscription-Key"] == "a secret"
    assert "a secret" not in repr(key)


@pytest.mark.parametrize("value", ["a secret\n", "a secret\r\nX: 1", "a secret €", "a secret\0"])
def test_a_key_that_no_header_can_hold_is_refused_and_not_shown(value: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Key("X-Key", value)
    assert "secret" not in str(caught.value)


def test_a_login_may_have_any_characters(service: StandIn) -> None:
    asked(Asker(Login("café", "pässwörd €")), Ask("POST", f"{service.url}/x"))
    assert service.asked[0].headers["Authorization"] == "Basic Y2Fmw6k6cMOkc3N3w7ZyZCDigqw="


@pytest.mark.parametrize("reply", [Reply(status=500), Reply(b"x", announced=9)], ids=["status", "half"])
def test_no_error_holds_what_was_asked(service: StandIn, reply: Reply) -> None:
    service.instead = reply
    with pytest.raises(UpstreamError) as caught:
        asked(Asker(), Ask("GET", f"{service.url}/x?signal=d41d8cd98f00b204"))
    fault: BaseException | None = caught.value
    assert "d41d8cd98f00b204" not in str(fault)
    assert fault is not None
    assert fault.__cause__ is None
    assert fault.__suppress_context__ or fault.__context__ is None
