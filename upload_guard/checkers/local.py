"""Checks in this process: the sandbox reads the file, the snapshot is searched for what it found.

The cheap first: a file just checked is not read again, and neither is one that its own digests settle.
Check services are asked meanwhile. What they say is remembered by those who ask them, and never here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace

from upload_guard.checkers.cache import CheckKey, FindingsCache
from upload_guard.checkers.known_good import with_benign
from upload_guard.checkers.upstreams.answers import Answers
from upload_guard.checkers.upstreams.asking import NO_UPSTREAMS, Inquiry, Upstreams
from upload_guard.digests import exact_signals
from upload_guard.errors import Unavailable
from upload_guard.lists.bank.bank import BenignBank
from upload_guard.lists.opinions import Opinions
from upload_guard.matching.limits import DistanceLimits
from upload_guard.matching.snapshot import Snapshot
from upload_guard.records import (
    EXACT_TYPES,
    NOT_DECODED,
    NOT_READ,
    Findings,
    Match,
    Signal,
    SignalType,
    Upload,
)
from upload_guard.sandbox.pool import Sandbox
from upload_guard.stages import Stage, timed

Settles = Callable[[tuple[Match, ...]], bool]
"""Whether these matches of an upload's own digests make a verdict that nothing found later can change."""


@dataclass(frozen=True, slots=True)
class _Held:
    """What one upload is compared with, all of one moment. `listed`: there is any entry that can be met."""

    snapshot: Snapshot
    listed: bool
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

    def with_answers(self, known: Findings, told: Answers, site: str, listed: bool) -> Findings:
        """With what check services said of the same file; the bank may speak for that, too."""
        found = told.added_to(known, listed)
        more = with_benign(told.matches, known.signals, self.bank, site)
        return replace(found, matches=known.matches + more)


@dataclass(frozen=True, slots=True)
class LocalChecker:
    """`snapshot` gives the entries to check against, `bank` known-good images, `opinions` what is thought of
    both here; all may raise `NotReady`. `digests` are the exact types that are computed whatever lists hold:
    where there are any, somebody wants all signals, even if no list is active.
    `canary` is the SHA-256 of the test picture, empty where it is an upload like any other. `rules` names the
    settings by which findings are found and judged: cases are judged again when it changes. `upstreams` are
    the check services that are asked as well.
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
    upstreams: Upstreams = NO_UPSTREAMS

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
        inquiry = self.upstreams.inquire(sha256, deadline, upload)
        if known is None:
            known = self._found(upload, held, deadline, inquiry)
            self.cache.put(key, known)
            known = _forgiven(known) if upload.guessed else known
        if NOT_DECODED not in known.degraded:
            known = held.with_answers(known, inquiry.answers(known.signals), site, held.listed)
        return held.applied_to(known, sha256, site)

    def check_whole(self, upload: Upload, deadline: float) -> Findings:
        """As `check`, and the file is opened whatever its digests say."""
        return replace(self, settles=lambda _: False).check(upload, deadline)

    def alone(self) -> LocalChecker:
        """The same, and no check service is asked; the types of digests stay, since the memory is shared."""
        return replace(
            self, upstreams=self.upstreams.silenced(), digests=self.digests | self.upstreams.digests
        )

    def as_of_now(self, snapshot: Snapshot) -> LocalChecker:
        """The same with these entries, bank and opinions as they are at this moment, and all digests."""
        bank, opinions = self.bank(), self.opinions()
        return replace(
            self,
            snapshot=lambda: snapshot,
            bank=lambda: bank,
            opinions=lambda: opinions,
            digests=EXACT_TYPES,
        )

    def beforehand(self, sha256: bytes) -> Findings | None:
        """What `check` finds of the file with that SHA-256 whatever is in it; None where that matters."""
        return self._beforehand(self._held(), sha256)

    def recall(self, sha256: bytes, site: str, deadline: float) -> Findings | None:
        """What `check` would find of that file without reading it, since it was read here a moment ago."""
        held = self._held()
        known = self.cache.get(held.key(sha256, site))
        if known is None:
            return None
        told = self.upstreams.inquire(sha256, deadline).answers(known.signals)
        return held.applied_to(held.with_answers(known, told, site, held.listed), sha256, site)

    def compare(
        self, signals: tuple[Signal, ...], sha256: bytes, site: str, before: tuple[Match, ...] = ()
    ) -> Findings:
        """What is found now of a file with these signals, its own digests among them; it is not read.

        No check service is asked: of what was found `before`, what they said of it still stands.
        """
        told = Answers(tuple(one for one in before if one.told and one.list_name in self.upstreams.names))
        return self._compared(signals, sha256, site, told)

    def compare_and_ask(
        self, signals: tuple[Signal, ...], sha256: bytes, site: str, deadline: float
    ) -> Findings:
        """The same, and check services are asked about these signals."""
        told = self.upstreams.inquire(sha256, deadline).answers(signals)
        return self._compared(signals, sha256, site, told)

    def _compared(self, signals: tuple[Signal, ...], sha256: bytes, site: str, told: Answers) -> Findings:
        held = self._held()
        if held.snapshot.in_force:
            own = with_benign(held.snapshot.find(signals, self.distances), signals, held.bank, site)
            found = Findings(signals, own)
        else:
            found = Findings(signals, unchecked="" if told.answered else "no_list")
        return held.applied_to(held.with_answers(found, told, site, held.snapshot.in_force), sha256, site)

    def under(self) -> str:
        """`Findings.under` of what would be found now."""
        return self._held().name

    def _held(self) -> _Held:
        snapshot = self.snapshot()
        return _Held(snapshot, self._is_met(snapshot), self.bank(), self.opinions(), self.rules)

    def _is_met(self, snapshot: Snapshot) -> bool:
        """Where all entries are of types that nothing here computes, nothing is compared with anything."""
        kinds = (*SignalType, *self.distances.default)
        return any(snapshot.holds(kind) for kind in kinds)

    def _beforehand(self, held: _Held, sha256: bytes) -> Findings | None:
        # By the upload's own digest only: inside an archive it would hide what lies beside it.
        if sha256 == self.canary:
            return Findings((Signal(SignalType.SHA256, sha256),), under=held.name, canary=True)
        if not held.listed and not self.upstreams:
            return Findings(unchecked="no_list", under=held.name)
        if sha256 == NOTHING:
            # Real lists hold the digest of the empty file by accident; nothing is in it to be found.
            unchecked = "" if held.listed else "no_list"
            return Findings(unchecked=unchecked, degraded=("empty",), under=held.name)
        return None

    def _found(self, upload: Upload, held: _Held, deadline: float, inquiry: Inquiry) -> Findings:
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
        inquiry.ask(digests)
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
            kind
            for kind in (SignalType.MD5, SignalType.SHA1)
            if kind in self.digests or kind in self.upstreams.digests or snapshot.holds(kind)
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
