"""A check service to test against: it speaks as EOKM's HashCheckService does, on loopback.

`POST /v1/check/{md5|sha1}` (and `/v1/test/check/...`) with Basic authorization, the body a bare hexadecimal
hash; the answer is the word `true` or `false`.
"""

from __future__ import annotations

import base64
import hmac
import re
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

_PATH = re.compile(r"/v1/(?:test/)?check/(md5|sha1)")
_DIGITS = {"md5": 32, "sha1": 40}
_MOST = 1 << 10


@dataclass
class FakeHashCheck:
    """A running one. `listed` are hexadecimal hashes, to be changed at will; `asked` is what came, in order.

    Where `instead` is not empty it is answered as it is, whatever was asked: how does a client take it?
    """

    url: str
    user: str
    password: str
    listed: set[str]
    instead: str = ""
    asked: list[str] = field(default_factory=list)


@contextmanager
def fake_hash_check(
    listed: Iterable[str] = (),
    user: str = "user",
    password: str = "password",  # noqa: S107 - of a test
) -> Iterator[FakeHashCheck]:
    """Serves until the block ends."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    service = FakeHashCheck(
        f"http://127.0.0.1:{server.server_port}", user, password, {one.lower() for one in listed}
    )
    server.service = service  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield service
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        service: FakeHashCheck = self.server.service  # type: ignore[attr-defined]
        found = _PATH.fullmatch(self.path)
        if found is None:
            self._answer(HTTPStatus.NOT_FOUND, "")
            return
        if not self._knows(service):
            self._answer(HTTPStatus.UNAUTHORIZED, "")
            return
        length = self.headers.get("Content-Length", "")
        body = self.rfile.read(min(int(length), _MOST)) if length.isdigit() else b""
        asked = body.decode("ascii", "replace").strip().lower()
        if not re.fullmatch(rf"[0-9a-f]{{{_DIGITS[found[1]]}}}", asked):
            self._answer(HTTPStatus.BAD_REQUEST, "")
            return
        service.asked.append(asked)
        self._answer(HTTPStatus.OK, service.instead or ("true" if asked in service.listed else "false"))

    def _knows(self, service: FakeHashCheck) -> bool:
        right = base64.b64encode(f"{service.user}:{service.password}".encode()).decode()
        return hmac.compare_digest(self.headers.get("Authorization", "").encode(), f"Basic {right}".encode())

    def _answer(self, status: HTTPStatus, text: str) -> None:
        data = text.encode()
        self.send_response(status)
        if status is HTTPStatus.UNAUTHORIZED:
            self.send_header("WWW-Authenticate", 'Basic realm="fake"')
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - named so by http.server
        """Says nothing."""
