"""Asking a sidecar over HTTP, also one that misbehaves: what is no verdict is never clean."""

from __future__ import annotations

import hashlib
import io
import json
import math
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.support import BytesContent, upload_of
from upload_guard.checkers.line import Line, Sidecar
from upload_guard.checkers.remote import RemoteChecker
from upload_guard.checkers.wire import CheckAnswer
from upload_guard.compose import build_guard
from upload_guard.demo.servers import free_port
from upload_guard.errors import (
    BodyTooLarge,
    Busy,
    CheckFailed,
    NotReady,
    ServiceRefused,
    ServiceTimeout,
    ServiceUnreachable,
    SnapshotDamaged,
    StorageFailed,
    Unavailable,
)
from upload_guard.records import Action, Outcome, Result, Source, Verdict
from upload_guard.settings import ServiceSettings, Settings
from upload_guard.signing import Credentials, Request, parse

CLEAN = {"result": "clean", "action": "allow", "reason": "", "case": "", "degraded": []}


def checker_of(url: str, timeout: float = 30.0) -> RemoteChecker:
    return RemoteChecker(Line(Sidecar(url, 10.0, timeout)))


@contextmanager
def answering(status: int, body: bytes, seen: list[Any] | None = None) -> Iterator[RemoteChecker]:
    """A stand-in sidecar that gives one answer to everything, and notes what it was sent."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            sent = self.rfile.read(int(self.headers["Content-Length"]))
            if seen is not None:
                seen.append((self.path, dict(self.headers), sent))
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            if 300 <= status < 400:
                self.send_header("Location", "/live")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield checker_of(f"http://127.0.0.1:{server.server_port}")
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def on_connection(behave: Callable[[socket.socket], None], timeout: float = 30.0) -> Iterator[RemoteChecker]:
    """A server that accepts and then does as it likes."""
    with closing(socket.create_server(("127.0.0.1", 0))) as server:

        def serve() -> None:
            with suppress(OSError):
                while True:
                    with closing(server.accept()[0]) as connection:
                        behave(connection)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield checker_of(f"http://127.0.0.1:{server.getsockname()[1]}", timeout)
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join()


def test_the_file_is_sent_whole_with_its_length_and_its_source() -> None:
    seen: list[Any] = []
    with answering(200, json.dumps(CLEAN).encode(), seen) as checker:
        checker.check(upload_of(b"x" * 300_000, Source("my site", "/a b?c")), math.inf)
    ((path, headers, body),) = seen
    said = parse_qs(urlsplit(path).query, keep_blank_values=True)
    upload_id = said.pop("upload_id")[0]
    assert urlsplit(path).path == "/v1/check"
    assert said == {
        "site": ["my site"],
        "route": ["/a b?c"],
        "uploader": [""],
        "dry_run": ["0"],
        "guessed": ["0"],
    }
    assert len(bytes.fromhex(upload_id)) == 16
    assert headers["Content-Length"] == "300000"
    assert "file.bin" not in str(headers)
    assert body == b"x" * 300_000


def test_uploaders_are_told_apart_and_none_is_named() -> None:
    seen: list[Any] = []
    with answering(200, json.dumps(CLEAN).encode(), seen) as checker:
        for site, uploader in (
            ("shop", "ann"),
            ("shop", "bob"),
            ("blog", "ann"),
            ("shop", "ann"),
            ("shop", ""),
        ):
            checker.check(upload_of(b"bytes", Source(site, "/up", uploader)), math.inf)
    said = [parse_qs(urlsplit(path).query).get("uploader", [""])[0] for path, _, _ in seen]
    assert said[0] == said[3]
    assert len(set(said)) == 4
    assert said[4] == ""
    assert not any(name in "".join(said) for name in ("ann", "bob"))


def test_a_guard_that_only_looks_asks_the_sidecar_to_keep_nothing() -> None:
    seen: list[Any] = []
    with answering(200, json.dumps(CLEAN).encode(), seen) as checker:
        guard = build_guard(Settings(service=ServiceSettings(url=checker.line.sidecar.url)))
        guard.inspect(upload_of(b"bytes"))
        guard.check([upload_of(b"bytes")])
    assert [parse_qs(urlsplit(path).query)["dry_run"] for path, _, _ in seen] == [["1"], ["0"]]


def test_what_was_found_in_a_text_is_said_to_be_a_guess() -> None:
    seen: list[Any] = []
    with answering(200, json.dumps(CLEAN).encode(), seen) as checker:
        checker.check(replace(upload_of(b"bytes"), guessed=True), math.inf)
    assert parse_qs(urlsplit(seen[0][0]).query)["guessed"] == ["1"]


@pytest.mark.parametrize("body", [b"", b"x" * 300_000])
def test_what_is_sent_is_signed_as_it_is_sent(body: bytes) -> None:
    seen: list[Any] = []
    key = Credentials("key-1", "a secret")
    with answering(200, json.dumps(CLEAN).encode(), seen) as checker:
        replace(checker, credentials=key).check(upload_of(body, Source("blog", "/\u00e9 ?&%41")), math.inf)
    ((path, headers, sent),) = seen
    signed = parse(headers["Authorization"])
    assert signed is not None
    assert signed.is_right(key.secret, Request("POST", path))
    assert (signed.key_id, signed.digest) == ("key-1", hashlib.sha256(sent).hexdigest())


def test_the_settings_key_signs() -> None:
    seen: list[Any] = []
    with answering(200, json.dumps(CLEAN).encode(), seen) as checker:
        service = {"url": checker.line.sidecar.url, "key_id": "key-1", "secret": "a secret"}
        build_guard(Settings.model_validate({"service": service})).check([upload_of(b"bytes")])
    signed = parse(seen[0][1]["Authorization"])
    assert signed is not None
    assert signed.is_right("a secret", Request("POST", seen[0][0]))


def test_an_address_without_a_key_is_warned_of(caplog: pytest.LogCaptureFixture) -> None:
    build_guard(Settings(service=ServiceSettings(url="http://127.0.0.1:1")))
    assert "no sidecar answers without a key" in caplog.text


def test_a_refused_key_is_said_to_the_administrator() -> None:
    body = json.dumps({"code": "site_mismatch", "message": "", "retry_after": None}).encode()
    with answering(403, body) as checker, pytest.raises(ServiceRefused, match=r"403 \(site_mismatch\)"):
        checker.check(upload_of(b"x"), math.inf)


def test_an_empty_file_is_sent_with_a_length_too() -> None:
    seen: list[Any] = []
    with answering(200, json.dumps(CLEAN).encode(), seen) as checker:
        checker.check(upload_of(b""), math.inf)
    assert seen[0][1]["Content-Length"] == "0"


def test_a_file_that_cannot_be_read_further_is_no_fault_of_the_sidecar() -> None:
    """Or the policy for a sidecar that is away would let it pass."""

    class BreaksOff(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            if self.tell():
                raise OSError(5, "Input/output error")
            return super().read(size)

    class Broken(BytesContent):
        def open(self) -> io.BytesIO:
            return BreaksOff(self.data)

    data = bytes(200_000)
    upload = replace(upload_of(data), content=Broken(data))
    with answering(200, json.dumps(CLEAN).encode()) as checker, pytest.raises(StorageFailed, match="Input"):
        checker.check(upload, math.inf)


def test_the_answer_is_the_outcome() -> None:
    answer = {
        "result": "match",
        "action": "quarantine",
        "reason": "perceptual",
        "case": "X",
        "degraded": ["y"],
    }
    with answering(200, json.dumps(answer).encode()) as checker:
        outcome = checker.check(upload_of(b"x"), math.inf)
    assert outcome == Outcome(Verdict(Result.MATCH, Action.QUARANTINE, "perceptual", (), ("y",)), "X")


def test_an_answer_survives_its_own_notation() -> None:
    outcome = Outcome(Verdict(Result.UNSCANNABLE, Action.QUARANTINE, "truncated"), "ABCD")
    assert CheckAnswer.model_validate_json(CheckAnswer.of(outcome).model_dump_json()).outcome() == outcome


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"OK",
        b"<html><body>It works!</body></html>",
        b"true",
        b"null",
        b"[]",
        b"{}",
        b'{"result": "clean"',
        b'{"result": "clean"}',
        b'{"result": "fine", "action": "allow"}',
        b'{"result": "clean", "action": "block"}',
        b'{"result": "clean", "action": 0}',
        b'{"result": "CLEAN", "action": "allow"}',
    ],
)
def test_what_is_no_verdict_is_unreachable_and_not_clean(body: bytes) -> None:
    with answering(200, body) as checker, pytest.raises(ServiceUnreachable, match="no verdict"):
        checker.check(upload_of(b"x"), math.inf)


@pytest.mark.parametrize(
    ("status", "error"),
    [
        *((status, ServiceRefused) for status in (201, 204, 301, 307, 400, 401, 404, 414)),
        *((status, ServiceUnreachable) for status in (500, 502, 503)),
    ],
)
def test_any_other_status_is_no_verdict_even_with_one_in_it(status: int, error: type[Unavailable]) -> None:
    body = b"" if status == 204 else json.dumps(CLEAN).encode()
    with answering(status, body) as checker, pytest.raises(error, match=str(status)):
        checker.check(upload_of(b"x"), math.inf)


@pytest.mark.parametrize("kind", [StorageFailed, NotReady, SnapshotDamaged, CheckFailed, Busy])
def test_a_fault_of_the_sidecar_keeps_its_meaning(kind: type[Unavailable]) -> None:
    body = json.dumps({"code": kind.code, "message": "", "retry_after": 30}).encode()
    with answering(503, body) as checker, pytest.raises(kind):
        checker.check(upload_of(b"x"), math.inf)


def test_a_long_path_cannot_make_the_sidecar_refuse() -> None:
    seen: list[Any] = []
    with answering(200, json.dumps(CLEAN).encode(), seen) as checker:
        checker.check(upload_of(b"x", Source("s" * 64, "/" + "\U0001f600" * 3000)), math.inf)
    assert len(seen[0][0]) < 4000


def test_too_large_for_the_sidecar_is_too_large() -> None:
    with answering(413, b"{}") as checker, pytest.raises(BodyTooLarge):
        checker.check(upload_of(b"x"), math.inf)


def test_a_sidecar_that_is_not_there_is_unreachable() -> None:
    with pytest.raises(ServiceUnreachable):
        checker_of(f"http://127.0.0.1:{free_port()}").check(upload_of(b"x"), math.inf)


def test_a_sidecar_that_accepts_and_never_answers_is_a_timeout() -> None:
    done = threading.Event()
    with on_connection(lambda _: done.wait(60) and None, timeout=0.5) as checker:
        with pytest.raises(ServiceTimeout):
            checker.check(upload_of(b"x"), math.inf)
        done.set()


def test_a_request_whose_time_is_up_asks_no_more() -> None:
    seen: list[Any] = []
    with answering(200, json.dumps(CLEAN).encode(), seen) as checker, pytest.raises(ServiceTimeout):
        checker.check(upload_of(b"x"), 0.0)
    assert seen == []


def test_a_sidecar_that_hangs_up_is_unreachable() -> None:
    with on_connection(lambda _: None) as checker, pytest.raises(ServiceUnreachable):
        checker.check(upload_of(b"x"), math.inf)


def test_an_answer_that_ends_early_is_unreachable() -> None:
    def answer_half(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(
            b'HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{"result": "clean", "action": "allow"}'
        )

    with on_connection(answer_half) as checker, pytest.raises(ServiceUnreachable):
        checker.check(upload_of(b"x"), math.inf)


def test_no_proxy_from_the_environment_gets_the_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{free_port()}")
    with answering(200, json.dumps(CLEAN).encode()) as checker:
        assert checker.check(upload_of(b"x"), math.inf).verdict.result is Result.CLEAN


# Digests first ------------------------------------------------------------------------------------


@contextmanager
def knowing(digests: tuple[int, object], file: object, seen: list[Any]) -> Iterator[RemoteChecker]:
    """A stand-in that answers to digests with a status and a body, and to files with a verdict."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            sent = self.rfile.read(int(self.headers["Content-Length"]))
            by_digests = self.path.startswith("/v1/check/signals")
            seen.append(json.loads(sent) if by_digests else sent)
            status, answer = digests if by_digests else (200, file)
            body = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            checker = checker_of(f"http://127.0.0.1:{server.server_port}")
            yield replace(checker, digests_first=True)
        finally:
            server.shutdown()
            thread.join()


