"""Checks in this process: the sandbox reads the file, the snapshot is searched for what it found.

The cheap first: a file just checked is not read again, and neither is one that its own digests settle.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace

from upload_guard.checkers.cache import CheckKey, FindingsCache
from upload_guard.checkers.known_good import with_benign
from upload_guard.digests import exact_signals
from upload_guard.errors import Unavailable
from upload_guard.lists.bank.bank import BenignBank
from upload_guard.lists.opinions import Opinions
from upload_guard.matching.limits import DistanceLimits
from upload_guard.matching.snapshot import Snapshot
from upload_guard.records import NOT_DECODED, NOT_READ, Findings, Match, Signal, SignalType, Upload
from upload_guard.sandbox.pool import Sandbox
from upload_guard.stages import Stage, timed

Settles = Callable[[tuple[Match, ...]], bool]
"""Whether these matches of an upload's own digests make a verdict that nothing found later can change."""


@dataclass(frozen=True, slots=True)
class _Held:
    """What one upload is compared with, all of one moment."""

    snapshot: Snapshot
    bank: BenignBank
    opinions: Opinions
    rules: str

    @property
    def name(self) -> str:
        names = self.snapshot.generation, self.bank.generation, self.opinions.generation, self.rules
        return hashlib.sha256("\0".join(names).encode()).hexdigest()[:32]

    def key(self, sha256: bytes, site: str) -> CheckKey:
        return CheckKey(sha256, self.snapshot.generation, self.bank.generation, self.bank.scope_of(site))

    def applied_to(self, known: Findings, sha256: bytes, site: str) -> Findings:
        return replace(self.opinions.applied_to(known, sha256, site), under=self.name)


