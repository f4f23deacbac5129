"""The Flask application of the sidecar. One a worker process, built after the fork."""

from __future__ import annotations

import logging
from dataclasses import replace

from flask import Flask, Response, jsonify
from werkzeug.exceptions import HTTPException

from upload_guard.compose import build_intake, build_station
from upload_guard.errors import LockedOut, NotAuthenticated, RateLimited, UploadGuardError
from upload_guard.machine_keys.opening import open_for_door
from upload_guard.settings import Settings
from upload_guard.sidecar.api import check_routes
from upload_guard.sidecar.auth import Doorkeeper, guard_routes
from upload_guard.sidecar.health import health_routes
from upload_guard.signing import SCHEME

log = logging.getLogger(__name__)


def create_app(settings: Settings) -> Flask:
    """The service over the data folder of `settings`. Raises `StorageFailed` or `MasterKeyError`."""
    keys, ledger = open_for_door(settings)
    keys.probe()
    station = build_station(settings)
    # Warm before the first upload has to wait for it; a worker process of the server is where it belongs.
    station.sandbox.start()
    station.snapshot.start()
    station.housekeeper.start()
    app = Flask("upload_guard.sidecar", static_folder=None)
    guard_routes(app, Doorkeeper(keys, ledger, settings.sidecar.bearer))
    # What comes in is one file: whoever asks has looked into the request that carried it.
    rule = replace(build_intake(settings), carriers=frozenset())
    app.register_blueprint(check_routes(station, rule))
    app.register_blueprint(health_routes(station, settings))

    @app.errorhandler(UploadGuardError)
    def say_fault(error: UploadGuardError) -> Response:
        # A lock-out is told once, when it begins: nobody may fill the log with it.
        level = logging.DEBUG if isinstance(error, LockedOut) else logging.WARNING
        log.log(level, "no verdict: %s (%s)", error.code, error)
        response = _error(error.status, error.code, error.public, _retry_after(error, settings))
        if isinstance(error, NotAuthenticated):
            response.headers["WWW-Authenticate"] = SCHEME
        return response

    @app.errorhandler(HTTPException)
    def say_http_error(error: HTTPException) -> Response:
        return _error(error.code or 500, error.name.lower().replace(" ", "_"), error.description or "")

    return app


def _retry_after(error: UploadGuardError, settings: Settings) -> int | None:
    if isinstance(error, RateLimited):
        return error.retry_after
    return settings.failure.retry_after if error.retryable else None


def _error(status: int, code: str, message: str, retry_after: int | None = None) -> Response:
    response = jsonify(code=code, message=message, retry_after=retry_after)
    response.status_code = status
    if retry_after is not None:
        response.headers["Retry-After"] = str(retry_after)
    return response
