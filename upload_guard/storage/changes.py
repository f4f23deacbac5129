"""Whether anything in the database has changed, asked without reading it.

To open SQLite takes longer than most looks at it, since each new connection reads the whole schema; whoever
looks twice a second asks here first. One connection is kept for that and reads nothing else:
`PRAGMA data_version` (https://www.sqlite.org/pragma.html#pragma_data_version) is another once any other
connection, of any process, has committed. No transaction stays open, so that no checkpoint waits for it.
"""

from __future__ import annotations

import atexit
import sqlite3
import threading
import time
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

from upload_guard.forks import forget_in_children, let_go_before_forks

_Said = TypeVar("_Said")

ASKS_ANEW = 60.0
"""Seconds after which rows are read though nothing seems to have changed, should this be wrong about it."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """What rows said at a mark."""

    mark: object
    at: float
    said: Any


class Changes:
    """Of the database in `file`. Safe for threads; closed before a fork, opened anew where it is needed."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._connections = 0
        self._begin()
        _open.add(self)
        forget_in_children(self)
        let_go_before_forks(self)

    def _begin(self) -> None:
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._inode = 0, 0
        self._ended = False
        self._asked: dict[object, _Asked] = {}

    def mark(self) -> object:
        """Names the state of all rows: two equal ones say that nothing was committed in between.

        One that equals no other where that cannot be told: then rows have to be read, and their fault met.
        """
        with self._lock:
            try:
                return self._mark()
            except (OSError, sqlite3.Error):
                self._close()
                return object()

    def remembered(self, about: object, ask: Callable[[], _Said]) -> _Said:
        """What `ask` said `about` something that rows alone decide; asked again once any may be another."""
        # Before asking, so that what is committed meanwhile is news the next time.
        mark, now = self.mark(), time.monotonic()
        known = self._asked.get(about)
        if known is None or known.mark != mark or now - known.at >= ASKS_ANEW:
            known = self._asked[about] = _Asked(mark, now, ask())
        said: _Said = known.said
        return said

    def close(self) -> None:
        """Let go of the file for good: it is tidied up by the last process that does."""
        with self._lock:
            self._ended = True
            self._close()

    def _mark(self) -> object:
        # A backup that takes the place of the file is another file, and our connection would stay with the
        # old one; where it is copied into that, its size or age changes.
        file = self._file.stat()
        inode = file.st_dev, file.st_ino
        if self._connection is None or inode != self._inode:
            self._open(inode)
        assert self._connection is not None  # noqa: S101 - opened just now
        # All rows of the answer are fetched: a statement that has not ended keeps its transaction open.
        ((version,),) = self._connection.execute("PRAGMA data_version").fetchall()
        return self._connections, version, file.st_size, file.st_mtime_ns

    def _open(self, inode: tuple[int, int]) -> None:
        self._close()
        if self._ended:
            raise sqlite3.ProgrammingError("closed")
        # It makes no file where there is none, and waits for nobody.
        address = f"file:{quote(str(self._file))}?mode=rw"
        self._connection = sqlite3.connect(
            address, uri=True, timeout=0, isolation_level=None, check_same_thread=False
        )
        # Of no two connections can the versions be compared.
        self._connections += 1
        self._inode = inode

    def _close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def before_fork(self) -> None:
        """SQLite's locks are lost on whoever carries a connection into a child."""
        self._lock.acquire()
        self._close()

    def after_fork(self) -> None:
        """In the parent: go on."""
        self._lock.release()

    def forget(self) -> None:
        """In a forked child: begin anew."""
        self._begin()


_open: weakref.WeakSet[Changes] = weakref.WeakSet()


@atexit.register
def _close_all() -> None:
    for changes in tuple(_open):
        changes.close()
