"""The one place that builds parts from settings. What a deployment does not use is not imported."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from upload_guard.guard import Guard
from upload_guard.intake.assembly import Assembly
from upload_guard.intake.forms import FormLimits, log_and_go_on, refuse
from upload_guard.intake.rules import Forward, IntakeLimits, IntakeRule, Pieces
from upload_guard.policy import Policy, Trust, settled
from upload_guard.records import Action, SignalType
from upload_guard.routing import Route, Routes
from upload_guard.settings import Ceiling, FailureSettings, RouteSettings, Settings

if TYPE_CHECKING:
    from upload_guard.checkers.cache import FindingsCache
    from upload_guard.checkers.local import LocalChecker, Settles
    from upload_guard.lists.benign import BenignStore, LiveBank
    from upload_guard.lists.store import ListStore
    from upload_guard.matching.limits import DistanceLimits
    from upload_guard.matching.live import LiveSnapshot
    from upload_guard.quarantine.cases import Cases
    from upload_guard.quarantine.keeper import QuarantineKeeper
    from upload_guard.sandbox.pool import Sandbox
    from upload_guard.storage.database import Database

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Station:
    """A process that checks by itself: its guard, what that is made of, and what health has to look at."""

    guard: Guard
    checker: LocalChecker
    snapshot: LiveSnapshot
    sandbox: Sandbox
    lists: ListStore
    keeper: QuarantineKeeper


def build_guard(settings: Settings) -> Guard:
    """The guard of an application: asks the sidecar if there is a `service.url`, checks here otherwise."""
    if settings.service.url:
        return _remote_guard(settings)
    return build_station(settings).guard


def build_inspector(settings: Settings) -> Guard:
    """A guard for looking only: it keeps nothing, here or in the sidecar."""
    if settings.service.url:
        return _remote_guard(settings)
    database = _database(settings)
    snapshot = _live_snapshot(_lists(settings, database))
    checker = _local_checker(settings, snapshot, _live_bank(settings, database), _sandbox(settings))
    return Guard(checker, None, build_policy(settings), settings.sandbox.request_seconds)


def build_station(settings: Settings) -> Station:
    """Lists, matching and quarantine of this process. Raises `StorageFailed`."""
    from upload_guard.quarantine.keeper import QuarantineKeeper
    from upload_guard.quarantine.vault import Vault

    database = _database(settings)
    lists = _lists(settings, database)
    snapshot = _live_snapshot(lists)
    keeper = QuarantineKeeper(database, Vault(settings.vault_dir))
    keeper.recover()
    if missing := lists_not_active(settings, lists):
        log.warning("WARNING: configured, not active: %s", ", ".join(missing))
    sandbox = _sandbox(settings)
    checker = _local_checker(settings, snapshot, _live_bank(settings, database), sandbox)
    guard = Guard(checker, keeper, build_policy(settings), settings.sandbox.request_seconds)
    return Station(guard, checker, snapshot, sandbox, lists, keeper)


def lists_not_active(settings: Settings, lists: ListStore) -> tuple[str, ...]:
    """Lists that somebody has written settings for, and that nothing is checked against."""
    active = {version.list_name for version in lists.versions() if version.active}
    return tuple(sorted(settings.lists.keys() - active))


def open_lists(settings: Settings) -> ListStore:
    """The hash lists of this machine. Raises `StorageFailed`."""
    return _lists(settings, _database(settings))


def open_benign(settings: Settings) -> BenignStore:
    """The benign bank of this machine. Raises `StorageFailed`."""
    return _benign(settings, _database(settings))


def open_cases(settings: Settings) -> Cases:
    """The cases of this machine. Raises `StorageFailed`."""
    from upload_guard.quarantine.cases import Cases
    from upload_guard.quarantine.vault import Vault

    return Cases(_database(settings), Vault(settings.vault_dir))


def build_routes(settings: Settings) -> Routes:
    """The guard of an application with its rules by path."""
    guard = build_guard(settings)
    routes = (_route(settings, guard, route) for route in settings.routes)
    return Routes(tuple(routes), Route("*", build_intake(settings), guard))


def build_policy(settings: Settings, failure: FailureSettings | None = None) -> Policy:
    """The policy, with what differs on a route if `failure` is given."""
    chosen = failure or settings.failure
    modes = {"unreachable": chosen.unreachable, "timeout": chosen.timeout, "error": chosen.error}
    return Policy(
        trust=build_trust(settings),
        unscannable=Action.from_label(chosen.unscannable),
        unreadable=Action.from_label(chosen.unreadable),
        open_on=frozenset(code for code, mode in modes.items() if mode == "open"),
    )


def build_trust(settings: Settings) -> Trust:
    return Trust(
        ceilings=_actions(settings.trust.ceilings()),
        by_list={name: _actions(own.actions) for name, own in settings.lists.items()},
        probation=timedelta(hours=settings.trust.probation_hours),
    )


def build_intake(settings: Settings) -> IntakeRule:
    """How bodies are taken in where no route says otherwise."""
    intake = settings.intake
    limits = IntakeLimits(
        spool_dir=settings.spool_dir,
        max_body=intake.max_body,
        max_text=intake.max_text,
        max_inflated=intake.max_inflated,
        max_files=intake.max_files,
        max_carried=intake.max_carried,
        body_timeout=intake.body_timeout,
        form=FormLimits(intake.max_parts, intake.max_part_header, refuse),
    )
    return IntakeRule(limits, carriers=frozenset(intake.carriers))


def build_assembly(settings: Settings) -> Assembly:
    intake = settings.intake
    return Assembly(
        settings.assembly_dir, intake.max_body, intake.max_unfinished, intake.unfinished_hours * 3600
    )


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


def _actions(ceilings: Mapping[str, Ceiling]) -> dict[str, Action]:
    return {
        category.lower(): Action.ALLOW if ceiling == "ignore" else Action.from_label(ceiling)
        for category, ceiling in ceilings.items()
    }


def _remote_guard(settings: Settings) -> Guard:
    from upload_guard.checkers.remote import RemoteChecker

    service = settings.service
    if service.credentials is None:
        log.warning("WARNING: service.url without service.key_id: no sidecar answers without a key")
    checker = RemoteChecker(
        service.url,
        service.connect_timeout,
        service.timeout,
        credentials=service.credentials,
        authority=service.authority,
    )
    inspector = replace(checker, dry_run=True)
    return Guard(checker, None, build_policy(settings), settings.sandbox.request_seconds, inspector)


def _local_checker(
    settings: Settings, snapshot: LiveSnapshot, bank: LiveBank, sandbox: Sandbox
) -> LocalChecker:
    from upload_guard.checkers.local import LocalChecker

    return LocalChecker(snapshot, bank, sandbox, _distances(settings), _cache(settings), _settles(settings))


def _cache(settings: Settings) -> FindingsCache:
    from upload_guard.checkers.cache import CacheLimits, FindingsCache

    own = settings.cache
    return FindingsCache(CacheLimits(own.entries, own.max_bytes, own.seconds))


def _settles(settings: Settings) -> Settles:
    """No route has a trust of its own, so what settles an upload is the same on all of them."""
    if settings.imaging.decode_on_exact:
        return lambda _: False
    trust = build_trust(settings)
    return lambda matches: settled(matches, trust, datetime.now(UTC))


def _sandbox(settings: Settings) -> Sandbox:
    from upload_guard.imaging.budget import ScanLimits
    from upload_guard.sandbox.pool import Sandbox, SandboxLimits

    imaging, containers, own = settings.imaging, settings.containers, settings.sandbox
    return Sandbox(
        SandboxLimits(
            workers=own.workers,
            memory=own.memory,
            cpu_seconds=own.cpu_seconds,
            wall_seconds=own.wall_seconds,
            queue_seconds=own.queue_seconds,
        ),
        ScanLimits(
            max_pixels=imaging.max_pixels,
            max_total_pixels=imaging.max_total_pixels,
            max_frames=imaging.max_frames,
            min_quality=imaging.min_quality,
            max_depth=containers.max_depth,
            max_files=containers.max_files,
            max_bytes=containers.max_bytes,
            containers=containers.enabled,
        ),
    )


def _distances(settings: Settings) -> DistanceLimits:
    from upload_guard.matching.limits import DistanceLimits

    own = {
        name: _limits(one.pdq_limit, one.phash_limit, one.dhash_limit) for name, one in settings.lists.items()
    }
    trust = settings.trust
    return DistanceLimits(
        default=_limits(trust.pdq_limit, trust.phash_limit, trust.dhash_limit),
        by_list=own,
        review_by_list={
            name: {SignalType.PDQ: one.pdq_review_limit}
            for name, one in settings.lists.items()
            if one.pdq_review_limit is not None
        },
    )


def _limits(pdq: int | None, phash: int | None, dhash: int | None) -> dict[SignalType, int]:
    given = {SignalType.PDQ: pdq, SignalType.PHASH: phash, SignalType.DHASH: dhash}
    return {kind: limit for kind, limit in given.items() if limit is not None}


def _live_snapshot(lists: ListStore) -> LiveSnapshot:
    from upload_guard.matching.live import LiveSnapshot

    return LiveSnapshot(lists)


def _live_bank(settings: Settings, database: Database) -> LiveBank:
    from upload_guard.lists.benign import LiveBank

    return LiveBank(_benign(settings, database))


def _benign(settings: Settings, database: Database) -> BenignStore:
    from upload_guard.lists.benign import BenignStore
    from upload_guard.lists.shipped import ShippedBank

    return BenignStore(database, ShippedBank() if settings.benign.shipped else None)


def _lists(settings: Settings, database: Database) -> ListStore:
    from upload_guard.lists.snapshots import SnapshotFolder
    from upload_guard.lists.store import ListStore

    bank = _benign(settings, database).load
    return ListStore(database, settings.lists_dir, SnapshotFolder(settings.snapshots_dir), bank)


def _database(settings: Settings) -> Database:
    from upload_guard.storage.database import open_database

    return open_database(settings.database_url)
