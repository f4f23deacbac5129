"""The one place that builds parts from settings. What a deployment does not use is not imported."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from upload_guard.errors import ConfigError
from upload_guard.guard import Guard
from upload_guard.intake.assembly import Assembly
from upload_guard.intake.forms import FormLimits, log_and_go_on, refuse
from upload_guard.intake.rules import Forward, IntakeLimits, IntakeRule, Pieces
from upload_guard.list_settings import Ceiling
from upload_guard.policy import Policy, Trust, settled
from upload_guard.records import EXACT_TYPES, Action, SignalType
from upload_guard.routing import Route, Routes
from upload_guard.settings import FailureSettings, RouteSettings, Settings

if TYPE_CHECKING:
    from upload_guard.checkers.cache import FindingsCache
    from upload_guard.checkers.explainer import Explainer
    from upload_guard.checkers.local import LocalChecker, Settles
    from upload_guard.housekeeping import Housekeeper, Job
    from upload_guard.lists.bank import BenignBank
    from upload_guard.lists.benign import BenignStore
    from upload_guard.lists.breaker import FloodBreaker
    from upload_guard.lists.categories import KnownCategories
    from upload_guard.lists.live import Live
    from upload_guard.lists.opinions import Opinions
    from upload_guard.lists.signal_log import LogReader, SignalLog
    from upload_guard.lists.store import ListStore
    from upload_guard.lists.sync.rows import ExchangeState
    from upload_guard.lists.sync.run import Sync
    from upload_guard.matching.limits import DistanceLimits
    from upload_guard.matching.live import LiveSnapshot
    from upload_guard.quarantine.cases import Cases
    from upload_guard.quarantine.decisions import Decisions
    from upload_guard.quarantine.keeper import QuarantineKeeper
    from upload_guard.quarantine.reevaluation import Reevaluator
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
    housekeeper: Housekeeper


def build_guard(settings: Settings) -> Guard:
    """The guard of an application: asks the sidecar if there is a `service.url`, checks here otherwise."""
    if settings.service.url:
        return _remote_guard(settings)
    return build_station(settings).guard


def build_inspector(settings: Settings) -> Guard:
    """A guard for looking only: it keeps nothing, here or in the sidecar."""
    if settings.service.url:
        return _remote_guard(settings)
    return Guard(build_checker(settings), None, build_policy(settings), settings.sandbox.request_seconds)


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
    checker = _local_checker(settings, database, snapshot, sandbox)
    signal_log = _signal_log(settings, database)
    if signal_log:
        checker = replace(checker, digests=EXACT_TYPES)
    breaker = _breaker(settings, database)
    jobs = _signal_jobs(settings, database, signal_log)
    housekeeper = _housekeeper(settings, breaker, _reevaluator(settings, database, checker), jobs)
    guard = Guard(
        checker=checker,
        keeper=keeper,
        policy=build_policy(settings),
        patience=settings.sandbox.request_seconds,
        observers=(breaker, *([signal_log] if signal_log else []), housekeeper),
    )
    return Station(guard, checker, snapshot, sandbox, lists, keeper, housekeeper)


def lists_not_active(settings: Settings, lists: ListStore) -> tuple[str, ...]:
    """Lists that somebody has written settings for, and that nothing is checked against."""
    active = {version.list_name for version in lists.versions() if version.active}
    return tuple(sorted(settings.lists.keys() - active))


def open_lists(settings: Settings) -> ListStore:
    """The hash lists of this machine. Raises `StorageFailed`."""
    return _lists(settings, _database(settings))


def is_manual(settings: Settings, name: str) -> bool:
    """Whether later versions of a list wait for a person."""
    return name in settings.lists and settings.lists[name].activate == "manual"


def known_categories(settings: Settings, name: str) -> KnownCategories:
    """The categories that some rule names for a list."""
    from upload_guard.lists.categories import KnownCategories

    return KnownCategories(build_trust(settings), name)


def build_sync(settings: Settings, name: str, person: str) -> Sync:
    """What fetches a list from its exchange. Raises `ConfigError` where it has none, and `StorageFailed`."""
    from upload_guard.lists.sync.run import FOLDER, Sync, SyncOrder
    from upload_guard.upstreams.choose import exchange_of

    own = settings.lists.get(name)
    if own is None or own.exchange is None:
        raise ConfigError(f"list {name!r} has no exchange: write one into [lists.{name}.exchange]")
    order = SyncOrder(name, own.exchange.origin, own.exchange.category, person, is_manual(settings, name))
    store = open_lists(settings)
    exchange = exchange_of(own.exchange, own.public_key, store.folder / FOLDER / f"{name}.fetched")
    return Sync(exchange, store, order, known_categories(settings, name))


def exchange_states(settings: Settings) -> Mapping[str, ExchangeState]:
    """How the exchanges of this machine are doing, by list. Raises `StorageFailed`."""
    from upload_guard.lists.sync.rows import exchange_states

    return exchange_states(_database(settings))


def open_benign(settings: Settings) -> BenignStore:
    """The benign bank of this machine. Raises `StorageFailed`."""
    return _benign(settings, _database(settings))


def open_signal_log(settings: Settings, since: datetime) -> LogReader:
    """The uploads in this machine's log from `since` on. Raises `StorageFailed` and `MasterKeyError`."""
    from upload_guard.keyring import open_keyring
    from upload_guard.lists.signal_log import LogReader

    return LogReader(_database(settings), open_keyring(settings), since)


