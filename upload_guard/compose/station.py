"""A process that checks by itself."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from upload_guard.compose.checking import (
    build_checker,
    live_snapshot,
    local_checker,
    mark_of_compared,
    sandbox_of,
)
from upload_guard.compose.holdings import removals_job
from upload_guard.compose.incoming import incoming_job
from upload_guard.compose.late import Hook, ask_here, build_late_queue, hook_of, late_job
from upload_guard.compose.mail import mailbox_jobs
from upload_guard.compose.outbox import outbox_jobs, outbox_observers
from upload_guard.compose.reports import report_jobs
from upload_guard.compose.retro import RetroDesk
from upload_guard.compose.rules import (
    build_policy,
    build_retention,
    build_trust,
    strictest_policy,
    two_person_rulings,
)
from upload_guard.compose.statements import statement_jobs
from upload_guard.compose.stores import lists_in, lists_not_active, open_audit, open_database_of, vault_in
from upload_guard.guard import Guard
from upload_guard.records import EXACT_TYPES
from upload_guard.settings import Settings

if TYPE_CHECKING:
    from upload_guard.checkers.local import LocalChecker
    from upload_guard.housekeeping import Housekeeper, Job
    from upload_guard.lists.breaker.breaker import FloodBreaker
    from upload_guard.lists.log.signal_log import SignalLog
    from upload_guard.lists.store import ListStore
    from upload_guard.matching.live import LiveSnapshot
    from upload_guard.quarantine.deciding.decisions import Decisions
    from upload_guard.quarantine.deciding.reevaluation import Reevaluator
    from upload_guard.quarantine.keeper import QuarantineKeeper
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


def build_station(settings: Settings, hook: Hook | None = None) -> Station:
    """Lists, matching and quarantine of this process. Raises `StorageFailed`.

    `hook` is told of what passed unchecked and should not have; else the one that the settings name.
    """
    from upload_guard.housekeeping import Housekeeper, Job
    from upload_guard.quarantine.keeper import QuarantineKeeper
    from upload_guard.statistics.case_lists import note_lists
    from upload_guard.statistics.counting import FLUSH_EVERY, UploadCounter

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
    breaker, signal_log = _breaker(settings, database), _signal_log(settings, database)
    counter = UploadCounter(database)
    retro = RetroDesk(settings, database)
    passed = retro.log() if retro.enabled else None
    if signal_log or passed:
        checker = replace(checker, digests=EXACT_TYPES)
    late = build_late_queue(settings)
    guard = Guard(
        checker=checker,
        keeper=keeper,
        policy=build_policy(settings),
        patience=settings.sandbox.request_seconds,
        observers=(
            breaker,
            counter,
            *([signal_log] if signal_log else []),
            *([passed] if passed else []),
            *outbox_observers(settings, database),
        ),
        late=late,
    )
    jobs = (
        Job("breaker-counts", breaker.flush, alone=False),
        Job("breaker-purge", breaker.purge, every=600.0),
        Job("statistics", counter.flush, every=FLUSH_EVERY, alone=False),
        Job("case-lists", lambda: note_lists(database), every=FLUSH_EVERY, mark=database.mark),
        Job(
            "reevaluation",
            _reevaluator(settings, database, checker).run,
            mark=mark_of_compared(database, checker),
        ),
        *_signal_jobs(settings, database, signal_log),
        retro.purging(),
        *_vault_jobs(settings, vault),
        removals_job(settings, database),
        *outbox_jobs(settings, database),
        incoming_job(settings, guard, keeper),
        *mailbox_jobs(settings, database),
        *report_jobs(settings, database),
        *statement_jobs(settings, database),
    )
    if late is not None:
        jobs += (late_job(late, ask_here(guard, checker), hook or hook_of(settings)),)
    if passed is not None:
        told = hook or hook_of(settings)
        jobs += retro.jobs(passed, retro.passes(lists, checker, keeper), told)
    housekeeper = Housekeeper(jobs, settings.data_dir)
    observing = replace(guard, observers=(*guard.observers, housekeeper))
    return Station(observing, checker, snapshot, sandbox, lists, keeper, housekeeper)


def build_reevaluator(settings: Settings) -> Reevaluator:
    """Judges undecided cases again, as the housekeeping of servers does. Raises `StorageFailed`."""
    return _reevaluator(settings, open_database_of(settings), build_checker(settings))


def open_decisions(settings: Settings) -> Decisions:
    """What people decide on cases of this machine. Raises `StorageFailed`."""
    from upload_guard.quarantine.deciding.decisions import Decisions

    return Decisions(
        open_database_of(settings), build_reevaluator(settings).found_whole, two_person_rulings(settings)
    )


def decisions_of(station: Station, settings: Settings) -> Decisions:
    """What people decide, where the process checks by itself: it can tell what a file matches now."""
    from upload_guard.quarantine.deciding.decisions import Decisions

    database = station.keeper.database
    found = _reevaluator(settings, database, station.checker).found_whole
    return Decisions(database, found, two_person_rulings(settings))


def _breaker(settings: Settings, database: Database) -> FloodBreaker:
    from upload_guard.keyring import open_keyring
    from upload_guard.lists.breaker.breaker import FloodBreaker
    from upload_guard.lists.breaker.flood import FloodLimits
    from upload_guard.storage.database import open_for_requests

    own = settings.breaker
    limits = FloodLimits(own.uploads, own.share, own.sources)
    key = open_keyring(settings).subkey("flood breaker")
    counts = open_for_requests(settings.database_url)
    return FloodBreaker(counts, database, key, limits, build_trust(settings))


def _signal_log(settings: Settings, database: Database) -> SignalLog | None:
    if not settings.signal_log.days:
        return None
    from upload_guard.keyring import open_keyring
    from upload_guard.lists.log.signal_log import SignalLog

    return SignalLog(database, open_keyring(settings))


def _signal_jobs(settings: Settings, database: Database, signal_log: SignalLog | None) -> tuple[Job, ...]:
    from upload_guard.housekeeping import Job
    from upload_guard.lists.log.signal_log import purge

    days = settings.signal_log.days
    # Whoever switches it off wants nothing kept.
    purging = Job("signal-log-purge", lambda: purge(database, days, datetime.now(UTC)), every=3600.0)
    return (Job("signal-log", signal_log.flush, alone=False), purging) if signal_log else (purging,)


def _vault_jobs(settings: Settings, vault: Vault) -> tuple[Job, ...]:
    from upload_guard.housekeeping import Job
    from upload_guard.quarantine.custody.clock import HouseClock
    from upload_guard.quarantine.custody.retention import Expiry
    from upload_guard.vault.rounds import Rounds

    watch = open_audit(settings)
    expiry = Expiry(vault.database, vault, build_retention(settings), HouseClock(vault.database).least)
    return (
        Job("expiry", expiry.run, every=60.0),
        Job("vault-rounds", Rounds(vault).run, every=60.0),
        Job("audit-head", watch.export, every=60.0),
        Job("audit-verify", watch.verify, every=6 * 3600.0),
    )


def _reevaluator(settings: Settings, database: Database, checker: LocalChecker) -> Reevaluator:
    from upload_guard.quarantine.deciding.reevaluation import Reevaluator

    return Reevaluator(
        database=database,
        vault=vault_in(settings, database),
        checker=checker,
        policy=strictest_policy(settings),
        release=settings.quarantine.on_retraction == "release",
    )
