"""How a check says that something does not conform."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_SETTLES_WITHIN = 5.0


class NotConformant(AssertionError):
    """What was checked does not keep the contract; the sentence says where."""


def demand(holds: bool, otherwise: str) -> None:
    """Raises `NotConformant` with the sentence `otherwise` unless `holds`."""
    if not holds:
        raise NotConformant(otherwise)


def distance(one: bytes, other: bytes) -> int:
    """Bits in which two hashes of one size differ."""
    return (int.from_bytes(one, "big") ^ int.from_bytes(other, "big")).bit_count()


@contextmanager
def nothing_left_behind(name: str) -> Iterator[None]:
    """Demands that threads and open files are as many afterwards as before (files on Linux only)."""
    before = _threads(), _files()
    yield
    end = time.monotonic() + _SETTLES_WITHIN
    while (_threads() > before[0] or _files() - before[1]) and time.monotonic() < end:
        # Other threads of this process open files of their own, for moments.
        gc.collect()
        time.sleep(0.05)
    threads, files = _threads(), _files() - before[1]
    demand(threads <= before[0], f"{name} leaves {threads - before[0]} threads running")
    demand(not files, f"{name} leaves {len(files)} files open")


def _threads() -> int:
    tasks = Path("/proc/self/task")
    return sum(1 for _ in tasks.iterdir()) if tasks.is_dir() else threading.active_count()


def _files() -> set[tuple[str, str]]:
    """Numbers and names of what is open."""
    opened = Path("/proc/self/fd")
    found = set()
    for one in list(opened.iterdir()) if opened.is_dir() else ():
        # It may be closed by now, as is the one that listed them.
        with suppress(OSError):
            found.add((one.name, str(one.readlink())))
    return found