def open_cases(settings: Settings) -> Cases:
    """The cases of this machine. Raises `StorageFailed`."""
    from upload_guard.quarantine.cases import Cases
    from upload_guard.quarantine.vault import Vault

    return Cases(_database(settings), Vault(settings.vault_dir))


def open_decisions(settings: Settings) -> Decisions:
    """What people decide on cases of this machine. Raises `StorageFailed`."""
    from upload_guard.quarantine.decisions import Decisions

    return Decisions(_database(settings))


def open_database_of(settings: Settings) -> Database:
    """The rows of this machine. Raises `StorageFailed`."""
    return _database(settings)


def build_reevaluator(settings: Settings) -> Reevaluator:
    """Judges undecided cases again, as the housekeeping of servers does. Raises `StorageFailed`."""
    database = _database(settings)
    snapshot = _live_snapshot(_lists(settings, database))
    checker = _local_checker(settings, database, snapshot, _sandbox(settings))
    return _reevaluator(settings, database, checker)


def open_explainer(settings: Settings) -> Explainer:
    """Explains files and cases by what lies on this machine; keeps nothing. Raises `StorageFailed`."""
    from upload_guard.checkers.explainer import Explainer

    checker = build_checker(settings)
    routes = _routes(settings, Guard(checker, None, build_policy(settings)))
    return Explainer(
        checker,
        lambda route: (routes.of(route) if route.startswith("/") else routes.default).guard.policy,
        settings.sandbox.request_seconds,
    )


def build_routes(settings: Settings) -> Routes:
    """The guard of an application with its rules by path."""
    return _routes(settings, build_guard(settings))


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


def build_checker(settings: Settings) -> LocalChecker:
    """One that shares nothing with a station."""
    database = _database(settings)
    snapshot = _live_snapshot(_lists(settings, database))
    return _local_checker(settings, database, snapshot, _sandbox(settings))


def _local_checker(
    settings: Settings, database: Database, snapshot: LiveSnapshot, sandbox: Sandbox
) -> LocalChecker:
    from upload_guard.checkers.local import LocalChecker

    return LocalChecker(
        snapshot=snapshot,
        bank=_live_bank(settings, database),
        opinions=_live_opinions(database),
        sandbox=sandbox,
        distances=_distances(settings),
        cache=_cache(settings),
        settles=_settles(settings),
    )


def _breaker(settings: Settings, database: Database) -> FloodBreaker:
    from upload_guard.keyring import open_keyring
    from upload_guard.lists.breaker import FloodBreaker
    from upload_guard.lists.flood import FloodLimits

    own = settings.breaker
    limits = FloodLimits(own.uploads, own.share, own.sources)
    return FloodBreaker(
        database, open_keyring(settings).subkey("flood breaker"), limits, build_trust(settings)
    )


def _signal_jobs(settings: Settings, database: Database, signal_log: SignalLog | None) -> tuple[Job, ...]:
    from upload_guard.housekeeping import Job
    from upload_guard.lists.signal_log import purge

    days = settings.signal_log.days
    # Whoever switches it off wants nothing kept.
    purging = Job("signal-log-purge", lambda: purge(database, days, datetime.now(UTC)), every=3600.0)
    return (Job("signal-log", signal_log.flush, alone=False), purging) if signal_log else (purging,)


def _housekeeper(
    settings: Settings, breaker: FloodBreaker, reevaluator: Reevaluator, more: tuple[Job, ...]
) -> Housekeeper:
    from upload_guard.housekeeping import Housekeeper, Job

    jobs = (
        Job("breaker-counts", breaker.flush, alone=False),
        Job("breaker-purge", breaker.purge, every=600.0),
        Job("reevaluation", reevaluator.run),
        *more,
    )
    return Housekeeper(jobs, settings.data_dir)


def _reevaluator(settings: Settings, database: Database, checker: LocalChecker) -> Reevaluator:
    from upload_guard.quarantine.reevaluation import Reevaluator
    from upload_guard.quarantine.vault import Vault

    return Reevaluator(
        database=database,
        vault=Vault(settings.vault_dir),
        checker=checker,
        policy=build_policy(settings),
        release=settings.quarantine.on_retraction == "release",
    )


def _signal_log(settings: Settings, database: Database) -> SignalLog | None:
    if not settings.signal_log.days:
        return None
    from upload_guard.keyring import open_keyring
    from upload_guard.lists.signal_log import SignalLog

    return SignalLog(database, open_keyring(settings))


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


def _live_bank(settings: Settings, database: Database) -> Live[BenignBank]:
    from upload_guard.lists.live import Live

    return Live("the benign bank", _benign(settings, database))


def _live_opinions(database: Database) -> Live[Opinions]:
    from upload_guard.lists.live import Live
    from upload_guard.lists.opinions import OpinionStore

    return Live("the opinions", OpinionStore(database))


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
