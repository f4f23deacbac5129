"""What the gate costs: a version against the one before, and against the shipped bank, in time and memory.

Random PDQ hashes as arrays; a hundredth is new. The ratio is to building a snapshot of the new version, which
activation does after the gate in any case.
"""

from __future__ import annotations

import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from upload_guard.lists.bank.bank import BenignBank
from upload_guard.lists.bank.shipped import ShippedBank
from upload_guard.lists.gate.gate import Before, examine
from upload_guard.matching.build import Batch, build_snapshot
from upload_guard.matching.layout import ROW, Group
from upload_guard.records import SignalType

_CHUNK = 1 << 16


@dataclass(frozen=True)
class Drawn:
    """So many hashes, beginning with the one of number `first`."""

    entries: int
    first: int

    @property
    def groups(self) -> tuple[Group, ...]:
        return (Group("drawn", 1, "bench", "baseline"),)

    def __iter__(self) -> Iterator[Batch]:
        for start in range(0, self.entries, _CHUNK):
            numbers = np.arange(start, min(start + _CHUNK, self.entries), dtype=np.uint64)
            rows = np.zeros(len(numbers), ROW)
            rows["number"] = numbers + np.uint64(1)
            yield Batch(SignalType.PDQ, _hashes(numbers + np.uint64(self.first)), rows)


def _hashes(numbers: np.ndarray) -> np.ndarray:
    """Four words each, by the mixing of splitmix64 (Steele, Lea and Flood, 2014)."""
    words = numbers[:, None] * np.uint64(4) + np.arange(4, dtype=np.uint64)
    words = (words + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    words = (words ^ (words >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    words = (words ^ (words >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.ascontiguousarray(words ^ (words >> np.uint64(31))).view(np.uint8)


class Peak:
    """The most memory of its own that this process has had, in MiB: mapped files can be written back."""

    def __init__(self) -> None:
        self.mib = 0
        threading.Thread(target=self._watch, daemon=True).start()

    def _watch(self) -> None:
        while True:
            lines = Path("/proc/self/status").read_text().splitlines()
            (own,) = (int(line.split()[1]) for line in lines if line.startswith("RssAnon"))
            self.mib = max(self.mib, own // 1024)
            time.sleep(0.02)


def main() -> None:
    entries = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    bank = BenignBank("", ShippedBank().files)
    watched = Peak()
    time.sleep(0.1)
    before = watched.mib
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        begun = time.perf_counter()
        report = examine(Drawn(entries, entries // 100), Before(Drawn(entries, 0), entries), bank, folder)
        gate = time.perf_counter() - begun
        peak = watched.mib
        begun = time.perf_counter()
        build_snapshot(folder / "snapshot", "bench", 0, Drawn(entries, 0))
        build = time.perf_counter() - begun
    (row,) = report.rows
    print(f"{entries} entries against {entries}, bank of {len(bank.files)} files: {report.decision}")
    print(f"  {row.added} added, {row.removed} removed, {len(report.aside)} put aside")
    print(f"  gate {gate:.1f} s ({entries / gate:,.0f} entries a second), {gate / build:.2f} times building")
    print(f"  peak memory {peak} MiB besides mapped files, {before} before it began")


if __name__ == "__main__":
    main()
