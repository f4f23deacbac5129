"""How it goes with check services, for Prometheus: the sums of what each process has asked."""

from __future__ import annotations

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter, Gauge

from upload_guard.checkers.upstreams.tally import Standing


class UpstreamCounters:
    """One a process. What a standing tells counts from its beginning, so only what is new is added."""

    def __init__(self, registry: CollectorRegistry) -> None:
        def counter(name: str, words: str, *labels: str) -> Counter:
            return Counter(f"upload_guard_upstream_{name}", words, ("upstream", *labels), registry=registry)

        self._questions = counter("questions", "Questions to a check service.")
        self._hits = counter("hits", "What it knew of what it was asked about.")
        self._unhashable = counter("unhashable", "Questions that it could not tell anything of.")
        self._failures = counter("failures", "Questions without an answer, by the code of the error.", "code")
        self._seconds = counter("seconds", "Seconds of all questions together.")
        self._recalled = counter("recalled", "Answers that were remembered, yes or no.", "answer")
        self._resting = Gauge(
            "upload_guard_upstream_resting",
            "Processes that give it a rest, since it failed several times in a row.",
            ("upstream",),
            registry=registry,
            multiprocess_mode="livesum",
        )
        self._before: dict[str, Standing] = {}

    def sample(self, standings: Iterable[Standing]) -> None:
        """Take down how it goes; to be called every second or so."""
        for now in standings:
            self._add(self._before.get(now.name, Standing(now.name)), now)
            self._before[now.name] = now

    def _add(self, before: Standing, now: Standing) -> None:
        name = now.name
        self._questions.labels(name).inc(now.questions - before.questions)
        self._hits.labels(name).inc(now.hits - before.hits)
        self._unhashable.labels(name).inc(now.unhashable - before.unhashable)
        self._seconds.labels(name).inc(now.seconds - before.seconds)
        for code, count in now.failures.items():
            self._failures.labels(name, code).inc(count - before.failures.get(code, 0))
        for answer, count in now.recalled.items():
            self._recalled.labels(name, answer).inc(count - before.recalled.get(answer, 0))
        self._resting.labels(name).set(now.resting)