@dataclass(frozen=True, slots=True)
class LocalChecker:
    """`snapshot` gives the entries to check against, `bank` known-good images, `opinions` what is thought of
    both here; all may raise `NotReady`. `digests` are the exact types that are computed whatever lists hold:
    where there are any, somebody wants all signals, even if no list is active.
    `canary` is the SHA-256 of the test picture, empty where it is an upload like any other. `rules` names the
    settings by which findings are found and judged: cases are judged again when it changes.
    """

    snapshot: Callable[[], Snapshot]
    bank: Callable[[], BenignBank]
    opinions: Callable[[], Opinions]
    sandbox: Sandbox
    distances: DistanceLimits
    cache: FindingsCache
    settles: Settles
    digests: frozenset[SignalType] = frozenset()
    canary: bytes = b""
    rules: str = ""

    def check(self, upload: Upload, deadline: float) -> Findings:
        """Findings of the file's digests, of all its views and of the files inside it. Raises `Busy`.

        What could not be read by `deadline` is unscannable.
        """
        held = self._held()
        sha256, site = upload.digest.sha256, upload.source.site
        before = self._beforehand(held, sha256)
        if before is not None and before.unchecked:
            return replace(
                self._unlisted(upload, held, deadline), unchecked=before.unchecked, under=held.name
            )
        if before is not None:
            return before
        key = held.key(sha256, site)
        known = self.cache.get(key)
        if known is None:
            known = self._found(upload, held, deadline)
            self.cache.put(key, known)
            known = _forgiven(known) if upload.guessed else known
        return held.applied_to(known, sha256, site)

    def check_whole(self, upload: Upload, deadline: float) -> Findings:
        """As `check`, and the file is opened whatever its digests say."""
        return replace(self, settles=lambda _: False).check(upload, deadline)

    def beforehand(self, sha256: bytes) -> Findings | None:
        """What `check` finds of the file with that SHA-256 whatever is in it; None where that matters."""
        return self._beforehand(self._held(), sha256)

    def recall(self, sha256: bytes, site: str) -> Findings | None:
        """What `check` would find of that file without reading it, since it was read here a moment ago."""
        held = self._held()
        known = self.cache.get(held.key(sha256, site))
        return None if known is None else held.applied_to(known, sha256, site)

    def compare(self, signals: tuple[Signal, ...], sha256: bytes, site: str) -> Findings:
        """What is found now of a file with these signals, its own digests among them; it is not read."""
        held = self._held()
        if not held.snapshot.in_force:
            return Findings(signals, unchecked="no_list", under=held.name)
        matches = with_benign(held.snapshot.find(signals, self.distances), signals, held.bank, site)
        findings = held.opinions.applied_to(Findings(signals, matches), sha256, site)
        return replace(findings, under=held.name)

    def under(self) -> str:
        """`Findings.under` of what would be found now."""
        return self._held().name

    def _held(self) -> _Held:
        return _Held(self.snapshot(), self.bank(), self.opinions(), self.rules)

    def _beforehand(self, held: _Held, sha256: bytes) -> Findings | None:
        # By the upload's own digest only: inside an archive it would hide what lies beside it.
        if sha256 == self.canary:
            return Findings((Signal(SignalType.SHA256, sha256),), under=held.name, canary=True)
        if not held.snapshot.size:
            return Findings(unchecked="no_list", under=held.name)
        if sha256 == NOTHING:
            # Real lists hold the digest of the empty file by accident; nothing is in it to be found.
            return Findings(degraded=("empty",), under=held.name)
        return None

    def _found(self, upload: Upload, held: _Held, deadline: float) -> Findings:
        sha256, site = upload.digest.sha256, upload.source.site
        with timed(Stage.DIGESTS):
            digests = self._exact(upload, held.snapshot)
        with timed(Stage.MATCH):
            matches = held.snapshot.find(digests, self.distances)
        # Whether a listed file looks like a known-good image is seen only by opening it.
        if not held.bank.has_looks:
            weighed = held.opinions.on(with_benign(matches, digests, held.bank, site), sha256, site)
            if self.settles(weighed):
                return Findings(digests, matches, degraded=(NOT_DECODED,))
        with timed(Stage.DECODE):
            analysis = self.sandbox.analyse(upload.content, deadline)
        signals = digests + analysis.signals
        with timed(Stage.MATCH):
            matches += held.snapshot.find(analysis.signals, self.distances)
            matches = with_benign(matches, signals, held.bank, site)
        return Findings(
            signals=signals,
            matches=matches,
            unscannable=analysis.unscannable,
            unreadable=analysis.unreadable,
            degraded=analysis.degraded + self._not_computed(held.snapshot),
        )

    def _not_computed(self, snapshot: Snapshot) -> tuple[str, ...]:
        """What lists hold and no upload is hashed by, since its plug-in is no longer in the settings."""
        return tuple(
            f"{kind} is listed and not computed"
            for kind in snapshot.looks
            if kind.plugged and kind not in self.distances.default
        )

    def _unlisted(self, upload: Upload, held: _Held, deadline: float) -> Findings:
        """All signals, if anybody wants them for a list still to come; they decide nothing."""
        if not self.digests or not upload.digest.size:
            return Findings()
        digests = self._exact(upload, held.snapshot)
        try:
            analysis = self.sandbox.analyse(upload.content, deadline)
        except Unavailable:
            return Findings(digests, degraded=(NOT_READ,))
        partial = (NOT_READ,) if analysis.unscannable or analysis.unreadable else ()
        return Findings(digests + analysis.signals, degraded=analysis.degraded + partial)

    def _exact(self, upload: Upload, snapshot: Snapshot) -> tuple[Signal, ...]:
        """The upload's own digests of the types that any list holds, and SHA-256."""
        wanted = [
            kind for kind in (SignalType.MD5, SignalType.SHA1) if kind in self.digests or snapshot.holds(kind)
        ]
        with upload.content.open() as stream:
            return (*exact_signals(stream, wanted), upload.digest.signal())


NOTHING = hashlib.sha256().digest()
"""The SHA-256 of the empty file."""
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
