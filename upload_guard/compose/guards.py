"""Guards, and the routes of an application."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from upload_guard.compose.checking import build_checker
from upload_guard.compose.late import Hook, ask_sidecar, build_late_queue, hook_of, late_job
from upload_guard.compose.retro import open_upload_places
from upload_guard.compose.rules import build_intake, build_policy
from upload_guard.compose.station import Station, build_station
from upload_guard.errors import BodyTooLarge
from upload_guard.guard import Guard
from upload_guard.intake.forms import log_and_go_on, refuse
from upload_guard.intake.rules import Forward, IntakeRule, Pieces
from upload_guard.policy import Policy
from upload_guard.routing import Route, Routes
from upload_guard.settings import RouteSettings, Settings

if TYPE_CHECKING:
    from upload_guard.checkers.explainer import Explainer
    from upload_guard.checkers.local import LocalChecker
    from upload_guard.checkers.remote import RemoteChecker
    from upload_guard.housekeeping import Housekeeper

log = logging.getLogger(__name__)


def build_guard(settings: Settings) -> Guard:
    """The guard of an application: asks the sidecar if there is a `service.url`, checks here otherwise."""
    if settings.service.url:
        return _remote_guard(settings, _remote_checker(settings))
    return build_station(settings).guard


def build_inspector(settings: Settings) -> Guard:
    """A guard for looking only: it keeps nothing, here or in the sidecar."""
    if settings.service.url:
        return _remote_guard(settings, _remote_checker(settings))
    return Guard(build_checker(settings), None, build_policy(settings), settings.sandbox.request_seconds)


@dataclass(frozen=True, slots=True)
class GuardedSite:
    """What stands before an application. `housekeeper` is None where nothing has to be done in between.

    `placed` is told the id of an upload and where it went; whether that is remembered.
    """

    routes: Routes
    housekeeper: Housekeeper | None
    placed: Callable[[str, str], bool]

    def wake(self) -> None:
        """Have what is to be done in between done from now on, in this process."""
        if self.housekeeper is not None:
            self.housekeeper.start()


def build_site(settings: Settings, hook: Hook | None = None) -> GuardedSite:
    """The guard of an application with its rules by path, and the later check of what it lets pass unchecked.

    `hook` goes before the one that the settings name. Raises `ConfigError`, `StorageFailed` and
    `MasterKeyError`.
    """
    tell = hook or hook_of(settings)
    if not settings.service.url:
        station = build_station(settings, tell)
        goes_on = station.guard.late is not None or settings.retro.days > 0
        house = station.housekeeper if goes_on else None
        return GuardedSite(_routes(settings, station.guard), house, _placed_here(settings, station))
    checker = _remote_checker(settings)
    guard = _remote_guard(settings, checker)
    queue = build_late_queue(settings)
    if queue is None:
        return GuardedSite(_routes(settings, guard), None, checker.tell_place)
    from upload_guard.housekeeping import Housekeeper

    job = late_job(queue, ask_sidecar(guard, checker), tell)
    house = Housekeeper((job,), settings.data_dir)
    return GuardedSite(_routes(settings, replace(guard, late=queue)), house, checker.tell_place)


def _placed_here(settings: Settings, station: Station) -> Callable[[str, str], bool]:
    places = open_upload_places(settings, station.keeper.database)
    return lambda upload_id, place: places is not None and places.tell(settings.site, upload_id, place)


def build_routes(settings: Settings) -> Routes:
    """The guard of an application with its rules by path."""
    return build_site(settings).routes


def open_explainer(settings: Settings) -> Explainer:
    """Explains files and cases by what lies on this machine; keeps nothing. Raises `StorageFailed`."""
    return explainer_of(settings, build_checker(settings))


def explainer_of(settings: Settings, checker: LocalChecker) -> Explainer:
    """The same, where the process has a checker already."""
    from upload_guard.checkers.explainer import Explainer

    routes = _routes(settings, Guard(checker, None, build_policy(settings)))
    return Explainer(
        checker,
        lambda route: (routes.of(route) if route.startswith("/") else routes.default).guard.policy,
        settings.sandbox.request_seconds,
    )


def _routes(settings: Settings, guard: Guard) -> Routes:
    routes = (_route(settings, guard, route) for route in settings.routes)
    return Routes(tuple(routes), Route("*", _taking_in(build_intake(settings), guard.policy), guard))


def _taking_in(rule: IntakeRule, policy: Policy) -> IntakeRule:
    return replace(rule, takes_over_limit=BodyTooLarge.code in policy.open_on)


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
            _taking_in(rule, policy),
            limits=limits,
            inspect=route.inspect,
            forward=Forward(route.forward),
            pieces=Pieces(route.pieces),
        ),
        guard=replace(guard, policy=policy),
    )


def _remote_checker(settings: Settings) -> RemoteChecker:
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
    return RemoteChecker(Line(sidecar), service.credentials, digests_first=service.digests_first)


def _remote_guard(settings: Settings, checker: RemoteChecker) -> Guard:
    inspector = replace(checker, dry_run=True, digests_first=False)
    return Guard(checker, None, build_policy(settings), settings.sandbox.request_seconds, inspector)
