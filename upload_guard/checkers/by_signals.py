"""What hashes alone can tell of a file, without its bytes.

They refuse, and never clear: only the file shows what is inside it, what it looks like, and whether it can be
read at all. A file is passed by its hashes only where reading it could change nothing.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from upload_guard.checkers.local import NOTHING, LocalChecker
from upload_guard.checkers.sightings import Sightings
from upload_guard.checkers.wire import NeedFile
from upload_guard.policy import Policy, judge
from upload_guard.records import Findings, Match, Signal, SignalType, Verdict


@dataclass(frozen=True, slots=True)
class Hashes:
    """Of one file, as whoever asks has computed them. `size` in bytes is None where that was not said."""

    signals: tuple[Signal, ...]
    size: int | None = None

    @property
    def sha256(self) -> bytes:
        return next(signal.value for signal in self.signals if signal.type is SignalType.SHA256)

    @property
    def exact(self) -> tuple[Signal, ...]:
        return tuple(signal for signal in self.signals if signal.type.exact)

    @property
    def looks(self) -> tuple[Signal, ...]:
        return tuple(signal for signal in self.signals if not signal.type.exact)


@dataclass(frozen=True, slots=True)
class BySignals:
    """`verdict` is None where only the file tells. `matches` are all that the hashes reach, for those who may
    know; likenesses among them are hints, for whoever hashed the picture may have looked at it otherwise.
    """

    need: NeedFile
    verdict: Verdict | None
    matches: tuple[Match, ...] = ()


@dataclass(frozen=True, slots=True)
class SignalChecker:
    """Writes nothing down: neither a case, nor what the flood breaker counts, comes of a mere claim.

    Check services are asked about the same hashes, `patience` seconds at most; one that does not answer is
    asked again when the file comes.
    """

    checker: LocalChecker
    policy: Policy
    sightings: Sightings
    patience: float = 60.0

    def check(self, hashes: Hashes, site: str) -> BySignals:
        """Raises `NotReady` where nothing can be said."""
        return self._checked(hashes, site, time.monotonic() + self.patience)

    def check_all(self, files: Iterable[Hashes], site: str) -> tuple[BySignals, ...]:
        """The same of each; all of them share `patience`, as the files of one request do."""
        deadline = time.monotonic() + self.patience
        return tuple(self._checked(hashes, site, deadline) for hashes in files)

    def _checked(self, hashes: Hashes, site: str, deadline: float) -> BySignals:
        known = self._known(hashes, site, deadline)
        if known is not None:
            verdict = self._judged(known)
            need = NeedFile.TO_KEEP if verdict.action.refuses else NeedFile.NO
            return BySignals(need, verdict, known.matches)
        found = self.checker.compare_and_ask(hashes.exact, hashes.sha256, site, deadline)
        matches = found.matches
        if hashes.looks:
            matches += self.checker.compare_and_ask(hashes.looks, hashes.sha256, site, deadline).matches
        # The file would bring the same exact matches, and what else it brings can only refuse it as well: a
        # likeness to something good lowers an exact match from block to quarantine, and no further.
        verdict = self._judged(found)
        if verdict.action.refuses:
            return BySignals(NeedFile.TO_KEEP, verdict, matches)
        return BySignals(NeedFile.TO_LOOK, None, matches)

    def _known(self, hashes: Hashes, site: str, deadline: float) -> Findings | None:
        """What reading the file could not change, since there is nothing to compare it with, nothing in it,
        or since the same site has just sent it in and it was read."""
        if hashes.size is None or bool(hashes.size) != (hashes.sha256 == NOTHING):
            before = self.checker.beforehand(hashes.sha256)
            if before is not None:
                return before
        if not self.sightings.has(site, hashes.sha256):
            return None
        recalled = self.checker.recall(hashes.sha256, site, deadline)
        return None if recalled is None or recalled.unanswered else recalled

    def _judged(self, findings: Findings) -> Verdict:
        return judge(findings, self.policy, datetime.now(UTC))
