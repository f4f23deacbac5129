"""Checks in this process: imaging, then matching."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from upload_guard.imaging.budget import Budget, ScanLimits
from upload_guard.imaging.formats import HEAD, sniff
from upload_guard.imaging.signals import image_signals
from upload_guard.matching.snapshot import DistanceLimits, Snapshot
from upload_guard.records import Findings, Upload


@dataclass(frozen=True, slots=True)
class LocalChecker:
    """`snapshot` gives the entries to check against, or raises `NotReady`."""

    snapshot: Callable[[], Snapshot]
    scan: ScanLimits
    distances: DistanceLimits

    def check(self, upload: Upload) -> Findings:
        """Findings of the file's digests and, where it is an image, of all its views."""
        snapshot = self.snapshot()
        if not snapshot.size:
            return Findings(unchecked="no_list")
        if not upload.digests.size:
            # Real lists hold the digest of the empty file by accident; nothing is in it to be found.
            return Findings(degraded=("empty",))
        exact = upload.digests.signals()
        with upload.content.open() as stream:
            image_format = sniff(stream.read(HEAD))
            if image_format is None:
                return Findings(exact, snapshot.find(exact, self.distances))
            stream.seek(0)
            image = image_signals(stream, image_format, Budget(self.scan))
        signals = exact + image.signals
        matches = snapshot.find(signals, self.distances)
        return Findings(signals, matches, unscannable=image.unscannable, degraded=image.degraded)
