"""The Flask application of the sidecar. One a worker process, built after the fork."""

from __future__ import annotations

import logging
from dataclasses import replace

from flask import Flask, Response, jsonify
from werkzeug.exceptions import HTTPException

from upload_guard.compose import build_intake, build_station
from upload_guard.errors import UploadGuardError
from upload_guard.settings import Settings
from upload_guard.sidecar.api import check_routes
from upload_guard.sidecar.health import health_routes

log = logging.getLogger(__name__)


def create_app(settings: Settings) -> Flask:
    """The service over the data folder of `settings`. Raises `StorageFailed`."""
    station = build_station(settings)
    # Warm before the first upload has to wait for it; a worker process of the server is where it belongs.
    station.sandbox.start()
    station.snapshot.start()
    station.housekeeper.start()
    app = Flask("upload_guard.sidecar", static_folder=None)
    # What comes in is one file: whoever asks has looked into the request that carried it.
    rule = replace(build_intake(settings), carriers=frozenset())
    app.register_blueprint(check_routes(station, rule))
    app.register_blueprint(health_routes(station, settings))

    @app.errorhandler(UploadGuardError)
    def say_fault(error: UploadGuardError) -> Response:
        log.warning("no verdict: %s (%s)", error.code, error)
        retry_after = settings.failure.retry_after if error.retryable else None
        return _error(error.status, error.code, error.public, retry_after)

    @app.errorhandler(HTTPException)
    def say_http_error(error: HTTPException) -> Response:
        return _error(error.code or 500, error.name.lower().replace(" ", "_"), error.description or "")

    return app


def _error(status: int, code: str, message: str, retry_after: int | None = None) -> Response:
    response = jsonify(code=code, message=message, retry_after=retry_after)
    response.status_code = status
    if retry_after is not None:
        response.headers["Retry-After"] = str(retry_after)
    return response
