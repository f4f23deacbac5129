"""GET /metrics: what the processes count, and what the rows say of lists, exchanges, cases and breaker."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from flask import Blueprint, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from upload_guard.compose import Station, exchange_states, exchanges_of, lists_not_active, stale_lists
from upload_guard.errors import UploadGuardError
from upload_guard.lists.breaker.trips import trips
from upload_guard.machine_keys.keys import Scope
from upload_guard.outbox.standing import outbox_standing
from upload_guard.quarantine.cases import count_by_state
from upload_guard.settings import Settings
from upload_guard.sidecar.auth import requires
from upload_guard.sidecar.counters import Counters


def metrics_routes(station: Station, settings: Settings, counters: Counters) -> Blueprint:
    routes = Blueprint("metrics", __name__)

    @routes.get("/metrics")
    @requires(Scope.METRICS)
    def metrics() -> Response:
        registry = counters.registry()
        registry.register(RowCollector(station, settings))
        return Response(exposed(registry), content_type=CONTENT_TYPE_LATEST)

    return routes


def exposed(registry: CollectorRegistry) -> bytes:
    """All metrics in Prometheus's text format 1.0.0."""
    return generate_latest(registry)


# The registry knows collectors by what they are, not by what is in them.
@dataclass(frozen=True, eq=False)
class RowCollector(Collector):
    """Read anew at each scrape. Where rows cannot be had, only `upload_guard_database_up` says so."""

    station: Station
    settings: Settings

    def describe(self) -> Iterable[GaugeMetricFamily]:
        # Otherwise the registry would collect once just to learn the names.
        return ()

    def collect(self) -> Iterator[GaugeMetricFamily]:
        try:
            families = [
                *self._lists(),
                *self._exchanges(),
                *self._cases(),
                *self._breaker(),
                *self._outbox(),
            ]
        except UploadGuardError:
            families = []
        yield _single("upload_guard_database_up", "Whether the rows can be read.", bool(families))
        yield from families

    def _lists(self) -> Iterator[GaugeMetricFamily]:
        entries = _by("upload_guard_list_entries", "Entries of the version that acts.", "list")
        made = _by("upload_guard_list_imported_timestamp_seconds", "When that version was imported.", "list")
        acts = _by("upload_guard_list_activated_timestamp_seconds", "When it began to act.", "list")
        for version in self.station.lists.versions():
            if version.active:
                entries.add_metric([version.list_name], version.entries)
                made.add_metric([version.list_name], version.imported_at.timestamp())
                begun = version.activated_at or version.imported_at
                acts.add_metric([version.list_name], begun.timestamp())
        yield from (entries, made, acts)
        missing = len(lists_not_active(self.settings, self.station.lists))
        yield _single("upload_guard_lists_inactive", "Lists that are configured and do not act.", missing)

    def _exchanges(self) -> Iterator[GaugeMetricFamily]:
        age = _by("upload_guard_exchange_age_seconds", "Since a list was known to be up to date.", "list")
        stale = _by("upload_guard_exchange_stale", "Whether that is too long.", "list")
        failed = _by("upload_guard_exchange_failed", "Whether the last run failed.", "list")
        states, late, now = exchange_states(self.settings), stale_lists(self.settings), datetime.now(UTC)
        for name in exchanges_of(self.settings):
            if state := states.get(name):
                age.add_metric([name], state.age(now).total_seconds())
                stale.add_metric([name], name in late)
                failed.add_metric([name], bool(state.fault))
        yield from (age, stale, failed)

    def _cases(self) -> Iterator[GaugeMetricFamily]:
        cases = _by("upload_guard_cases", "Cases by where they stand.", "state")
        for state, count in count_by_state(self.station.lists.database).items():
            cases.add_metric([state.value], count)
        yield cases

    def _breaker(self) -> Iterator[GaugeMetricFamily]:
        lowered = _by("upload_guard_breaker_entries", "Entries that the flood breaker lowered.", "state")
        counted = Counter(trip.state for trip in trips(self.station.lists.database))
        for state in ("tripped", "confirmed", "lifted"):
            lowered.add_metric([state], counted[state])
        yield lowered

    def _outbox(self) -> Iterator[GaugeMetricFamily]:
        standing = outbox_standing(self.station.lists.database)
        messages = GaugeMetricFamily(
            "upload_guard_outbox_messages", "Messages of the last 30 days.", labels=["kind", "state"]
        )
        for (kind, state), count in standing.counts.items():
            messages.add_metric([kind, state], count)
        yield messages
        failing = len(standing.failing)
        yield _single("upload_guard_outbox_failing", "Recipients not reached at the last try.", failing)


def _by(name: str, words: str, label: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, words, labels=[label])


def _single(name: str, words: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, words, value=value)
