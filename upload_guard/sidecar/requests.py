"""Each request: an id that its log lines and its answer carry, the time it took, one line when it is done."""

from __future__ import annotations

import logging
import re
import secrets
import time
from collections.abc import Callable, Iterable
from typing import Any

from flask import Flask, Response, request
from structlog.contextvars import bound_contextvars

from upload_guard.sidecar.auth import caller_or_none
from upload_guard.sidecar.counters import Counters
from upload_guard.stages import measured

log = logging.getLogger(__name__)

HEADER = "X-Request-Id"
# Shorter than a hash, and nothing that could break a line.
_TAKEN = re.compile(r"[A-Za-z0-9._-]{1,31}")
_ROUTE = "upload_guard.sidecar_route"
_KEY = "upload_guard.sidecar_key"
# Asked every few seconds by whatever watches over the service.
_WATCHED = {"/live", "/healthz", "/metrics"}


def follow_requests(app: Flask, counters: Counters) -> None:
    """Have every request of `app` counted, timed and logged, whatever answers it."""

    @app.after_request
    def remember(response: Response) -> Response:
        # The rule and no path or query: those are a site's own words.
        request.environ[_ROUTE] = request.url_rule.rule if request.url_rule else "unknown"
        asking = caller_or_none()
        request.environ[_KEY] = asking.key_id if asking else ""
        return response

    app.wsgi_app = _Followed(app.wsgi_app, counters)  # type: ignore[method-assign]


class _Followed:
    """WSGI middleware. The answers below are short and complete when `inner` returns."""

    def __init__(self, inner: Callable[..., Iterable[bytes]], counters: Counters) -> None:
        self._inner = inner
        self._counters = counters

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        given = environ.get("HTTP_X_REQUEST_ID", "")
        request_id = given if _TAKEN.fullmatch(given) else secrets.token_hex(8)
        status = 500

        def start(line: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            nonlocal status
            status = int(line.split(" ", 1)[0])
            return start_response(line, [*headers, (HEADER, request_id)], *rest)

        with bound_contextvars(request_id=request_id), measured() as laps:
            begun = time.perf_counter()
            try:
                return self._inner(environ, start)
            finally:
                seconds = time.perf_counter() - begun
                route = environ.get(_ROUTE, "unknown")
                self._counters.request(route, status, seconds, laps)
                quiet = route in _WATCHED and status < 500
                log.log(
                    logging.DEBUG if quiet else logging.INFO,
                    "request",
                    extra={
                        "method": environ["REQUEST_METHOD"],
                        "route": route,
                        "status": status,
                        "ms": _ms(seconds),
                        "bytes": environ.get("CONTENT_LENGTH") or 0,
                        "key": environ.get(_KEY, ""),
                        **{f"{stage}_ms": _ms(lap) for stage, lap in laps.items()},
                    },
                )


def _ms(seconds: float) -> float:
    return round(1000 * seconds, 1)
