"""What rows say, as each process has it in memory, looked at again twice a second at most."""

from __future__ import annotations

import logging
import threading
import time
from typing import Generic, Protocol, TypeVar

from upload_guard.errors import NotReady, UploadGuardError
from upload_guard.forks import forget_in_children

log = logging.getLogger(__name__)

_LOOK_EVERY = 0.5


class Dated(Protocol):
    """Something loaded whole; `generation` names its state."""

    @property
    def generation(self) -> str: ...


Loaded = TypeVar("Loaded", bound=Dated)
_Given = TypeVar("_Given", bound=Dated, covariant=True)


class Source(Protocol[_Given]):
    """Where it comes from."""

    def generation(self) -> str:
        """Names the state that `load` would give; cheap."""
        ...

    def load(self) -> _Given: ...


class Live(Generic[Loaded]):
    """Call it for what to use now, at most half a second old. One a process; safe for threads and forks.

    Without any, wrong refusals would be possible, so `NotReady` is raised; later faults keep the last one.
    `what` names it in errors, e.g. "the benign bank".
    """

    def __init__(self, what: str, source: Source[Loaded], look_every: float = _LOOK_EVERY) -> None:
        self._what = what
        self._source = source
        self._look_every = look_every
        self._looked = -look_every
        self._loaded: Loaded | None = None
        self._fault = ""
        self._begin()
        forget_in_children(self)

    def _begin(self) -> None:
        self._lock = threading.Lock()

    def __call__(self) -> Loaded:
        loaded = self._loaded
        if loaded is not None and time.monotonic() - self._looked < self._look_every:
            return loaded
        # Whoever comes while another looks takes what is there.
        if not self._lock.acquire(blocking=loaded is None):
            assert loaded is not None  # noqa: S101 - waited for otherwise
            return loaded
        try:
            return self._look()
        finally:
            self._lock.release()

    def look(self) -> Loaded:
        """What is in force at this moment."""
        with self._lock:
            return self._look()

    def _look(self) -> Loaded:
        try:
            if self._loaded is None or self._source.generation() != self._loaded.generation:
                self._loaded = self._source.load()
        except UploadGuardError as fault:
            if self._loaded is None:
                raise NotReady(f"{self._what} could not be loaded: {fault}") from fault
            self._say(str(fault))
        else:
            self._say("")
        self._looked = time.monotonic()
        return self._loaded

    def _say(self, fault: str) -> None:
        if fault and fault != self._fault:
            log.warning("ALARM: %s could not be loaded, the last good one stays: %s", self._what, fault)
        self._fault = fault

    def forget(self) -> None:
        """In a forked child: a lock that was held is held by nobody."""
        self._begin()
