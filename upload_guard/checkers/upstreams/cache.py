"""What a check service has answered a moment ago, by keyed digests: no hash can be read from it.

A yes and a no have lifetimes of their own. What was no answer, "cannot be hashed" among it, is not kept.
"""

from __future__ import annotations

import hmac
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from threading import Lock

from upload_guard.records import Signal
from upload_guard.upstreams.services.service import Hit

_KEY_BYTES = 16


@dataclass(frozen=True, slots=True)
class AnswerLimits:
    """For how many seconds a yes and a no are good, and how many are kept."""

    positive: float
    negative: float
    entries: int


class AnswerCache:
    """Of one service. `key` is of this purpose alone. The least recently used go first; safe for threads."""

    def __init__(self, key: bytes, limits: AnswerLimits, clock: Callable[[], float] = time.monotonic) -> None:
        self._key = key
        self._limits = limits
        self._clock = clock
        self._lock = Lock()
        self._kept: OrderedDict[bytes, _Kept] = OrderedDict()

    def of(self, signal: Signal) -> tuple[Hit, ...] | None:
        """The hits by this hash, none for a no; None where it is not known."""
        return self._get(self._named(signal.type.value, signal.value))

    def of_file(self, sha256: bytes) -> tuple[Hit, ...] | None:
        """The same of a file that was sent."""
        return self._get(self._named("file", sha256))

    def note(self, signal: Signal, hits: tuple[Hit, ...]) -> None:
        """Remember that these are all hits by this hash."""
        self._put(self._named(signal.type.value, signal.value), hits)

    def note_file(self, sha256: bytes, hits: tuple[Hit, ...]) -> None:
        """The same of a file that was sent."""
        self._put(self._named("file", sha256), hits)

    def _named(self, kind: str, value: bytes) -> bytes:
        return hmac.digest(self._key, kind.encode() + b"\0" + value, "sha256")[:_KEY_BYTES]

    def _get(self, name: bytes) -> tuple[Hit, ...] | None:
        with self._lock:
            kept = self._kept.get(name)
            if kept is None:
                return None
            if kept.until <= self._clock():
                del self._kept[name]
                return None
            self._kept.move_to_end(name)
            return kept.hits

    def _put(self, name: bytes, hits: tuple[Hit, ...]) -> None:
        limits = self._limits
        until = self._clock() + (limits.positive if hits else limits.negative)
        with self._lock:
            self._kept[name] = _Kept(tuple(replace(hit, signal=None) for hit in hits), until)
            self._kept.move_to_end(name)
            while len(self._kept) > limits.entries:
                self._kept.popitem(last=False)


@dataclass(frozen=True, slots=True)
class _Kept:
    """The hits without the hashes that they are by."""

    hits: tuple[Hit, ...] = field(repr=False)
    until: float
