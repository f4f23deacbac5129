"""GET /live: the process runs. GET /healthz: it can give verdicts, or why it cannot."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass

from flask import Blueprint, Response, jsonify

from upload_guard.compose import Station, exchange_states, exchanges_of, lists_not_active, stale_lists
from upload_guard.errors import UploadGuardError
from upload_guard.intake.body import Spool
from upload_guard.lists.breaker.trips import trips
from upload_guard.machine_keys.keys import Scope
from upload_guard.outbox.standing import outbox_standing
from upload_guard.settings import Settings
from upload_guard.sidecar.auth import caller_or_none, public
from upload_guard.vault.rounds import damaged


@dataclass(frozen=True, slots=True)
class Probe:
    """One thing that must work; `fault` is empty where it does."""

    name: str
    fault: str


def health_routes(station: Station, settings: Settings) -> Blueprint:
    routes = Blueprint("health", __name__)

    @routes.get("/live")
    @public
    def live() -> Response:
        return jsonify(status="live")

    @routes.get("/healthz")
    @public
    def healthz() -> Response:
        """Whether it can give verdicts; why not, only to a key that may see names of lists and folders."""
        probes = probe(station, settings)
        ready = not any(one.fault for one in probes)
        status = "ready" if ready else "not_ready"
        asking = caller_or_none()
        if asking is None or Scope.DETAILS not in asking.scopes:
            response = jsonify(status=status)
        else:
            response = jsonify(
                status=status,
                probes=[asdict(one) for one in probes],
                lists=_active_lists(station),
                sandbox=asdict(station.sandbox.status()),
                warnings=_warnings(station, settings),
            )
        response.status_code = 200 if ready else 503
        return response

    return routes


def probe(station: Station, settings: Settings) -> tuple[Probe, ...]:
    """Everything that a check needs, tried out now."""
    return (
        Probe("lists", _fault_of(station.snapshot) or station.snapshot.fault),
        Probe("database", _fault_of(station.lists.versions)),
        Probe("spool", _fault_of(lambda: Spool(settings.spool_dir).close())),
        Probe("vault", _fault_of(station.keeper.vault.probe)),
    )


def _fault_of(attempt: Callable[[], object]) -> str:
    try:
        attempt()
    except UploadGuardError as fault:
        return str(fault)
    return ""


def _active_lists(station: Station) -> list[dict[str, object]]:
    try:
        versions = station.lists.versions()
    except UploadGuardError:
        return []
    return [
        {"name": one.list_name, "version": one.number, "entries": one.entries}
        for one in versions
        if one.active
    ]


def _not_active(station: Station, settings: Settings) -> tuple[str, ...]:
    try:
        return lists_not_active(settings, station.lists)
    except UploadGuardError:
        # The probe of the database tells of it.
        return ()


def _missed_by_customers(station: Station, settings: Settings) -> list[tuple[str, str]]:
    active = {str(one["name"]) for one in _active_lists(station)}
    wanted = [(site, name) for site, own in settings.customers.items() for name in own.lists]
    return [(site, name) for site, name in wanted if name not in active]


def _exchange_warnings(settings: Settings) -> list[str]:
    try:
        states, stale = exchange_states(settings), stale_lists(settings)
    except UploadGuardError:
        return []
    failed = [name for name in exchanges_of(settings) if name in states and states[name].fault]
    return [
        f"exchange_stale: nobody knows what was added to or withdrawn from {name} since" for name in stale
    ] + [f"exchange_failed: {name}: {states[name].fault}" for name in failed]


def _lowered(station: Station) -> int:
    """Entries that the flood breaker lowered, and of which nobody has said anything yet."""
    try:
        return sum(trip.state == "tripped" for trip in trips(station.lists.database))
    except UploadGuardError:
        return 0


def _damaged(station: Station) -> int:
    try:
        return damaged(station.keeper.vault)
    except UploadGuardError:
        # The probe of the database tells of it.
        return 0


def _outbox_warnings(station: Station) -> tuple[str, ...]:
    try:
        return outbox_standing(station.lists.database).warnings
    except UploadGuardError:
        return ()


def _warnings(station: Station, settings: Settings) -> list[str]:
    """What should wake somebody, although verdicts are given."""
    warnings = _exchange_warnings(settings)
    if lowered := _lowered(station):
        warnings.append(f"breaker: entries lowered, nobody has decided: {lowered} (list breaker show)")
    warnings += [
        f"upstream_failing: {one.name}: {one.fault}"
        for one in station.checker.upstreams.standings
        if one.fault
    ]
    if not _active_lists(station) and not settings.upstreams:
        warnings.append("no_list: no list is active, so every upload is unchecked")
    warnings += [
        f"list_not_active: [lists.{name}] is configured, not active"
        for name in _not_active(station, settings)
    ]
    warnings += [
        f'customer_list_not_active: customer {site} hears no "no" before {name} is active'
        for site, name in _missed_by_customers(station, settings)
    ]
    if lost := _damaged(station):
        warnings.append(f"vault: the bytes of {lost} cases are gone or were altered; the log names them")
    warnings += _outbox_warnings(station)
    walls = station.sandbox.status()
    missing = [name for name in ("rlimits", "seccomp", "landlock") if not getattr(walls, name)]
    if walls.workers and missing:
        warnings.append(f"sandbox: files are opened without {', '.join(missing)} on this system")
    return warnings
