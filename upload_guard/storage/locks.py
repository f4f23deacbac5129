"""Locks between processes of one machine, by file. They go with the process that holds them."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from upload_guard.errors import StorageFailed


@contextmanager
def exclusive_lock(file: Path) -> Iterator[None]:
    """Hold `file` alone; waits for all others. Raises `StorageFailed` if it cannot be made."""
    with _opened(file) as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


@contextmanager
def shared_lock(file: Path) -> Iterator[None]:
    """Hold `file` beside other shared holders; waits for an exclusive one."""
    with _opened(file) as handle:
        fcntl.flock(handle, fcntl.LOCK_SH)
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
        yield free


def _opened(file: Path) -> IO[str]:
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        return file.open("a")
    except OSError as error:
        raise StorageFailed(f"{file}: {error.strerror}") from error
