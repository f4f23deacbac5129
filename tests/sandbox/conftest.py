"""Sandboxes for tests, and what processes they have."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support import BytesContent
from upload_guard.imaging.budget import ScanLimits
from upload_guard.records import Analysis
from upload_guard.sandbox.pool import Sandbox, SandboxLimits

TASK = "tests.sandbox.tasks:analyse"
MEMORY = 512 << 20
# Decoding in a test draws on small pictures; what is read at once must fit into MEMORY.
SCAN = ScanLimits(max_bytes=64 << 20)


def limits(**changes: float) -> SandboxLimits:
    values: dict[str, float] = {
        "workers": 2,
        "memory": MEMORY,
        "cpu_seconds": 5,
        "wall_seconds": 10,
        "queue_seconds": 5,
    }
    return SandboxLimits(**values | changes)  # type: ignore[arg-type]


@contextmanager
def open_sandbox(task: str = TASK, **changes: float) -> Iterator[Sandbox]:
    sandbox = Sandbox(limits(**changes), SCAN, task)
    try:
        yield sandbox
    finally:
        sandbox.close()


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """With one worker, so that a test meets the worker that the test before has left."""
    with open_sandbox(workers=1) as running:
        yield running


@pytest.fixture(scope="module")
def hasty() -> Iterator[Sandbox]:
    """One worker that may use half a second of processor time, and by the clock enough for a picture."""
    with open_sandbox(workers=1, cpu_seconds=0.5, wall_seconds=2) as running:
        yield running


def tell(sandbox: Sandbox, word: str) -> Analysis:
    """Have a worker obey an order of `tests.sandbox.tasks`."""
    return sandbox.analyse(BytesContent(b"DO " + word.encode()))


def said(sandbox: Sandbox, word: str) -> str:
    return tell(sandbox, word).degraded[0]


def descendants(root: int) -> set[int]:
    """Processes below `root`, the dead that nobody has reaped included."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                stat = (entry / "stat").read_text()
            except OSError:
                continue
            parents[int(entry.name)] = int(stat.rpartition(")")[2].split()[1])
    found = {root}
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return found - {root}


def parent_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def alive(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    # It may end while it is read.
    except (FileNotFoundError, ProcessLookupError):
        return False
