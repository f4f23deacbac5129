"""What becomes of one HTTP request that a proxy shows: taken in and judged as by the WSGI middleware."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from typing import Any

from upload_guard import answers
from upload_guard.doors.chunks import ChunkedBody
from upload_guard.doors.http_head import HttpHead
from upload_guard.doors.peers import Allowance, Peer
from upload_guard.errors import AmbiguousRequest, CheckFailed, UploadGuardError
from upload_guard.intake.body import Spool, read_body
from upload_guard.intake.pieces import concerns_pieces
from upload_guard.intake.receive import Received, receive
from upload_guard.intake.rules import IntakeRule, Pieces
from upload_guard.records import Outcome, Source, strongest
from upload_guard.routing import Route, Routes
from upload_guard.spans import OpenContent

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Refused:
    """The uploader gets `answer`; `case` is the number of what was kept, if anything was."""

    answer: answers.Answer
    case: str = ""


@dataclass(frozen=True, slots=True)
class Passed:
    """The request goes on; only if it is `changed` the proxy must take it from here.

    `body` is None where there is none, or where it was not read.
    """

    head: bytes
    body: OpenContent | None = None
    changed: bool = False


@dataclass(frozen=True, slots=True)
class Inspector:
    """Judges requests by the rules of their routes."""

    routes: Routes
    site: str
    allowance: Allowance
    retry_after: int

    def inspect(
        self, head: HttpHead, body: ChunkedBody | None, peer: Peer, opened: ExitStack
    ) -> Refused | Passed:
        """Faults are answers too: a proxy that is told of an error of ICAP may be set to go on without us.

        What is `opened` for the body stays so until it has been sent.
        """
        environ = head.environ(_Nothing() if body is None else body)
        try:
            return self._inspect(head, body, environ, peer, opened)
        except UploadGuardError as error:
            return self.fault(environ, error)
        except Exception:
            log.exception("a request could not be judged, by an error of our own")
            return self.fault(environ, CheckFailed("reqmod"))

    def fault(self, environ: Mapping[str, Any], error: UploadGuardError) -> Refused:
        log.warning("not passed on: %s (%s)", error.code, error)
        return Refused(answers.fault(environ, error, self.retry_after))

    def _inspect(
        self, head: HttpHead, body: ChunkedBody | None, environ: dict[str, Any], peer: Peer, opened: ExitStack
    ) -> Refused | Passed:
        if body is None:
            _refuse_missing_body(environ)
            if not concerns_pieces(environ):
                return Passed(head.raw)
        path = environ["PATH_INFO"]
        route = self.routes.of(path)
        if not route.rule.inspect:
            return _unseen(head, body, environ, route.rule, opened)
        request = receive(environ, _without_assembly(route.rule), Source(self.site, path))
        opened.callback(request.close)
        if body is not None and body.read(1):
            raise AmbiguousRequest("the body is longer than its Content-Length")
        outcome = self._judged(request, route, peer)
        if outcome is not None and outcome.verdict.action.refuses:
            return Refused(answers.refused(environ, outcome.case), outcome.case)
        if body is None:
            return Passed(head.raw)
        content = request.spool.slice(0, request.spool.size)
        rebuilt = request.content_type
        return Passed(head.with_body(content.size, rebuilt), content, changed=bool(rebuilt))

    def _judged(self, request: Received, route: Route, peer: Peer) -> Outcome | None:
        if request.piece is not None:
            log.warning("PASSED UNSEEN: a piece of an upload")
            return None
        uploads = request.worth_checking
        if uploads:
            self.allowance.spend(peer)
        return strongest(route.guard.check(uploads))


class _Nothing:
    """The body of a request that has none."""

    def read(self, _size: int = -1) -> bytes:
        return b""


def _without_assembly(rule: IntakeRule) -> IntakeRule:
    """Pieces count when the application has taken them, and its answer is not seen here."""
    return replace(rule, pieces=Pieces.REFUSE) if rule.pieces is Pieces.ASSEMBLE else rule


def _refuse_missing_body(environ: Mapping[str, Any]) -> None:
    if environ.get("CONTENT_LENGTH", "0") != "0" or "HTTP_TRANSFER_ENCODING" in environ:
        raise AmbiguousRequest("a request that announces a body, and the proxy shows none")


def _unseen(
    head: HttpHead, body: ChunkedBody | None, environ: Mapping[str, Any], rule: IntakeRule, opened: ExitStack
) -> Passed:
    """A route that nobody looks into: unread where the proxy has kept what it has shown."""
    if body is None or body.waits:
        return Passed(head.raw)
    spool = opened.enter_context(closing(Spool(rule.limits.spool_dir)))
    for portion in read_body(environ, rule.limits.max_body, rule.limits.body_timeout):
        spool.write(portion)
    if body.read(1):
        raise AmbiguousRequest("the body is longer than its Content-Length")
    content = spool.slice(0, spool.size)
    return Passed(head.with_body(content.size), content)
