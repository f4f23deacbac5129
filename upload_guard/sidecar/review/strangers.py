"""How many threads those may keep who are not logged in: uploads are checked by the same ones.

A password takes a fifth of a second to compare, and a service that vouches may take ten seconds to answer.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import BoundedSemaphore

from upload_guard.errors import LogInBusy


@dataclass(frozen=True, slots=True)
class Strangers:
    """`places` of one process."""

    places: BoundedSemaphore

    @classmethod
    def among(cls, threads: int) -> Strangers:
        """One thread of a process is always left, where it has more than one."""
        return cls(BoundedSemaphore(max(1, threads - 1)))

    @contextmanager
    def one(self) -> Iterator[None]:
        """While somebody is looked at. Raises `LogInBusy` at once where all places are taken.

        Whoever waited here would keep a thread as well.
        """
        if not self.places.acquire(blocking=False):
            raise LogInBusy("a log-in was turned away: as many as may be are under way in this process")
        try:
            yield
        finally:
            self.places.release()