BLOCKED = {"result": "match", "action": "block", "reason": "exact", "case": "CASE", "degraded": []}
QUESTION = {"sha256": hashlib.sha256(b"x").hexdigest(), "size": 1}


def test_where_the_digest_is_enough_the_file_stays_here() -> None:
    seen: list[Any] = []
    with knowing((200, {"need_file": "no", "verdict": CLEAN}), BLOCKED, seen) as checker:
        assert checker.check(upload_of(b"x"), math.inf).verdict.result is Result.CLEAN
    assert seen == [QUESTION]


@pytest.mark.parametrize(
    "answer",
    [
        (200, {"need_file": "to_look", "verdict": None}),
        (200, {"need_file": "to_keep", "verdict": BLOCKED | {"case": ""}}),
        (404, {"code": "not_found"}),
        (405, {}),
    ],
    ids=["only the file tells", "what is refused is kept", "an older sidecar", "another one"],
)
def test_where_it_is_not_the_file_follows(answer: tuple[int, object]) -> None:
    seen: list[Any] = []
    with knowing(answer, BLOCKED, seen) as checker:
        assert checker.check(upload_of(b"x"), math.inf).case == "CASE"
    assert seen == [QUESTION, b"x"]


@pytest.mark.parametrize(
    "answer",
    [
        {"need_file": "no"},
        {"need_file": "no", "verdict": None},
        {"need_file": "to_look", "verdict": CLEAN},
        {"need_file": False, "verdict": CLEAN},
        {"verdict": CLEAN},
        CLEAN,
    ],
)
def test_half_an_answer_to_a_digest_is_never_clean(answer: object) -> None:
    with knowing((200, answer), CLEAN, []) as checker, pytest.raises(ServiceUnreachable, match="no verdict"):
        checker.check(upload_of(b"x"), math.inf)


def test_by_default_the_file_is_sent_at_once() -> None:
    seen: list[Any] = []
    with knowing((200, {"need_file": "no", "verdict": CLEAN}), BLOCKED, seen) as checker:
        replace(checker, digests_first=False).check(upload_of(b"x"), math.inf)
    assert seen == [b"x"]
