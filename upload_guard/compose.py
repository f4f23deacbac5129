"""The one place that builds parts from settings. What a deployment does not use is not imported."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from upload_guard.guard import Guard
from upload_guard.intake.forms import FormLimits
from upload_guard.intake.receive import IntakeLimits
from upload_guard.policy import Policy, Trust
from upload_guard.records import Action, SignalType
from upload_guard.settings import Ceiling, Settings

if TYPE_CHECKING:
    from upload_guard.checkers.local import LocalChecker
    from upload_guard.lists.store import ListStore
    from upload_guard.matching.live import LiveSnapshot
    from upload_guard.matching.snapshot import DistanceLimits
    from upload_guard.quarantine.cases import Cases
    from upload_guard.quarantine.keeper import QuarantineKeeper
    from upload_guard.storage.database import Database


@dataclass(frozen=True, slots=True)
class Station:
    """A process that checks by itself: its guard, and what health has to look at."""

    guard: Guard
    snapshot: LiveSnapshot
    lists: ListStore
    keeper: QuarantineKeeper


def build_guard(settings: Settings) -> Guard:
    """The guard of an application: asks the sidecar if there is a `service.url`, checks here otherwise."""
    if settings.service.url:
        return _remote_guard(settings, dry_run=False)
    return build_station(settings).guard


def build_inspector(settings: Settings) -> Guard:
    """A guard for looking only: it keeps nothing, here or in the sidecar."""
    if settings.service.url:
        return _remote_guard(settings, dry_run=True)
    checker = _local_checker(settings, _live_snapshot(open_lists(settings)))
    return Guard(checker, None, build_policy(settings))


def build_station(settings: Settings) -> Station:
    """Lists, matching and quarantine of this process. Raises `StorageFailed`."""
    from upload_guard.quarantine.keeper import QuarantineKeeper
    from upload_guard.quarantine.vault import Vault

    database = _database(settings)
    lists = _lists(settings, database)
    snapshot = _live_snapshot(lists)
    keeper = QuarantineKeeper(database, Vault(settings.vault_dir))
    keeper.recover()
    guard = Guard(_local_checker(settings, snapshot), keeper, build_policy(settings))
    return Station(guard, snapshot, lists, keeper)


def open_lists(settings: Settings) -> ListStore:
    """The hash lists of this machine. Raises `StorageFailed`."""
    return _lists(settings, _database(settings))


def open_cases(settings: Settings) -> Cases:
    """The cases of this machine. Raises `StorageFailed`."""
    from upload_guard.quarantine.cases import Cases
    from upload_guard.quarantine.vault import Vault

    return Cases(_database(settings), Vault(settings.vault_dir))


def build_policy(settings: Settings) -> Policy:
    failure = settings.failure
    modes = {"unreachable": failure.unreachable, "timeout": failure.timeout, "error": failure.error}
    return Policy(
        trust=build_trust(settings),
        unscannable=Action.from_label(failure.unscannable),
        unreadable=Action.from_label(failure.unreadable),
        open_on=frozenset(code for code, mode in modes.items() if mode == "open"),
    )


def build_trust(settings: Settings) -> Trust:
    return Trust(
        ceilings=_actions(settings.trust.ceilings()),
        by_list={name: _actions(own.actions) for name, own in settings.lists.items()},
        probation=timedelta(hours=settings.trust.probation_hours),
    )


def build_intake(settings: Settings) -> IntakeLimits:
    intake = settings.intake
    return IntakeLimits(
        spool_dir=settings.spool_dir,
        max_body=intake.max_body,
        form=FormLimits(intake.max_parts, intake.max_part_header),
    )


def _actions(ceilings: Mapping[str, Ceiling]) -> dict[str, Action]:
    return {
        category.lower(): Action.ALLOW if ceiling == "ignore" else Action.from_label(ceiling)
        for category, ceiling in ceilings.items()
    }


def _remote_guard(settings: Settings, *, dry_run: bool) -> Guard:
    from upload_guard.checkers.remote import RemoteChecker

    service = settings.service
    checker = RemoteChecker(service.url, service.connect_timeout, service.timeout, dry_run)
    return Guard(checker, None, build_policy(settings))


def _local_checker(settings: Settings, snapshot: LiveSnapshot) -> LocalChecker:
    from upload_guard.checkers.local import LocalChecker
    from upload_guard.imaging.budget import ScanLimits

    imaging = settings.imaging
    limits = ScanLimits(
        max_pixels=imaging.max_pixels,
        max_total_pixels=imaging.max_total_pixels,
        max_frames=imaging.max_frames,
        min_quality=imaging.min_quality,
    )
    return LocalChecker(snapshot, limits, _distances(settings))


def _distances(settings: Settings) -> DistanceLimits:
    from upload_guard.matching.snapshot import DistanceLimits

    own = {
        name: {SignalType.PDQ: one.pdq_limit, SignalType.PHASH: one.phash_limit}
        for name, one in settings.lists.items()
    }
    return DistanceLimits(
        default={SignalType.PDQ: settings.trust.pdq_limit, SignalType.PHASH: settings.trust.phash_limit},
        by_list={
            name: {kind: limit for kind, limit in limits.items() if limit is not None}
            for name, limits in own.items()
        },
        review_by_list={
            name: {SignalType.PDQ: one.pdq_review_limit}
            for name, one in settings.lists.items()
            if one.pdq_review_limit is not None
        },
    )


def _live_snapshot(lists: ListStore) -> LiveSnapshot:
    from upload_guard.matching.live import LiveSnapshot

    return LiveSnapshot(lists)


def _lists(settings: Settings, database: Database) -> ListStore:
    from upload_guard.lists.store import ListStore

    return ListStore(database, settings.lists_dir)


def _database(settings: Settings) -> Database:
    from upload_guard.storage.database import open_database

    return open_database(settings.database_url)
