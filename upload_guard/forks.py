"""What threads, locks and waiting rows a forked child has copies of, and must not use."""

from __future__ import annotations

import os
import weakref
from typing import Protocol


class Forgetting(Protocol):
    """Something that belongs to one process."""

    def forget(self) -> None:
        """In a forked child: what is in memory is the parent's; begin anew."""


_known: weakref.WeakSet[Forgetting] = weakref.WeakSet()


def forget_in_children(one: Forgetting) -> None:
    """Have `one.forget()` called in every forked child, for as long as it lives."""
    _known.add(one)


def _forget_all() -> None:
    for one in tuple(_known):
        one.forget()


os.register_at_fork(after_in_child=_forget_all)
