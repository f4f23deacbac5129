"""Rows that no upload waits for: written a second or two later, together with those of others.

A process that ends loses what is not written yet.
"""

from __future__ import annotations

import threading
from typing import Generic, TypeVar

from upload_guard.errors import StorageFailed
from upload_guard.forks import forget_in_children
from upload_guard.storage.database import Database
from upload_guard.storage.tables import Base

_MOST_WAITING = 32 << 20
Row = TypeVar("Row", bound=Base)


class WaitingRows(Generic[Row]):
    """`what` they are, in errors. Safe for threads and forks."""

    def __init__(self, database: Database, what: str) -> None:
        self._database = database
        self._what = what
        self._begin()
        forget_in_children(self)

    def _begin(self) -> None:
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._waiting: list[tuple[Row, int]] = []
        self._size = 0

    def forget(self) -> None:
        """In a forked child: what waits is for the parent to write."""
        self._begin()

    def add(self, row: Row, size: int) -> None:
        """Have it written soon. Raises `StorageFailed` where so many bytes wait that it is left out."""
        with self._lock:
            if self._size + size > _MOST_WAITING:
                raise StorageFailed(f"{self._what} is not written as fast as uploads come")
            self._waiting.append((row, size))
            self._size += size

    def flush(self) -> None:
        """Write what waits, every second or so. Raises `StorageFailed`, and then it goes on waiting."""
        with self._writing:
            with self._lock:
                waiting = tuple(self._waiting)
            if not waiting:
                return
            with self._database.session() as session:
                session.add_all(row for row, _ in waiting)
            with self._lock:
                del self._waiting[: len(waiting)]
                self._size -= sum(size for _, size in waiting)
