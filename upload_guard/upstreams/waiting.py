"""Waiting for what nobody can break off, such as a resolver, and no longer than there is time."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

from upload_guard.forks import forget_in_children

Made = TypeVar("Made")

MOST_LEFT = 32
"""Threads for one peer that nobody waits for any more and that have not ended."""


class _Left:
    """Counts them, by peer, in this process."""

    def __init__(self) -> None:
        self.forget()
        forget_in_children(self)

    def forget(self) -> None:
        self._lock = threading.Lock()
        self._of: Counter[str] = Counter()

    def refuse_more(self, whom: str) -> None:
        with self._lock:
            count = self._of[whom]
        if count >= MOST_LEFT:
            raise TimeoutError(f"{count} threads wait for {whom} already, in vain")

    def add(self, whom: str, count: int) -> None:
        # A thread may end before it is counted as left behind.
        with self._lock:
            self._of[whom] += count
            if not self._of[whom]:
                del self._of[whom]


_left = _Left()


def within(
    seconds: float | None, make: Callable[[], Made], let_go: Callable[[Made], object], whom: str
) -> Made:
    """What `make` gives, in a thread of its own. Raises what it raises, and `TimeoutError` once time is up.

    It goes on by itself then; `let_go` gets what comes of it too late. `whom` names the peer: where
    `MOST_LEFT` go on for it, `TimeoutError` is raised at once, so that one that hangs for ever takes no more.
    """
    _left.refuse_more(whom)
    made: Future[Made] = Future()

    def work() -> None:
        try:
            found = make()
        except BaseException as fault:  # noqa: BLE001 - it is raised where it is waited for
            if made.set_running_or_notify_cancel():
                made.set_exception(fault)
            else:
                _left.add(whom, -1)
            return
        if made.set_running_or_notify_cancel():
            made.set_result(found)
        else:
            _left.add(whom, -1)
            let_go(found)

    threading.Thread(target=work, name="waited-for", daemon=True).start()
    try:
        return made.result(seconds)
    except TimeoutError:
        if not made.cancel():
            return made.result()
        _left.add(whom, 1)
        raise
