"""What this process counts, for Prometheus: verdicts, requests, stages, faults, decoders, the snapshot.

Under the server all worker processes count into one folder, so that any of them can tell the sum. The name of
every metric begins with upload_guard_; packaging/grafana-dashboard.json draws them.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.mmap_dict import MmapedDict
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

from upload_guard.compose import Station
from upload_guard.errors import UploadGuardError
from upload_guard.records import Findings, Outcome, Upload
from upload_guard.sidecar.shared_counts import VARIABLE
from upload_guard.sidecar.upstream_counters import UpstreamCounters
from upload_guard.stages import Stage

log = logging.getLogger(__name__)

# From a comparison of hashes to an upload that takes all its time.
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


class Counters:
    """One a process, in use from its first request on. Is told of verdicts as `guard.Observer`."""

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()
        self._verdicts = Counter(
            "upload_guard_verdicts", "Uploads by verdict.", ("result", "action"), registry=registry
        )
        self._requests = Counter(
            "upload_guard_requests", "Requests by route and status.", ("route", "status"), registry=registry
        )
        self._seconds = Histogram(
            "upload_guard_request_seconds",
            "Seconds from the first byte of a request to its answer.",
            ("route",),
            buckets=_SECONDS,
            registry=registry,
        )
        self._stages = Histogram(
            "upload_guard_stage_seconds",
            "Seconds of a request that went into a stage.",
            ("stage",),
            buckets=_SECONDS,
            registry=registry,
        )
        self._faults = Counter(
            "upload_guard_faults", "Requests that were answered by an error.", ("code",), registry=registry
        )
        self._killed = Counter(
            "upload_guard_decoders_killed", "Decoder processes that died or were killed.", registry=registry
        )
        self._upstreams = UpstreamCounters(registry)
        self._killed_before = 0
        self._decoders = self._gauge("upload_guard_decoders", "Decoder processes that live.", "livesum")
        self._waiting = self._gauge(
            "upload_guard_decoders_waiting", "Files that wait for a decoder.", "livesum"
        )
        self._since = self._gauge(
            "upload_guard_snapshot_timestamp_seconds",
            "When the entries in force were taken over; of the process that has the oldest.",
            "livemin",
        )
        self._behind = self._gauge(
            "upload_guard_snapshot_faulty",
            "Processes whose entries in force are not the newest.",
            "livesum",
        )

    def _gauge(self, name: str, words: str, mode: str) -> Gauge:
        return Gauge(name, words, registry=self._registry, multiprocess_mode=mode)  # type: ignore[arg-type]

    def note(self, upload: Upload, outcome: Outcome, findings: Findings) -> None:  # noqa: ARG002 - as observers are
        """Count a verdict."""
        verdict = outcome.verdict
        self._verdicts.labels(verdict.result.value, verdict.action.label).inc()

    def fault(self, error: UploadGuardError) -> None:
        """Count an answer that is an error, by its code."""
        self._faults.labels(error.code).inc()

    def request(self, route: str, status: int, seconds: float, laps: Mapping[Stage, float]) -> None:
        """Count a request. `route` is the rule, never the path: there are only so many."""
        self._requests.labels(route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)
        for stage, lap in laps.items():
            self._stages.labels(stage.value).observe(lap)

    def sample(self, station: Station) -> None:
        """Take down how the station is doing; to be called every second or so."""
        sandbox = station.sandbox.status()
        self._decoders.set(sandbox.workers)
        self._waiting.set(sandbox.waiting)
        self._killed.inc(sandbox.killed - self._killed_before)
        self._killed_before = sandbox.killed
        self._since.set(station.snapshot.since)
        self._behind.set(bool(station.snapshot.fault))
        self._upstreams.sample(station.checker.upstreams.standings)

    def registry(self) -> CollectorRegistry:
        """A new registry of what all processes count, to which more may be added."""
        registry = CollectorRegistry()
        if VARIABLE in os.environ:
            MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        else:
            registry.register(self._registry)
        return registry


def forget_process(pid: int) -> None:
    """What only a living process has is no more; what it has counted is added to that of all ended ones.

    For the server's master alone, which is told of one end after another.
    """
    mark_process_dead(pid)  # type: ignore[no-untyped-call]
    for file in Path(os.environ[VARIABLE]).glob(f"*_{pid}.db"):
        try:
            _add_up(file, file.with_name(f"{file.name.split('_')[0]}_ended.db"))
        except Exception as fault:  # noqa: BLE001 - a process killed while it wrote may leave anything
            log.warning("what process %d counted is lost: %s", pid, fault)
        file.unlink()


def _add_up(file: Path, total: Path) -> None:
    counted = MmapedDict.read_all_values_from_file(str(file))  # type: ignore[no-untyped-call]
    kept = MmapedDict(str(total))  # type: ignore[no-untyped-call]
    for key, value, _when, _position in counted:
        before, _ = kept.read_value(key)  # type: ignore[no-untyped-call]
        kept.write_value(key, before + value, 0.0)  # type: ignore[no-untyped-call]
    kept.close()  # type: ignore[no-untyped-call]
