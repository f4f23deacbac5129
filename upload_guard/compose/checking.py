"""A checker of this process, and all that it is made of."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from upload_guard.canary import CANARY_SHA256
from upload_guard.compose.rules import build_trust, rules_of
from upload_guard.compose.stores import benign_in, lists_in, open_database_of
from upload_guard.compose.upstreams import build_upstreams
from upload_guard.policy import settled
from upload_guard.records import SignalType
from upload_guard.settings import Settings

if TYPE_CHECKING:
    from upload_guard.checkers.cache import FindingsCache
    from upload_guard.checkers.local import LocalChecker, Settles
    from upload_guard.imaging.budget import ScanLimits
    from upload_guard.imaging.plugin import Declared
    from upload_guard.lists.bank.bank import BenignBank
    from upload_guard.lists.live import Live
    from upload_guard.lists.opinions import Opinions
    from upload_guard.lists.store import ListStore
    from upload_guard.matching.limits import DistanceLimits
    from upload_guard.matching.live import LiveSnapshot
    from upload_guard.sandbox.pool import Sandbox, SandboxLimits
    from upload_guard.storage.database import Database


def build_checker(settings: Settings) -> LocalChecker:
    """One that shares nothing with a station."""
    database = open_database_of(settings)
    snapshot = live_snapshot(lists_in(settings, database))
    return local_checker(settings, database, snapshot, sandbox_of(settings))


def mark_of_compared(database: Database, checker: LocalChecker) -> Callable[[], object]:
    """For a `Job` that holds rows against what is in force, which a process takes over after rows say so."""
    return lambda: (database.mark(), checker.under())


def local_checker(
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
        canary=CANARY_SHA256 if settings.canary.enabled else b"",
        rules=rules_of(settings),
        upstreams=build_upstreams(settings),
    )


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


def sandbox_of(settings: Settings) -> Sandbox:
    from upload_guard.sandbox.pool import Sandbox

    return Sandbox(sandbox_limits(settings), scan_limits(settings), plugins=declared_in(settings))


def declared_in(settings: Settings) -> tuple[Declared, ...]:
    """The signal types that plug-ins compute."""
    from upload_guard.imaging.plugin import Declared

    types = settings.signal_types
    return tuple(
        Declared(types[name], own.limit, own.plugin, dict(own.options))
        for name, own in settings.signals.items()
    )


def sandbox_limits(settings: Settings) -> SandboxLimits:
    from upload_guard.sandbox.pool import SandboxLimits

    own = settings.sandbox
    return SandboxLimits(
        workers=own.workers,
        memory=own.memory,
        cpu_seconds=own.cpu_seconds,
        wall_seconds=own.wall_seconds,
        queue_seconds=own.queue_seconds,
    )


def scan_limits(settings: Settings) -> ScanLimits:
    from upload_guard.imaging.budget import ScanLimits

    imaging, containers = settings.imaging, settings.containers
    return ScanLimits(
        max_pixels=imaging.max_pixels,
        max_total_pixels=imaging.max_total_pixels,
        max_frames=imaging.max_frames,
        min_quality=imaging.min_quality,
        max_depth=containers.max_depth,
        max_files=containers.max_files,
        max_bytes=containers.max_bytes,
        containers=containers.enabled,
    )


def _distances(settings: Settings) -> DistanceLimits:
    from upload_guard.matching.limits import DistanceLimits

    plugged = settings.signal_types
    own = {
        name: _limits(one.pdq_limit, one.phash_limit, one.dhash_limit)
        | {plugged[signal]: limit for signal, limit in one.signal_limits.items()}
        for name, one in settings.lists.items()
    }
    trust = settings.trust
    return DistanceLimits(
        default=_limits(trust.pdq_limit, trust.phash_limit, trust.dhash_limit)
        | {plugged[name]: one.limit for name, one in settings.signals.items()},
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


def live_snapshot(lists: ListStore) -> LiveSnapshot:
    from upload_guard.matching.live import LiveSnapshot

    return LiveSnapshot(lists)


def _live_bank(settings: Settings, database: Database) -> Live[BenignBank]:
    from upload_guard.lists.live import Live

    return Live("the benign bank", benign_in(settings, database))


def _live_opinions(database: Database) -> Live[Opinions]:
    from upload_guard.lists.live import Live
    from upload_guard.lists.opinions import OpinionStore

    return Live("the opinions", OpinionStore(database))
