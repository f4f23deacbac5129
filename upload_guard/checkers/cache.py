"""What was found in the files just checked, so that a repeat costs a look-up and no decoding.

Findings and no verdicts are kept: what a route's policy makes of them, and keeping what is refused, happens
each time anew. For a short time only: should a file ever take a decoder worker over, what that worker then
said of others does not outlive it by much.
"""

from __future__ import annotations

import sys
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock

from upload_guard.records import Findings, Match, Signal


@dataclass(frozen=True, slots=True)
class CheckKey:
    """All that findings depend on and that may change while the process runs: bytes, lists, benign bank.

    `bank` is the bank's generation, `site` the one whose own known-good files count, empty if it has none.
    Policy is applied to findings later, so nothing of it is here.
    """

    sha256: bytes
    generation: str
    bank: str = ""
    site: str = ""


@dataclass(frozen=True, slots=True)
class CacheLimits:
    """`size` in bytes of memory, `seconds` that an answer is good for; no entries means no cache."""

    entries: int
    size: int
    seconds: float


@dataclass(frozen=True, slots=True)
class _Kept:
    findings: Findings
    size: int
    until: float


class FindingsCache:
    """The least recently used go first. Safe for threads."""

    def __init__(self, limits: CacheLimits, clock: Callable[[], float] = time.monotonic) -> None:
        self._limits = limits
        self._clock = clock
        self._lock = Lock()
        self._kept: OrderedDict[CheckKey, _Kept] = OrderedDict()
        self._size = 0

    def get(self, key: CheckKey) -> Findings | None:
        with self._lock:
            kept = self._kept.get(key)
            if kept is None:
                return None
            if kept.until <= self._clock():
                self._drop(key)
                return None
            self._kept.move_to_end(key)
            return kept.findings

    def put(self, key: CheckKey, findings: Findings) -> None:
        """Keeps findings of a file that was read whole. What was not may be readable the next time."""
        if findings.unscannable or findings.unreadable or findings.unchecked or findings.degraded:
            return
        kept = _Kept(findings, _size_of(findings), self._clock() + self._limits.seconds)
        with self._lock:
            self._drop(key)
            self._kept[key] = kept
            self._size += kept.size
            while len(self._kept) > self._limits.entries or self._size > self._limits.size:
                self._drop(next(iter(self._kept)))

    def _drop(self, key: CheckKey) -> None:
        dropped = self._kept.pop(key, None)
        if dropped is not None:
            self._size -= dropped.size


# The key, the records around the findings and their place in the table.
_OVERHEAD = 1200


def _size_of(findings: Findings) -> int:
    """Bytes of memory. What matches hold of their entry belongs to the snapshot."""
    return (
        _OVERHEAD
        + sum(map(_size_of_signal, findings.signals))
        + sum(sys.getsizeof(match) + _texts(match) for match in findings.matches)
    )


def _size_of_signal(signal: Signal) -> int:
    return sys.getsizeof(signal) + sys.getsizeof(signal.value) + _texts(signal)


def _texts(found: Signal | Match) -> int:
    # And the place in its tuple.
    return sys.getsizeof(found.view) + sys.getsizeof(found.variant) + 8
