"""The WSGI middleware: a thin door between a server and an application.

app.wsgi_app = UploadGuard(app.wsgi_app)
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from werkzeug.wsgi import ClosingIterator, get_path_info

from upload_guard import answers
from upload_guard.compose import build_assembly, build_site
from upload_guard.errors import BodyTooLarge, CheckFailed, UploadGuardError
from upload_guard.intake.body import has_body
from upload_guard.intake.pieces import concerns_pieces
from upload_guard.intake.receive import Received, receive
from upload_guard.late.entries import LateMatch
from upload_guard.loading import load_settings
from upload_guard.pieces import PieceChecker, PieceRequest, Taken
from upload_guard.records import Source, strongest
from upload_guard.routing import Route
from upload_guard.settings import Settings

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

log = logging.getLogger(__name__)

VERDICT_KEY = "upload_guard.verdict"
"""Where the application finds the `Verdict` on its request; absent if nothing was uploaded."""
UPLOADS_KEY = "upload_guard.uploads"
"""Where it finds those of its request that were checked (`records.Upload`), for `UploadGuard.placed`."""


class UploadGuard:
    """Wraps `app`. Every upload is checked before the application sees it; what is refused it never sees.

    Settings come from the file that UPLOAD_GUARD_CONFIG names unless they are given. Raises `ConfigError`
    or `StorageFailed` at start, so that a site is never served unguarded by mistake.

    `on_late_match` is told of an upload that passed unchecked and should not have; see `[late]`, whose
    function it goes before. It is called in a thread of its own, again until it raises nothing.
    """

    def __init__(
        self,
        app: WSGIApplication,
        settings: Settings | None = None,
        on_late_match: Callable[[LateMatch], object] | None = None,
    ) -> None:
        chosen = settings or load_settings()
        self.app = app
        site = build_site(chosen, on_late_match)
        self._routes = site.routes
        self._wake = site.wake
        self._placed = site.placed
        self._pieces = PieceChecker(build_assembly(chosen))
        self._site = chosen.site
        self._uploader = chosen.breaker.uploader
        self._retry_after = chosen.failure.retry_after

    def placed(self, upload_id: str, place: str) -> bool:
        """Tell where an upload of UPLOADS_KEY went: a locator such as file:///srv/media/a.jpg, or any name.

        A case of it says so, should a list know the file one day. Whether that is remembered: not without
        `[retro] days`. Raises `Unavailable` where a sidecar could not be told.
        """
        return self._placed(upload_id, place)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        self._wake()
        if not has_body(environ) and not concerns_pieces(environ):
            return self.app(environ, start_response)
        path = get_path_info(environ)
        try:
            route = self._routes.of(path)
            request = receive(environ, route.rule, self._source(environ)) if route.rule.inspect else None
        except UploadGuardError as error:
            return self._fault(environ, start_response, error)
        except Exception:
            log.exception("a request could not be taken in, by an error of our own")
            return self._fault(environ, start_response, CheckFailed("intake"))
        if request is None:
            return self.app(environ, start_response)
        try:
            response = self._guarded(request, route, environ, start_response)
        except BaseException:
            request.close()
            raise
        # The spool stays open until the response has been sent: an application may read late.
        return ClosingIterator(response, request.close)

    def _guarded(
        self, request: Received, route: Route, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        try:
            taken = self._judged(request, route, environ)
        except UploadGuardError as error:
            return self._fault(environ, start_response, error)
        except Exception:
            log.exception("an upload could not be judged, by an error of our own")
            return self._fault(environ, start_response, CheckFailed("judging"))
        outcome = taken.outcome
        if outcome is not None and outcome.verdict.action.refuses:
            return _send(answers.refused(environ, outcome.case), start_response)
        request.replay_into(environ)
        if outcome is not None:
            environ[VERDICT_KEY] = outcome.verdict
            environ[UPLOADS_KEY] = tuple(request.worth_checking)
        return self.app(environ, _noting(taken, start_response) if request.piece else start_response)

    def _judged(self, request: Received, route: Route, environ: WSGIEnvironment) -> Taken:
        uploads = request.worth_checking
        if request.over_limit:
            fault = BodyTooLarge(f"body of {request.spool.size} bytes is over intake.max_body")
            # What a piece makes of the whole could not be told any more.
            if request.piece is not None:
                raise fault
            return Taken(strongest(route.guard.over_limit(uploads, fault)))
        if request.piece is None:
            return Taken(strongest(route.guard.check(uploads)))
        piece = PieceRequest(
            request.piece, uploads, request.files, self._source(environ), environ.get("SCRIPT_NAME", "")
        )
        return self._pieces.check(piece, route, request.opened)

    def _source(self, environ: WSGIEnvironment) -> Source:
        uploader = str(environ.get(self._uploader, "")) if self._uploader else ""
        return Source(self._site, get_path_info(environ), uploader)

    def _fault(
        self, environ: WSGIEnvironment, start_response: StartResponse, error: UploadGuardError
    ) -> Iterable[bytes]:
        log.warning("not passed on: %s (%s)", error.code, error)
        return _send(answers.fault(environ, error, self._retry_after), start_response)


def _noting(taken: Taken, start_response: StartResponse) -> StartResponse:
    """`start_response`, and a piece counts as taken when the application answers so."""

    def noting(status: str, headers: list[tuple[str, str]], *rest: Any) -> Callable[[bytes], object]:
        if status[:1] in {"2", "3"}:
            try:
                taken.accepted(headers)
            except UploadGuardError as error:
                log.warning("a piece that the application took is lost here: %s (%s)", error.code, error)
        return start_response(status, headers, *rest)

    return noting


def _send(answer: answers.Answer, start_response: StartResponse) -> list[bytes]:
    start_response(answer.status, answer.headers)
    return [answer.body]
