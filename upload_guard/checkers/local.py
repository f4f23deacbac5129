"""Checks in this process: the sandbox reads the file, the snapshot is searched for what it found.

The cheap first: a file just checked is not read again, and neither is one that its own digests settle.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from upload_guard.checkers.cache import CheckKey, FindingsCache
from upload_guard.checkers.known_good import with_benign
from upload_guard.digests import exact_signals
from upload_guard.lists.bank import BenignBank
from upload_guard.matching.limits import DistanceLimits
from upload_guard.matching.snapshot import Snapshot
from upload_guard.records import Findings, Match, Signal, SignalType, Upload
from upload_guard.sandbox.pool import Sandbox

Settles = Callable[[tuple[Match, ...]], bool]
"""Whether these matches of an upload's own digests make a verdict that nothing found later can change."""

NOT_DECODED = "not decoded: an exact digest settles it"


@dataclass(frozen=True, slots=True)
class LocalChecker:
    """`snapshot` gives the entries to check against, `bank` known-good images; both may raise `NotReady`."""

    snapshot: Callable[[], Snapshot]
    bank: Callable[[], BenignBank]
    sandbox: Sandbox
    distances: DistanceLimits
    cache: FindingsCache
    settles: Settles

    def check(self, upload: Upload, deadline: float) -> Findings:
        """Findings of the file's digests, of all its views and of the files inside it. Raises `Busy`.

        What could not be read by `deadline` is unscannable.
        """
        snapshot = self.snapshot()
        if not snapshot.size:
            return Findings(unchecked="no_list")
        if not upload.digest.size:
            # Real lists hold the digest of the empty file by accident; nothing is in it to be found.
            return Findings(degraded=("empty",))
        bank = self.bank()
        site = bank.scope_of(upload.source.site)
        key = CheckKey(upload.digest.sha256, snapshot.generation, bank.generation, site)
        known = self.cache.get(key)
        if known is not None:
            return known
        findings = self._found(upload, snapshot, bank, deadline)
        self.cache.put(key, findings)
        return _forgiven(findings) if upload.guessed else findings

    def _found(self, upload: Upload, snapshot: Snapshot, bank: BenignBank, deadline: float) -> Findings:
        site, digests = upload.source.site, _exact(upload, snapshot)
        matches = snapshot.find(digests, self.distances)
        # Whether a listed file looks like a known-good image is seen only by opening it.
        if not bank.has_looks and self.settles(with_benign(matches, digests, bank, site)):
            return Findings(digests, matches, degraded=(NOT_DECODED,))
        analysis = self.sandbox.analyse(upload.content, deadline)
        signals = digests + analysis.signals
        matches += snapshot.find(analysis.signals, self.distances)
        return Findings(
            signals=signals,
            matches=with_benign(matches, signals, bank, site),
            unscannable=analysis.unscannable,
            unreadable=analysis.unreadable,
            degraded=analysis.degraded,
        )


def _exact(upload: Upload, snapshot: Snapshot) -> tuple[Signal, ...]:
    """The upload's own digests of the types that any list holds, and SHA-256."""
    wanted = [kind for kind in (SignalType.MD5, SignalType.SHA1) if snapshot.holds(kind)]
    with upload.content.open() as stream:
        return (*exact_signals(stream, wanted), upload.digest.signal())


NO_FILE = "text that begins like a file"
_NO_FILE_AFTER_ALL = {"undecodable", "truncated", "damaged"}


def _forgiven(findings: Findings) -> Findings:
    """Somebody pasted the beginning of a picture: nothing of it shows, so there is nothing to hold."""
    if any(not signal.type.exact or signal.view for signal in findings.signals):
        return findings
    reasons = {findings.unscannable, findings.unreadable} - {""}
    if not reasons or not reasons <= _NO_FILE_AFTER_ALL:
        return findings
    return replace(findings, unscannable="", unreadable="", degraded=(*findings.degraded, NO_FILE))
