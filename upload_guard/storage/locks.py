"""Locks between processes of one machine, by file. They go with the process that holds them."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import IO

from upload_guard.errors import StorageFailed


@contextmanager
def exclusive_lock(file: Path) -> Iterator[None]:
    """Hold `file` alone; waits for all others. Raises `StorageFailed` if it cannot be made."""
    with _opened(file) as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        with _let_go_of(handle):
            yield


@contextmanager
def shared_lock(file: Path) -> Iterator[None]:
    """Hold `file` beside other shared holders; waits for an exclusive one."""
    with _opened(file) as handle:
        fcntl.flock(handle, fcntl.LOCK_SH)
        with _let_go_of(handle):
            yield


@contextmanager
def exclusive_lock_if_free(file: Path) -> Iterator[bool]:
    """True while held alone, False at once where somebody else holds it."""
    with _opened(file) as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            free = False
        else:
            free = True
        with _let_go_of(handle) if free else nullcontext():
            yield free


@contextmanager
def _let_go_of(handle: IO[str]) -> Iterator[None]:
    """Unlock at the end: closing is not enough where a child forked meanwhile has the handle, too."""
    holder = os.getpid()
    try:
        yield
    finally:
        # That child itself must not unlock what is still held here.
        if os.getpid() == holder:
            fcntl.flock(handle, fcntl.LOCK_UN)


def _opened(file: Path) -> IO[str]:
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        return file.open("a")
    except OSError as error:
        raise StorageFailed(f"{file}: {error.strerror}") from error
