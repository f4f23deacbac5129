"""Which files each site has sent in a moment ago.

Only of these may a digest alone be answered from memory: whoever holds a site's key could learn otherwise
what other sites are being sent.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from threading import Lock

from upload_guard.records import Findings, Outcome, Upload


class Sightings:
    """As `guard.Observer`. At most `entries`, each for `seconds`; safe for threads."""

    def __init__(self, entries: int, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._entries = entries
        self._seconds = seconds
        self._clock = clock
        self._lock = Lock()
        self._until: OrderedDict[tuple[str, bytes], float] = OrderedDict()

    def note(self, upload: Upload, outcome: Outcome, findings: Findings) -> None:  # noqa: ARG002 - as observers are
        """Remember that the upload's site has this file."""
        seen = upload.source.site, upload.digest.sha256
        with self._lock:
            self._until[seen] = self._clock() + self._seconds
            self._until.move_to_end(seen)
            while len(self._until) > self._entries:
                self._until.popitem(last=False)

    def has(self, site: str, sha256: bytes) -> bool:
        """Whether that site has sent in that file."""
        with self._lock:
            return self._until.get((site, sha256), 0.0) > self._clock()
