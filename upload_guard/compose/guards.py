"""Guards, and the routes of an application."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING

from upload_guard.compose.checking import lone_checker
from upload_guard.compose.rules import build_intake, build_policy
from upload_guard.compose.station import build_station
from upload_guard.guard import Guard
from upload_guard.intake.forms import log_and_go_on, refuse
from upload_guard.intake.rules import Forward, Pieces
from upload_guard.routing import Route, Routes
from upload_guard.settings import RouteSettings, Settings

if TYPE_CHECKING:
    from upload_guard.checkers.explainer import Explainer

log = logging.getLogger(__name__)


def build_guard(settings: Settings) -> Guard:
    """The guard of an application: asks the sidecar if there is a `service.url`, checks here otherwise."""
    if settings.service.url:
        return _remote_guard(settings)
    return build_station(settings).guard


def build_inspector(settings: Settings) -> Guard:
    """A guard for looking only: it keeps nothing, here or in the sidecar."""
    if settings.service.url:
        return _remote_guard(settings)
    return Guard(lone_checker(settings), None, build_policy(settings), settings.sandbox.request_seconds)


def build_routes(settings: Settings) -> Routes:
    """The guard of an application with its rules by path."""
    return _routes(settings, build_guard(settings))


def open_explainer(settings: Settings) -> Explainer:
    """Explains files and cases by what lies on this machine; keeps nothing. Raises `StorageFailed`."""
    from upload_guard.checkers.explainer import Explainer

    checker = lone_checker(settings)
    routes = _routes(settings, Guard(checker, None, build_policy(settings)))
    return Explainer(
        checker,
        lambda route: (routes.of(route) if route.startswith("/") else routes.default).guard.policy,
        settings.sandbox.request_seconds,
    )


def _routes(settings: Settings, guard: Guard) -> Routes:
    routes = (_route(settings, guard, route) for route in settings.routes)
    return Routes(tuple(routes), Route("*", build_intake(settings), guard))


def _route(settings: Settings, guard: Guard, route: RouteSettings) -> Route:
    rule = build_intake(settings)
    limits = replace(
        rule.limits,
        max_body=route.max_body or rule.limits.max_body,
        form=replace(rule.limits.form, doubt=log_and_go_on if route.forms == "lenient" else refuse),
    )
    differs = route.failure.model_dump(exclude_none=True)
    policy = build_policy(settings, settings.failure.model_copy(update=differs))
    return Route(
        pattern=route.path,
        rule=replace(
            rule,
            limits=limits,
            inspect=route.inspect,
            forward=Forward(route.forward),
            pieces=Pieces(route.pieces),
        ),
        guard=replace(guard, policy=policy),
    )


def _remote_guard(settings: Settings) -> Guard:
    from upload_guard.checkers.line import Line, Sidecar
    from upload_guard.checkers.remote import RemoteChecker

    service = settings.service
    if service.credentials is None:
        log.warning("WARNING: service.url without service.key_id: no sidecar answers without a key")
    sidecar = Sidecar(
        url=service.url,
        connect_timeout=service.connect_timeout,
        timeout=service.timeout,
        authority=service.authority,
        failures=service.failures,
        pause=service.pause,
    )
    checker = RemoteChecker(Line(sidecar), service.credentials, digests_first=service.digests_first)
    inspector = replace(checker, dry_run=True)
    return Guard(checker, None, build_policy(settings), settings.sandbox.request_seconds, inspector)
