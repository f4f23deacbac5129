"""A circuit breaker (M. Nygard, Release It!) before one check service, by pybreaker.

pybreaker ends a pause by the wall clock, and then lets all callers try at once: here one question at a time
is the trial, by the monotonic clock, and costs no more than one upload its patience.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock

from pybreaker import STATE_CLOSED, CircuitBreaker, CircuitBreakerError

from upload_guard.errors import UpstreamUnreachable

# Never by pybreaker's own clock: ten years.
_NO_END = 315_360_000.0


class Circuit:
    """Opens after `failures` in a row; every `pause` seconds from then on one call is let through."""

    def __init__(self, failures: int, pause: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._breaker = CircuitBreaker(
            fail_max=failures, reset_timeout=_NO_END, throw_new_error_on_trip=False
        )
        self._pause = pause
        self._clock = clock
        self._lock = Lock()
        self._next_trial = 0.0

    @property
    def is_open(self) -> bool:
        """Whether calls are held back, but for a trial now and then."""
        return bool(self._breaker.current_state != STATE_CLOSED)

    @contextmanager
    def calling(self) -> Iterator[None]:
        """A call that was admitted: whatever it raises is a failure."""
        try:
            with self._breaker.calling():
                yield
        except CircuitBreakerError:
            # Others that were admitted with it have failed meanwhile.
            raise UpstreamUnreachable(_OPEN) from None
        except Exception:
            self._next_trial = self._clock() + self._pause
            raise

    def admit(self) -> None:
        """Raises `UpstreamUnreachable` where no call is to be made now."""
        with self._lock:
            if not self.is_open:
                return
            if self._clock() < self._next_trial:
                raise UpstreamUnreachable(_OPEN)
            # Whoever comes before this trial has ended finds the next one far enough away.
            self._next_trial = self._clock() + self._pause
            self._breaker.half_open()


_OPEN = "it failed several times in a row and is given a rest"
