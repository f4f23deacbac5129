"""Ten swaps under load."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tests.matching.building import Complete, entry_of, files_of
from tests.matching.swapping import swap_under_load
from tests.support import eventually
from upload_guard.matching.files import SnapshotFiles
from upload_guard.matching.live import LiveSnapshot
from upload_guard.matching.snapshot import Snapshot
from upload_guard.records import Signal, SignalType


@dataclass
class Turning(Complete):
    """A source that puts one of several built snapshots in force."""

    built: list[SnapshotFiles]
    at: int = 0

    def generation(self) -> str:
        return f"generation {self.at}"

    def load(self, before: Snapshot | None) -> Snapshot:
        at = self.at
        files = self.built[at % len(self.built)]
        files.read()
        return Snapshot(f"generation {at}", files)


def test_ten_swaps_under_load_give_no_error_and_no_mixed_answer(tmp_path: Path) -> None:
    rng = np.random.default_rng(11)
    values = [rng.bytes(32) for _ in range(20_000)]
    built = [
        files_of(tmp_path, (entry_of(SignalType.PDQ, value, name) for value in values))
        for name in ("even", "odd")
    ]
    source = Turning(built)
    live = LiveSnapshot(source, look_every=0.05)
    signals = [Signal(SignalType.PDQ, value, f"view {at}") for at, value in enumerate(values[:8])]

    def swap(number: int) -> None:
        source.at = number
        assert eventually(lambda: live().generation == f"generation {number}")
        time.sleep(0.1)

    seen = swap_under_load(live, signals, 10, swap)
    assert seen.errors == []
    assert seen.mixed == 0
    assert seen.answers > 10
    assert set(seen.lists) == {"even", "odd"}
