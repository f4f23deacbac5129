"""A queue in a folder of the test's own."""

from __future__ import annotations

from pathlib import Path

from upload_guard.keyring import Keyring
from upload_guard.late.queue import LateLimits, LateQueue

HOUR = 3600.0


def queue_in(
    folder: Path, max_bytes: int = 1 << 20, max_entries: int = 100, max_age: float = 72 * HOUR
) -> LateQueue:
    limits = LateLimits(max_bytes, max_entries, max_age)
    return LateQueue(folder / "late", limits, Keyring(b"k" * 32), folder / "spool")


def files(queue: LateQueue) -> dict[str, bytes]:
    """What lies in the folder, locks left out."""
    return {file.name: file.read_bytes() for file in queue.folder.iterdir() if file.suffix != ".lock"}
