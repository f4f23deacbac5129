"""Checks what passed unchecked, once that can be done, and tells the site what should not have passed."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from upload_guard.errors import (
    BodyTooLarge,
    Busy,
    NotReady,
    SealBroken,
    ServiceRefused,
    ServiceUnreachable,
    StorageFailed,
    UploadGuardError,
    UpstreamSilent,
)
from upload_guard.late.entries import LateEntry, LateMatch
from upload_guard.late.queue import LateQueue
from upload_guard.records import Outcome, Result, Upload

log = logging.getLogger(__name__)

# Nobody answers now, whichever upload is asked about; nor does a sidecar whose key is no longer good.
_NOBODY_THERE = (ServiceUnreachable, ServiceRefused, UpstreamSilent, NotReady, Busy, StorageFailed)
_LONGEST_PAUSE = 3600.0
_LONGEST_WAIT_FOR_SIDECAR = 5.0
# With pauses that double up to an hour, about two days.
_MOST_TELLINGS = 60


@dataclass(frozen=True, slots=True)
class Asked:
    """Who checks. `by_digest` gets an upload that has no bytes and its MD5 and SHA-1 in hex; None where only
    the file could tell. Both raise `Unavailable` and never pass anything unchecked by a policy.
    """

    by_file: Callable[[Upload], Outcome]
    by_digest: Callable[[Upload, LateEntry], Outcome | None]


class LateChecks:
    """Drains `queue`. `tell` is called for each upload that should not have passed; it may raise anything."""

    def __init__(self, queue: LateQueue, asked: Asked, tell: Callable[[LateMatch], object] | None) -> None:
        self._queue = queue
        self._asked = asked
        self._tell = tell
        # By entry, until when it is left alone and for how long; lost with the process, which is no harm.
        self._resting: dict[str, tuple[float, float]] = {}

    def run(self) -> None:
        """Check what is due, until nobody answers. May be killed at any point and run again."""
        self._queue.tidy()
        waiting = dict.fromkeys(self._queue.waiting())
        self._resting = {name: rest for name, rest in self._resting.items() if name in waiting}
        for name in waiting:
            if time.monotonic() < self._resting.get(name, (0.0, 0.0))[0]:
                continue
            try:
                self._handle(name)
            except _NOBODY_THERE as fault:
                log.info("what passed unchecked waits on: %s", fault)
                # It might be this very upload that brings the sidecar down: another one is first next time.
                self._rest(name, _LONGEST_WAIT_FOR_SIDECAR)
                return
            except SealBroken as fault:
                log.warning("ALARM: an upload that passed unchecked cannot be checked: %s", fault)
                self._rest(name)
            except UploadGuardError as fault:
                log.warning("a late check failed and is tried again: %s (%s)", fault.code, fault)
                self._rest(name)

    def _handle(self, name: str) -> None:
        entry = self._queue.read(name)
        if entry is None:
            return
        if entry.result:
            self._deliver(entry)
            return
        if self._queue.is_too_old(entry):
            log.warning(
                "ALARM: an upload to %s was never checked: late.max_age_hours is over", entry.site or "-"
            )
            self._queue.remove(name)
            return
        self._check(entry)

    def _check(self, entry: LateEntry) -> None:
        upload = self._queue.upload(entry)
        if not entry.has_bytes:
            self._settle(entry, self._asked.by_digest(upload, entry))
            return
        try:
            self._settle(entry, self._asked.by_file(upload))
        except BodyTooLarge:
            self._check(self._queue.reduce(entry))

    def _settle(self, entry: LateEntry, outcome: Outcome | None) -> None:
        if outcome is None:
            log.warning("an upload that passed unchecked is no exact copy of a listed file; nobody saw more")
            self._queue.remove(entry.upload_id)
            return
        verdict = outcome.verdict
        if verdict.result is Result.UNCHECKED:
            self._rest(entry.upload_id)
            return
        log.warning(
            "late: %s %s reason=%s case=%s site=%s size=%d passed=%s",
            verdict.action.label,
            verdict.result,
            verdict.reason or "-",
            outcome.case or "-",
            entry.site or "-",
            entry.size,
            entry.cause,
        )
        if not verdict.action.refuses:
            self._queue.remove(entry.upload_id)
            return
        found = replace(entry, result=verdict.result.value, case=outcome.case, has_bytes=False)
        # Written down before anybody is told: a crash from here on tells twice rather than never.
        self._queue.put(found)
        self._deliver(found)

    def _deliver(self, entry: LateEntry) -> None:
        try:
            if self._tell is not None:
                self._tell(entry.match())
        except Exception:
            log.exception("late.on_late_match failed for case %s", entry.case or "-")
            self._deliver_later(replace(entry, attempts=entry.attempts + 1))
            return
        self._queue.remove(entry.upload_id)

    def _deliver_later(self, entry: LateEntry) -> None:
        self._queue.put(entry)
        if entry.attempts < _MOST_TELLINGS:
            self._rest(entry.upload_id)
            return
        log.warning("ALARM: the site could not be told of case %s", entry.case or "-")
        self._queue.give_up_telling(entry.upload_id)

    def _rest(self, name: str, longest: float = _LONGEST_PAUSE) -> None:
        pause = min(self._resting.get(name, (0.0, 0.5))[1] * 2, longest)
        self._resting[name] = (time.monotonic() + pause, pause)
