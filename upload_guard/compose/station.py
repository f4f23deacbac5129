"""A process that checks by itself."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from upload_guard.compose.checking import live_snapshot, local_checker, lone_checker, sandbox_of
from upload_guard.compose.rules import build_policy, build_retention, build_trust
from upload_guard.compose.stores import lists_in, lists_not_active, open_audit, open_database_of, vault_in
from upload_guard.guard import Guard
from upload_guard.settings import Settings

if TYPE_CHECKING:
    from upload_guard.checkers.local import LocalChecker
    from upload_guard.housekeeping import Housekeeper
    from upload_guard.lists.breaker import FloodBreaker
    from upload_guard.lists.store import ListStore
    from upload_guard.matching.live import LiveSnapshot
    from upload_guard.quarantine.keeper import QuarantineKeeper
    from upload_guard.quarantine.reevaluation import Reevaluator
    from upload_guard.sandbox.pool import Sandbox
    from upload_guard.storage.database import Database
    from upload_guard.vault.vault import Vault

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


def build_station(settings: Settings) -> Station:
    """Lists, matching and quarantine of this process. Raises `StorageFailed`."""
    from upload_guard.quarantine.keeper import QuarantineKeeper

    database = open_database_of(settings)
    lists = lists_in(settings, database)
    snapshot = live_snapshot(lists)
    vault = vault_in(settings, database)
    # What nobody could open must not grow.
    vault.probe_keys()
    keeper = QuarantineKeeper(database, vault, build_retention(settings))
    keeper.recover()
    if missing := lists_not_active(settings, lists):
        log.warning("WARNING: configured, not active: %s", ", ".join(missing))
    sandbox = sandbox_of(settings)
    checker = local_checker(settings, database, snapshot, sandbox)
    breaker = _breaker(settings, database)
    housekeeper = _housekeeper(settings, breaker, _reevaluator(settings, database, checker), vault)
    guard = Guard(
        checker=checker,
        keeper=keeper,
        policy=build_policy(settings),
        patience=settings.sandbox.request_seconds,
        observers=(breaker, housekeeper),
    )
    return Station(guard, checker, snapshot, sandbox, lists, keeper, housekeeper)


def build_reevaluator(settings: Settings) -> Reevaluator:
    """Judges undecided cases again, as the housekeeping of servers does. Raises `StorageFailed`."""
    return _reevaluator(settings, open_database_of(settings), lone_checker(settings))


def _breaker(settings: Settings, database: Database) -> FloodBreaker:
    from upload_guard.keyring import open_keyring
    from upload_guard.lists.breaker import FloodBreaker
    from upload_guard.lists.flood import FloodLimits

    own = settings.breaker
    limits = FloodLimits(own.uploads, own.share, own.sources)
    return FloodBreaker(
        database, open_keyring(settings).subkey("flood breaker"), limits, build_trust(settings)
    )


def _housekeeper(
    settings: Settings, breaker: FloodBreaker, reevaluator: Reevaluator, vault: Vault
) -> Housekeeper:
    from upload_guard.housekeeping import Housekeeper, Job
    from upload_guard.quarantine.clock import HouseClock
    from upload_guard.quarantine.retention import Expiry
    from upload_guard.vault.rounds import Rounds

    watch = open_audit(settings)
    expiry = Expiry(vault.database, vault, build_retention(settings), HouseClock(vault.database).least)
    jobs = (
        Job("breaker-counts", breaker.flush, alone=False),
        Job("breaker-purge", breaker.purge, every=600.0),
        Job("reevaluation", reevaluator.run),
        Job("expiry", expiry.run, every=60.0),
        Job("vault-rounds", Rounds(vault).run, every=60.0),
        Job("audit-head", watch.export, every=60.0),
        Job("audit-verify", watch.verify, every=6 * 3600.0),
    )
    return Housekeeper(jobs, settings.data_dir)


def _reevaluator(settings: Settings, database: Database, checker: LocalChecker) -> Reevaluator:
    from upload_guard.quarantine.reevaluation import Reevaluator

    return Reevaluator(
        database=database,
        vault=vault_in(settings, database),
        checker=checker,
        policy=build_policy(settings),
        release=settings.quarantine.on_retraction == "release",
    )
