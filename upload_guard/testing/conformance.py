"""How a check says that something does not conform."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


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
    threads, files = _threads(), _files()
    demand(threads <= before[0], f"{name} leaves {threads - before[0]} threads running")
    demand(files <= before[1], f"{name} leaves {files - before[1]} files open")


def _threads() -> int:
    tasks = Path("/proc/self/task")
    return sum(1 for _ in tasks.iterdir()) if tasks.is_dir() else threading.active_count()


def _files() -> int:
    opened = Path("/proc/self/fd")
    return sum(1 for _ in opened.iterdir()) if opened.is_dir() else 0
