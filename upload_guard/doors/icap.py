"""ICAP as proxies speak it: OPTIONS and REQMOD, with previews and connections that are kept.

Whatever an uploader may have caused is answered by an HTTP response inside a successful answer of ICAP: a
proxy may be set to go on without a service that answers by errors of ICAP (`bypass=on`).

Source: RFC 3507; for `X-Infection-Found`, draft-stecher-icap-subid-00.
"""

from __future__ import annotations

import logging
import secrets
from contextlib import ExitStack
from dataclasses import dataclass, field

from upload_guard.doors.chunks import ChunkedBody
from upload_guard.doors.connection import Connection
from upload_guard.doors.http_head import LONGEST_HEAD, parse_head
from upload_guard.doors.icap_message import LAST_CHUNK, IcapRequest, chunk, icap_head, read_request
from upload_guard.doors.reqmod import Inspector, Passed, Refused
from upload_guard.errors import AmbiguousRequest, BrokenProtocol, RequestError
from upload_guard.spans import CHUNK

log = logging.getLogger(__name__)

_PREVIEW = 4096
_OPTIONS_LIVE = 3600


@dataclass(frozen=True, slots=True)
class Icap:
    """The protocol over one inspector. `max_connections` is what proxies are told."""

    inspector: Inspector
    max_connections: int
    idle_seconds: float
    request_seconds: float
    # Says to a proxy that an answer of an earlier run may not be used again.
    tag: str = field(default_factory=lambda: f'"{secrets.token_hex(8)}"')

    busy = b"ICAP/1.0 503 Service overloaded\r\nConnection: close\r\n\r\n"

    def serve(self, connection: Connection) -> None:
        """Requests until one of them, or the server, says that it was the last."""
        goes_on = True
        while goes_on and connection.has_more(self.idle_seconds):
            connection.within(self.request_seconds)
            try:
                goes_on = self._answer(connection)
            except BrokenProtocol as error:
                log.warning("ICAP: %s: %s", connection.peer.name, error)
                connection.send(self._head(400, closes=True))
                goes_on = False
        connection.linger()

    def _answer(self, connection: Connection) -> bool:
        """Whether another request may come on this connection."""
        request = read_request(connection)
        if request.method == "OPTIONS":
            connection.send(self._head(200, *self._abilities(), closes=request.closes))
            return not request.closes
        if request.method != "REQMOD":
            connection.send(self._head(405, closes=True))
            return False
        return self._modify(connection, request)

    def _abilities(self) -> tuple[tuple[str, str], ...]:
        return (
            ("Methods", "REQMOD"),
            ("Service", "upload_guard"),
            ("Max-Connections", str(self.max_connections)),
            ("Options-TTL", str(_OPTIONS_LIVE)),
            ("Allow", "204"),
            ("Preview", str(_PREVIEW)),
            ("Transfer-Preview", "*"),
            ("Encapsulated", "null-body=0"),
        )

    def _modify(self, connection: Connection, request: IcapRequest) -> bool:
        if request.http_head > LONGEST_HEAD:
            fault = AmbiguousRequest("the head of the request is too long")
            self._refuse(connection, self.inspector.fault({}, fault), closes=True)
            return False
        raw = connection.exactly(request.http_head)
        body = ChunkedBody(connection, request.preview) if request.has_body else None
        with ExitStack() as opened:
            answer = self._inspected(raw, body, connection, opened)
            if isinstance(answer, Refused) and body is not None:
                body.discard()
            # What the proxy still sends of a body that nobody reads would be taken for its next request.
            closes = request.closes or not (body is None or body.ended or body.waits)
            if isinstance(answer, Refused):
                self._refuse(connection, answer, closes=closes)
            else:
                kept = request.allows_204 or (body is not None and body.only_preview)
                self._pass(connection, answer, may_204=kept, closes=closes)
        return not closes

    def _inspected(
        self, raw: bytes, body: ChunkedBody | None, connection: Connection, opened: ExitStack
    ) -> Refused | Passed:
        try:
            head = parse_head(raw)
        except RequestError as error:
            return self.inspector.fault({}, error)
        return self.inspector.inspect(head, body, connection.peer, opened)

    def _refuse(self, connection: Connection, refused: Refused, *, closes: bool) -> None:
        answer = refused.answer
        lines = [f"HTTP/1.1 {answer.status}", *(f"{name}: {value}" for name, value in answer.headers)]
        head = "".join(f"{line}\r\n" for line in [*lines, ""]).encode("latin-1")
        told = [("Encapsulated", f"res-hdr=0, res-body={len(head)}")]
        if refused.case:
            threat = f"Type=0; Resolution=2; Threat=UploadGuard.Refused.{refused.case};"
            told.append(("X-Infection-Found", threat))
        icap = self._head(200, *told, closes=closes)
        connection.send(icap + head + chunk(answer.body) + LAST_CHUNK)

    def _pass(self, connection: Connection, passed: Passed, *, may_204: bool, closes: bool) -> None:
        if may_204 and not passed.changed:
            connection.send(self._head(204, closes=closes))
            return
        kind = "null" if passed.body is None else "req"
        told = ("Encapsulated", f"req-hdr=0, {kind}-body={len(passed.head)}")
        connection.send(self._head(200, told, closes=closes) + passed.head)
        if passed.body is None:
            return
        with passed.body.open() as stream:
            while data := stream.read(CHUNK):
                connection.send(chunk(data))
        connection.send(LAST_CHUNK)

    def _head(self, status: int, *fields: tuple[str, str], closes: bool) -> bytes:
        ending = [("Connection", "close")] if closes else []
        return icap_head(status, [("ISTag", self.tag), *fields, *ending])
