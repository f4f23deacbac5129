"""What threads, locks and waiting rows a forked child has copies of, and must not use."""

from __future__ import annotations

import os
import threading
import weakref
from typing import Protocol


class Forgetting(Protocol):
    """Something that belongs to one process."""

    def forget(self) -> None:
        """In a forked child: what is in memory is the parent's; begin anew."""


class LettingGo(Protocol):
    """Something that no child may be given a copy of, as an open connection."""

    def before_fork(self) -> None:
        """Let go of it, and have whoever wants it wait until the fork is done."""

    def after_fork(self) -> None:
        """In the parent: go on."""


_known: weakref.WeakSet[Forgetting] = weakref.WeakSet()
_holding: weakref.WeakSet[LettingGo] = weakref.WeakSet()
_forking: list[LettingGo] = []
# Two threads may fork at once. Who comes to hold something must not wait for who waits for them.
_one_at_a_time = threading.Lock()
_registering = threading.RLock()


def forget_in_children(one: Forgetting) -> None:
    """Have `one.forget()` called in every forked child, for as long as it lives."""
    with _registering:
        _known.add(one)


def let_go_before_forks(one: LettingGo) -> None:
    """Have `one` let go around every fork, for as long as it lives."""
    with _registering:
        _holding.add(one)


def _let_go() -> None:
    _one_at_a_time.acquire()
    with _registering:
        holding = tuple(_holding)
    for one in holding:
        one.before_fork()
        _forking.append(one)


def _go_on() -> None:
    while _forking:
        _forking.pop().after_fork()
    _one_at_a_time.release()


def _forget_all() -> None:
    global _one_at_a_time, _registering
    # Their holders are threads of the parent.
    _one_at_a_time, _registering = threading.Lock(), threading.RLock()
    _forking.clear()
    for one in tuple(_known):
        one.forget()


os.register_at_fork(before=_let_go, after_in_parent=_go_on, after_in_child=_forget_all)
