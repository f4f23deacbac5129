"""A circuit breaker (M. Nygard, Release It!) for one sidecar, by pybreaker.

pybreaker reads the wall clock to end a pause, and several callers may try at once after it: both are done
here, by the monotonic clock, and by a question that costs nobody an upload.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from pybreaker import STATE_OPEN, CircuitBreaker, CircuitBreakerError

from upload_guard.errors import ServiceTimeout, ServiceUnreachable

# Never by pybreaker's own clock: ten years.
_NO_END = 315_360_000.0


class Circuit:
    """Opens after `failures` in a row; then `probe` is asked at most every `pause` seconds whether to go on.

    While it is open, whoever calls hears so at once, or as soon as a probe that is under way has ended.
    """

    def __init__(self, failures: int, pause: float, probe: Callable[[], bool]) -> None:
        self._breaker = CircuitBreaker(
            fail_max=failures, reset_timeout=_NO_END, exclude=[_is_an_answer], throw_new_error_on_trip=False
        )
        self._pause = pause
        self._probe = probe
        self._probing = threading.Lock()
        self._next_probe = 0.0

    @property
    def is_open(self) -> bool:
        return bool(self._breaker.current_state == STATE_OPEN)

    @contextmanager
    def calling(self) -> Iterator[None]:
        """A call: its `ServiceUnreachable` and `ServiceTimeout` are failures, all else is an answer.

        Raises `ServiceUnreachable` where the call is not to be made.
        """
        self._admit()
        try:
            with self._breaker.calling():
                yield
        except CircuitBreakerError:
            raise ServiceUnreachable(_OPEN) from None

    def _admit(self) -> None:
        if not self.is_open:
            return
        with self._probing:
            if self.is_open and not self._answers():
                raise ServiceUnreachable(_OPEN)

    def _answers(self) -> bool:
        """Ask, unless that was done a moment ago. The calls that one good answer lets through are the trial.

        The first probe comes at once: uploads that take too long to check, sent on purpose, must not make a
        sidecar look dead that is not.
        """
        if time.monotonic() < self._next_probe:
            return False
        answers = self._probe()
        self._next_probe = time.monotonic() + self._pause
        if answers:
            self._breaker.half_open()
        return answers


_OPEN = "the sidecar failed several times in a row and is given a rest"


def _is_an_answer(error: BaseException) -> bool:
    return not isinstance(error, ServiceUnreachable | ServiceTimeout)
