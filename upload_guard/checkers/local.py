"""Checks in this process: the sandbox reads the file, the snapshot is searched for what it found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from upload_guard.matching.limits import DistanceLimits
from upload_guard.matching.snapshot import Snapshot
from upload_guard.records import Findings, Upload
from upload_guard.sandbox.pool import Sandbox


@dataclass(frozen=True, slots=True)
class LocalChecker:
    """`snapshot` gives the entries to check against, or raises `NotReady`."""

    snapshot: Callable[[], Snapshot]
    sandbox: Sandbox
    distances: DistanceLimits

    def check(self, upload: Upload, deadline: float) -> Findings:
        """Findings of the file's digests, of all its views and of the files inside it. Raises `Busy`.

        What could not be read by `deadline` is unscannable.
        """
        snapshot = self.snapshot()
        if not snapshot.size:
            return Findings(unchecked="no_list")
        if not upload.digests.size:
            # Real lists hold the digest of the empty file by accident; nothing is in it to be found.
            return Findings(degraded=("empty",))
        analysis = self.sandbox.analyse(upload.content, deadline)
        signals = upload.digests.signals() + analysis.signals
        return Findings(
            signals=signals,
            matches=snapshot.find(signals, self.distances),
            unscannable=analysis.unscannable,
            unreadable=analysis.unreadable,
            degraded=analysis.degraded,
        )
