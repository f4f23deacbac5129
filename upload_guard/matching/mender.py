"""Building what is missing in a thread of its own, ever more rarely where that fails."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from upload_guard.errors import UploadGuardError

log = logging.getLogger(__name__)

FIRST_PAUSE = 5.0
_LONGEST_PAUSE = 300.0


class Mender:
    """Calls `build`, which may take long, and at most once at a time. For one caller; survives a fork.

    A pause follows each attempt, twice as long as the one before, until `all_well` is said: building reads
    all lists, and what stops it is seldom gone at once.
    """

    def __init__(self, build: Callable[[], None], first_pause: float = FIRST_PAUSE) -> None:
        self._build = build
        self._first_pause = self._pause = first_pause
        self._not_before = 0.0
        self._thread: threading.Thread | None = None
        self.attempts = 0
        """How many have ended, well or not."""
        self.fault = ""
        """Why the last one failed; empty where it did not."""

    @property
    def building(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def begin(self) -> None:
        """Build, unless that is going on already or the pause is."""
        if self.building or time.monotonic() < self._not_before:
            return
        self._thread = threading.Thread(target=self._attempt, name="upload-guard-mender", daemon=True)
        self._thread.start()

    def all_well(self) -> None:
        """The next thing missing is no failure of the last attempt."""
        self._pause, self._not_before, self.fault = self._first_pause, 0.0, ""

    def _attempt(self) -> None:
        fault = ""
        try:
            self._build()
        except UploadGuardError as error:
            fault = str(error)
        except Exception as error:
            log.exception("lists could not be built")
            fault = f"a fault of our own: {type(error).__name__}"
        self.fault = fault
        self._not_before = time.monotonic() + self._pause
        self._pause = min(self._pause * 2, _LONGEST_PAUSE)
        self.attempts += 1
