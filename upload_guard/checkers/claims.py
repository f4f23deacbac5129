"""Checks by hashes that somebody else computed, for the customers of a check service.

`by_signals` serves sites, whose files can be had: there hashes refuse and never clear. Here the hashes are
all there is, so an answer is about them alone, and about those that some list could have matched.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime

import numpy as np

from upload_guard.checkers.local import LocalChecker
from upload_guard.customers.offers import Offer
from upload_guard.errors import InvalidHash, ListsMissing, NotCovered
from upload_guard.lists.bank.bank import BenignBank
from upload_guard.moments import utc_now
from upload_guard.records import CANARY, Benign, Findings, Match, Result, Signal, SignalType, Verdict

CLAIMED = frozenset({SignalType.MD5, SignalType.SHA1, SignalType.SHA256, SignalType.PDQ})
"""The types that can be asked about: pHash and dHash never act alone, so no answer could come of them."""


_HEX = re.compile("[0-9A-Fa-f]*")


def signal_of(kind: SignalType, digits: str) -> Signal:
    """A hash as somebody wrote it, in hex. Raises `InvalidHash`, which does not repeat it."""
    if len(digits) != 2 * kind.size or not _HEX.fullmatch(digits):
        raise InvalidHash(f"{len(digits)} characters are no {kind}")
    return Signal(kind, bytes.fromhex(digits))


def is_told_apart(signal: Signal) -> bool:
    """Not so the PDQ with all bits alike, which is what programs give for a picture too plain to have one.

    No list may hold it (`lists.gate.junk`), so that it is not listed says nothing.
    """
    return signal.type is not SignalType.PDQ or set(signal.value) not in ({0x00}, {0xFF})


@dataclass(frozen=True, slots=True)
class Claim:
    """Hashes that are said to be of one file; at least one, of types in `CLAIMED`.

    Claims of one `upload`, if that is named, are looked up one by one and are one hit.
    """

    signals: tuple[Signal, ...]
    upload: str = ""

    @property
    def sha256(self) -> bytes:
        """Empty where it was not said."""
        return next((one.value for one in self.signals if one.type is SignalType.SHA256), b"")


@dataclass(frozen=True, slots=True)
class Answer:
    """The verdict on a claim, and of which types its hashes were compared with anything at all."""

    verdict: Verdict
    compared: frozenset[SignalType]

    @property
    def listed(self) -> bool:
        """Whether a list says it, and not that it is the canary."""
        return self.verdict.action.refuses and bool(self.verdict.matches)

    @property
    def category(self) -> str:
        """That of the match that decided; empty where none did."""
        return self.verdict.matches[0].category if self.listed else ""


@dataclass(frozen=True, slots=True)
class ClaimChecker:
    """Writes nothing down."""

    checker: LocalChecker
    now: Callable[[], datetime] = field(default=utc_now)

    def check(self, claim: Claim, offer: Offer, site: str) -> Answer:
        """Raises `NotReady`, and `NotCovered` (or `ListsMissing`) where nothing found says nothing."""
        # First: what is loaded meanwhile may be missing here, and is never there too early.
        compared = self._compared(claim, offer)
        verdict = offer.judge(self._found(claim, site), self.now())
        if verdict.result is Result.UNCHECKED:
            raise ListsMissing("no list is active")
        if verdict.result is Result.CLEAN:
            self.ensure_covered(compared, offer)
        return Answer(verdict, compared | _deciding(verdict))

    def ensure_ready(self) -> None:
        """Raises `NotReady` while the lists are not loaded."""
        self.checker.snapshot()

    def ensure_covered(self, compared: frozenset[SignalType], offer: Offer) -> None:
        """Raises `NotCovered`, of which `ListsMissing`, where "not listed" would say nothing."""
        if missing := offer.lists - self.checker.snapshot().lists:
            raise ListsMissing(f"lists that are not active: {', '.join(sorted(missing))}")
        if not compared:
            raise NotCovered("no list in force that counts holds hashes of these types")

    def kinds(self, offer: Offer) -> frozenset[SignalType]:
        """The types of which there are entries that count, in memory: rows may be ahead of it."""
        return self.checker.snapshot().kinds(offer.counts)

    def _compared(self, claim: Claim, offer: Offer) -> frozenset[SignalType]:
        return self.kinds(offer) & {one.type for one in claim.signals if is_told_apart(one)}

    def _found(self, claim: Claim, site: str) -> Findings:
        sha256 = claim.sha256
        before = self.checker.beforehand(sha256) if sha256 else None
        if before is not None and before.canary:
            return before
        found = self.checker.compare(claim.signals, sha256, site)
        if sha256 or not found.matches:
            return found
        # The bank knows files by SHA-256; without one, any digest of theirs has to do.
        bank = self.checker.bank()
        return replace(found, matches=tuple(_with_known_good(match, bank) for match in found.matches))


def _deciding(verdict: Verdict) -> frozenset[SignalType]:
    """The types that told something: the canary is known by its SHA-256, whatever lists there are."""
    matched = frozenset(match.signal_type for match in verdict.matches)
    return matched | {SignalType.SHA256} if verdict.reason == CANARY else matched


def _with_known_good(match: Match, bank: BenignBank) -> Match:
    if not match.exact or match.benign is not None:
        return match
    values = np.frombuffer(match.value, np.uint8).reshape(1, -1)
    known = next(bank.same(match.signal_type, values), None)
    if known is None:
        return match
    return replace(match, benign=Benign(known.file.scope, known.file.name, identical=True))
