"""How it goes with one check service, for metrics, health and people."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from threading import Lock


@dataclass(frozen=True, slots=True)
class Standing:
    """Counts of this process since it began, `seconds` of all questions together; `fault` is why the last
    question had no answer, empty where it had one. `failures` are by the code of the error.
    """

    name: str
    questions: int = 0
    hits: int = 0
    unhashable: int = 0
    recalled: Mapping[str, int] = field(default_factory=dict)
    failures: Mapping[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    resting: bool = False
    fault: str = ""


class Tally:
    """Of one service; safe for threads."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._lock = Lock()
        self._questions = self._hits = self._unhashable = 0
        self._seconds = 0.0
        self._recalled = {"positive": 0, "negative": 0}
        self._failures: dict[str, int] = {}
        self._fault = ""

    def answered(self, since: float, hits: int, unhashable: bool) -> None:
        """One question, asked at the moment `since` (monotonic)."""
        with self._lock:
            self._questions += 1
            self._seconds += time.monotonic() - since
            self._hits += hits
            self._unhashable += unhashable
            self._fault = ""

    def failed(self, since: float, code: str, why: str) -> bool:
        """The same of one that had no answer, or could not be asked; whether the one before had one."""
        with self._lock:
            is_news = not self._fault
            self._questions += 1
            self._seconds += time.monotonic() - since
            self._failures[code] = self._failures.get(code, 0) + 1
            self._fault = why
            return is_news

    def recalled(self, positive: bool) -> None:
        """An answer that was still known."""
        with self._lock:
            self._recalled["positive" if positive else "negative"] += 1

    def standing(self, resting: bool) -> Standing:
        with self._lock:
            return Standing(
                name=self._name,
                questions=self._questions,
                hits=self._hits,
                unhashable=self._unhashable,
                recalled=dict(self._recalled),
                failures=dict(self._failures),
                seconds=self._seconds,
                resting=resting,
                fault=self._fault,
            )
