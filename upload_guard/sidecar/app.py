"""The Flask application of the sidecar. One a worker process, built after the fork."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial

from flask import Flask

from upload_guard import __version__
from upload_guard.checkers.by_signals import SignalChecker
from upload_guard.compose import (
    Station,
    appeals_in,
    beginnings_of,
    build_customers,
    build_intake,
    build_reveals,
    build_station,
    claim_checker_of,
    decisions_of,
    desk_in,
    disclosed_lists,
    explainer_of,
    notices_in,
    open_benign,
    open_placements,
    open_private_checks,
    open_upload_places,
    report_desk,
    statements_in,
    with_signal_checker,
)
from upload_guard.customers.hits import HitKeys, Hits
from upload_guard.customers.opening import outcomes_in
from upload_guard.customers.quotas import Quotas
from upload_guard.housekeeping import Housekeeper, Job
from upload_guard.lists.sharing import Sharing
from upload_guard.machine_keys.keys import KeyStore
from upload_guard.machine_keys.ledger import RowLedger
from upload_guard.machine_keys.opening import open_for_door
from upload_guard.people.opening import open_gate
from upload_guard.quarantine.cases import Cases
from upload_guard.quarantine.custody.exports import Exports
from upload_guard.quarantine.custody.handovers import Handovers
from upload_guard.quarantine.custody.holds import Holds
from upload_guard.quarantine.pictures.groups import Groups
from upload_guard.quarantine.showing.entries import EntryNames
from upload_guard.quarantine.showing.neighbours import Neighbours
from upload_guard.quarantine.showing.outcomes import LateOutcomes
from upload_guard.quarantine.showing.queue import Queue
from upload_guard.reports.desk import Desk as ReportDesk
from upload_guard.settings import Settings
from upload_guard.sidecar.api.bridge import Bridge, bridge_routes
from upload_guard.sidecar.api.cases import case_routes
from upload_guard.sidecar.api.check import Checks, check_routes
from upload_guard.sidecar.api.errors import answer_errors
from upload_guard.sidecar.api.handovers import handover_routes
from upload_guard.sidecar.api.lists import list_routes
from upload_guard.sidecar.api.notices import NoticeDesk, notice_routes
from upload_guard.sidecar.api.openapi import api_application, document_routes
from upload_guard.sidecar.api.outcomes import FollowUp, outcome_routes
from upload_guard.sidecar.api.places import place_routes
from upload_guard.sidecar.api.reports import report_routes
from upload_guard.sidecar.api.requests import take_requests
from upload_guard.sidecar.api.service import service_routes
from upload_guard.sidecar.api.signals import signal_routes
from upload_guard.sidecar.api.statements import statement_routes
from upload_guard.sidecar.api.tickets import Background, Tickets
from upload_guard.sidecar.api.uploads import upload_routes
from upload_guard.sidecar.auth import Doorkeeper, guard_routes
from upload_guard.sidecar.compat.eokm import eokm_routes
from upload_guard.sidecar.compat.hma import Files, hma_routes
from upload_guard.sidecar.compat.private import private_routes
from upload_guard.sidecar.counters import Counters
from upload_guard.sidecar.desk import Desk
from upload_guard.sidecar.fetching import fetcher
from upload_guard.sidecar.health import health_routes
from upload_guard.sidecar.list_work import list_worker
from upload_guard.sidecar.metrics import metrics_routes
from upload_guard.sidecar.private_work import private_preparer
from upload_guard.sidecar.public.house import open_public
from upload_guard.sidecar.public.pages import enabled_pages, public_pages
from upload_guard.sidecar.refusals import Refusals
from upload_guard.sidecar.requests import follow_requests
from upload_guard.sidecar.review.house import Review
from upload_guard.sidecar.review.languages import speak
from upload_guard.sidecar.review.pages import review_pages
from upload_guard.sidecar.review.strangers import Strangers
from upload_guard.statements.delays import Delays


@dataclass(frozen=True, slots=True)
class Sidecar:
    """The service, and what it does by itself once it is started."""

    app: Flask
    station: Station
    threads: tuple[Housekeeper, ...]

    def start(self) -> None:
        """To be called where requests are answered, after all forks."""
        # Warm before the first upload has to wait for it.
        self.station.sandbox.start()
        self.station.snapshot.start()
        for thread in self.threads:
            thread.start()
        # They end with the application.
        self.app.extensions["upload_guard_threads"] = self.threads


def create_app(settings: Settings) -> Flask:
    """The service over the data folder of `settings`, started. Raises `StorageFailed` or `MasterKeyError`."""
    sidecar = assemble(settings)
    sidecar.start()
    return sidecar.app


def assemble(settings: Settings) -> Sidecar:
    """The service before it does anything by itself. Raises `StorageFailed` or `MasterKeyError`."""
    keys, ledger = open_for_door(settings)
    keys.probe()
    counters = Counters()
    station, signals = with_signal_checker(_counted(build_station(settings), counters), settings)
    app = api_application("upload_guard.sidecar", __version__)
    take_requests(app)
    guard_routes(app, Doorkeeper(keys, ledger, settings.sidecar.bearer))
    refusals = Refusals(station.keeper.database)
    answer_errors(app, settings.failure.retry_after, (counters.fault, refusals.note))
    checks = _checks(station, settings)
    cases = Cases(station.keeper.database, station.keeper.vault)
    desk = _desk(station, settings, keys)
    reports = report_desk(settings, cases.database)
    files = Files(checks.rule, station.checker.alone(), station.guard.patience)
    for routes in (
        check_routes(checks),
        signal_routes(signals, ledger),
        service_routes(desk),
        case_routes(cases),
        place_routes(cases, open_placements(settings), partial(beginnings_of, settings)),
        statement_routes(statements_in(settings, cases.database)),
        handover_routes(Handovers(cases.database, cases.vault)),
        list_routes(station.lists, _sharing(station, settings)),
        private_routes(open_private_checks(settings), ledger),
        bridge_routes(_bridge(station, settings, signals, checks, cases)),
        outcome_routes(_follow_up(station, settings, ledger)),
        report_routes(cases, reports),
        notice_routes(NoticeDesk(desk_in(settings, cases.database), notices_in(settings, cases.database))),
        upload_routes(open_upload_places(settings, station.keeper.database)),
    ):
        app.register_api(routes)
    app.register_blueprint(eokm_routes(desk))
    app.register_blueprint(hma_routes(desk, files, station.snapshot))
    app.register_blueprint(document_routes(app))
    app.register_blueprint(health_routes(station, settings))
    app.register_blueprint(metrics_routes(station, settings, counters))
    _pages(app, station, settings, cases, reports)
    follow_requests(app, counters)
    return Sidecar(app, station, _threads(station, settings, counters))


def _pages(app: Flask, station: Station, settings: Settings, cases: Cases, reports: ReportDesk) -> None:
    wanted = enabled_pages(settings)
    if settings.review.enabled or wanted:
        speak(app, settings.review.language)
    # They share what threads there are for who is not logged in.
    strangers = Strangers.among(settings.sidecar.threads)
    if settings.review.enabled:
        review_pages(app, _review(station, settings, cases, reports, strangers))
    if wanted:
        public_pages(app, open_public(settings, station.keeper.database, strangers), wanted)


def _checks(station: Station, settings: Settings) -> Checks:
    # What comes in is one file: whoever asks has looked into the request that carried it.
    rule = replace(build_intake(settings), carriers=frozenset())
    tickets = Tickets(station.keeper.database, station.guard.patience)
    background = Background(tickets, settings.sidecar.threads)
    return Checks(station.guard, rule, tickets, background, settings.failure.retry_after)


def _follow_up(station: Station, settings: Settings, ledger: RowLedger) -> FollowUp:
    deadline = timedelta(hours=settings.follow_up.hours)
    return FollowUp(outcomes_in(settings, station.keeper.database), ledger, deadline)


def _desk(station: Station, settings: Settings, keys: KeyStore) -> Desk:
    # Counts and hits go to rows that every request writes, as those of keys do.
    hits = Hits(keys.database, HitKeys(keys.keyring))
    return Desk(build_customers(settings), claim_checker_of(station), Quotas(keys.database), hits)


def _sharing(station: Station, settings: Settings) -> Sharing:
    return Sharing(station.lists, frozenset(name for name, own in settings.lists.items() if own.share))


def _review(
    station: Station, settings: Settings, cases: Cases, reports: ReportDesk, strangers: Strangers
) -> Review:
    database = station.keeper.database
    return Review(
        settings=settings,
        database=database,
        gate=open_gate(settings, database),
        strangers=strangers,
        cases=cases,
        decisions=decisions_of(station, settings),
        lists=station.lists,
        retention=station.keeper.retention,
        groups=Groups(database),
        queue=Queue(database, timedelta(hours=settings.quarantine.decide_within_hours)),
        entries=EntryNames(database),
        neighbours=Neighbours(database),
        holds=Holds(database),
        exports=Exports(database, cases, settings.spool_dir),
        explainer=explainer_of(settings, station.checker),
        reveals=build_reveals(settings, database) if settings.reveal.roles else None,
        bank=open_benign(settings),
        appeals=appeals_in(settings, database),
        delays=Delays(database),
        reports=reports,
        placements=open_placements(settings),
    )


def _counted(station: Station, counters: Counters) -> Station:
    guard = replace(station.guard, observers=(*station.guard.observers, counters))
    return replace(station, guard=guard)


def _threads(station: Station, settings: Settings, counters: Counters) -> tuple[Housekeeper, ...]:
    """Each does one thing, so that none waits while another takes its time."""
    sampling = Job("sampling", lambda: counters.sample(station), alone=False)
    sampler = Housekeeper((sampling,), settings.data_dir)
    threads = [station.housekeeper, sampler]
    if settings.sidecar.sync:
        threads.append(fetcher(settings))
    if disclosed_lists(settings):
        threads.append(private_preparer(settings, station.lists))
    if settings.review.enabled:
        threads.append(list_worker(settings, station.lists.database))
    return tuple(threads)


def _bridge(
    station: Station, settings: Settings, signals: SignalChecker, checks: Checks, cases: Cases
) -> Bridge:
    outcomes = LateOutcomes(station.keeper.database)
    return Bridge(checks, signals, station.snapshot, cases, outcomes, remembers=settings.retro.days > 0)
