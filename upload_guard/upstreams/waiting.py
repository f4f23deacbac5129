"""Waiting for what nobody can break off, such as a resolver, and no longer than there is time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

Made = TypeVar("Made")


def within(seconds: float | None, make: Callable[[], Made], let_go: Callable[[Made], object]) -> Made:
    """What `make` gives, in a thread of its own. Raises what it raises, and `TimeoutError` once time is up.

    It goes on by itself then; `let_go` gets what comes of it too late.
    """
    made: Future[Made] = Future()

    def work() -> None:
        try:
            found = make()
        except BaseException as fault:  # noqa: BLE001 - it is raised where it is waited for
            if made.set_running_or_notify_cancel():
                made.set_exception(fault)
            return
        if made.set_running_or_notify_cancel():
            made.set_result(found)
        else:
            let_go(found)

    threading.Thread(target=work, name="waited-for", daemon=True).start()
    try:
        return made.result(seconds)
    except TimeoutError:
        if not made.cancel():
            return made.result()
        raise
