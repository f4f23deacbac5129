"""What is known of one file or case, explained: found as ever, then searched for what lies farther away."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from upload_guard.checkers.local import LocalChecker
from upload_guard.explanation import Explanation, explain
from upload_guard.policy import Policy
from upload_guard.quarantine.cases import CaseInfo
from upload_guard.records import NOT_DECODED, Findings, Match, SignalType, Upload

# The farthest that settings let any limit reach.
FARTHEST = {SignalType.PDQ: 60, SignalType.PHASH: 16, SignalType.DHASH: 16}


@dataclass(frozen=True, slots=True)
class Explained:
    """`beyond` are entries that the limits do not reach, though others could; nearest first."""

    findings: Findings
    beyond: tuple[Match, ...]
    explanation: Explanation


@dataclass(frozen=True, slots=True)
class Explainer:
    """`policy_of` gives the policy of a route, the general one for none. Keeps nothing and opens no case."""

    checker: LocalChecker
    policy_of: Callable[[str], Policy]
    patience: float

    def of_file(self, upload: Upload) -> Explained:
        """What a check finds in `upload`. Raises `Unavailable`."""
        findings = self.checker.check(upload, time.monotonic() + self.patience)
        return self._explained(findings, upload.digest.sha256, upload.source.site, upload.source.route)

    def of_case(self, case: CaseInfo) -> Explained:
        """What would be found now of a case's file, going by its signals: the file is not read.

        Where it was not decoded then, or no list acts now, what matches nothing is unchecked and never clean.
        """
        compared = self.checker.compare(case.signals, case.sha256, case.site, case.matches)
        findings = replace(
            compared,
            unscannable=case.unscannable,
            unreadable=case.unreadable,
            degraded=case.degraded,
            unchecked=compared.unchecked or ("not_decoded" if NOT_DECODED in case.degraded else ""),
        )
        return self._explained(findings, case.sha256, case.site, case.route)

    def _explained(self, findings: Findings, sha256: bytes, site: str, route: str) -> Explained:
        limits = self.checker.distances
        # A plug-in's limit is a quarter of its bits at most.
        plugged = {kind: kind.size * 2 for kind in self.checker.snapshot().looks if kind.plugged}
        far = replace(self.checker, distances=limits.reaching(FARTHEST | plugged))
        found = far.compare(findings.signals, sha256, site).matches
        beyond = sorted(
            (
                match
                for match in found
                if match.distance > limits.review_limit(match.signal_type, match.list_name)
            ),
            key=lambda match: match.distance,
        )
        policy, now = self.policy_of(route), datetime.now(UTC)
        return Explained(findings, tuple(beyond), explain(findings, policy, now, limits, tuple(beyond)))
