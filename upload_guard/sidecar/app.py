"""The Flask application of the sidecar. One a worker process, built after the fork."""

from __future__ import annotations

import logging
from dataclasses import replace

from flask import Flask, Response, jsonify
from werkzeug.exceptions import HTTPException

from upload_guard.compose import Station, build_intake, build_station
from upload_guard.errors import LockedOut, NotAuthenticated, RateLimited, UploadGuardError
from upload_guard.housekeeping import Housekeeper, Job
from upload_guard.machine_keys.opening import open_for_door
from upload_guard.settings import Settings
from upload_guard.sidecar.api import check_routes
from upload_guard.sidecar.auth import Doorkeeper, guard_routes
from upload_guard.sidecar.counters import Counters
from upload_guard.sidecar.fetching import fetcher
from upload_guard.sidecar.health import health_routes
from upload_guard.sidecar.metrics import metrics_routes
from upload_guard.sidecar.requests import follow_requests
from upload_guard.signing import SCHEME

log = logging.getLogger(__name__)


def create_app(settings: Settings) -> Flask:
    """The service over the data folder of `settings`. Raises `StorageFailed` or `MasterKeyError`."""
    keys, ledger = open_for_door(settings)
    keys.probe()
    counters = Counters()
    station = _counted(build_station(settings), counters)
    # Warm before the first upload has to wait for it; a worker process of the server is where it belongs.
    station.sandbox.start()
    station.snapshot.start()
    app = Flask("upload_guard.sidecar", static_folder=None)
    guard_routes(app, Doorkeeper(keys, ledger, settings.sidecar.bearer))
    # What comes in is one file: whoever asks has looked into the request that carried it.
    rule = replace(build_intake(settings), carriers=frozenset())
    app.register_blueprint(check_routes(station, rule))
    app.register_blueprint(health_routes(station, settings))
    app.register_blueprint(metrics_routes(station, settings, counters))
    follow_requests(app, counters)
    # They end with the application.
    app.extensions["upload_guard_threads"] = _threads(station, settings, counters)

    @app.errorhandler(UploadGuardError)
    def say_fault(error: UploadGuardError) -> Response:
        # A lock-out is told once, when it begins: nobody may fill the log with it.
        level = logging.DEBUG if isinstance(error, LockedOut) else logging.WARNING
        counters.fault(error.code)
        log.log(level, "no verdict: %s (%s)", error.code, error)
        response = _error(error.status, error.code, error.public, _retry_after(error, settings))
        if isinstance(error, NotAuthenticated):
            response.headers["WWW-Authenticate"] = SCHEME
        return response

    @app.errorhandler(HTTPException)
    def say_http_error(error: HTTPException) -> Response:
        return _error(error.code or 500, error.name.lower().replace(" ", "_"), error.description or "")

    return app


def _counted(station: Station, counters: Counters) -> Station:
    guard = replace(station.guard, observers=(*station.guard.observers, counters))
    return replace(station, guard=guard)


def _threads(station: Station, settings: Settings, counters: Counters) -> tuple[Housekeeper, ...]:
    """Each does one thing, so that none waits while another takes its time."""
    sampling = Job("sampling", lambda: counters.sample(station), alone=False)
    threads = [station.housekeeper, Housekeeper((sampling,), settings.data_dir)]
    if settings.sidecar.sync:
        threads.append(fetcher(settings))
    for thread in threads:
        thread.start()
    return tuple(threads)


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
