"""No more requests a second than a check service allows."""

from __future__ import annotations

import time
from threading import Lock


class Rate:
    """Requests of this process, evenly apart; `per_second` is 0 for as many as come. Safe for threads."""

    def __init__(self, per_second: float) -> None:
        self._apart = 1 / per_second if per_second else 0.0
        self._lock = Lock()
        self._next = 0.0

    def wait(self, until: float) -> bool:
        """Wait for one's turn; False, at once, where that comes only after `until` (monotonic)."""
        if not self._apart:
            return True
        with self._lock:
            turn = max(self._next, time.monotonic())
            if turn > until:
                return False
            self._next = turn + self._apart
        time.sleep(max(0.0, turn - time.monotonic()))
        return True
