"""The snapshot in force: loaded at first use, replaced within a second of a change, never half."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable
from threading import Lock
from typing import Protocol

from upload_guard.errors import NotReady, UploadGuardError
from upload_guard.matching.snapshot import Snapshot
from upload_guard.records import Entry

log = logging.getLogger(__name__)

_LOOK_EVERY = 1.0


class EntrySource(Protocol):
    """Where active entries come from. `generation` is cheap and changes when they do."""

    def generation(self) -> str: ...

    def load(self) -> tuple[str, Iterable[Entry]]: ...


class LiveSnapshot:
    """Call it for the snapshot to use now. One a process; safe for threads."""

    def __init__(self, source: EntrySource) -> None:
        self._source = source
        self._lock = Lock()
        self._snapshot: Snapshot | None = None
        self._looked_at = float("-inf")
        self.fault = ""
        """Why the entries in force are not the newest, for health; empty where they are."""

    def __call__(self) -> Snapshot:
        """Raises `NotReady` while nothing could be loaded yet; later faults keep the last good one."""
        if time.monotonic() - self._looked_at < _LOOK_EVERY and self._snapshot is not None:
            return self._snapshot
        # Whoever comes while another thread loads goes on with what is there.
        if self._lock.acquire(blocking=self._snapshot is None):
            try:
                self._refresh()
            finally:
                self._lock.release()
        if self._snapshot is None:
            raise NotReady(f"no list could be loaded: {self.fault}")
        return self._snapshot

    def _refresh(self) -> None:
        try:
            if self._snapshot is None or self._source.generation() != self._snapshot.generation:
                self._snapshot = Snapshot(*self._source.load())
            self.fault = ""
        except UploadGuardError as fault:
            if str(fault) != self.fault:
                log.warning("ALARM: lists could not be loaded, the last good ones stay: %s", fault)
            self.fault = str(fault)
        self._looked_at = time.monotonic()
