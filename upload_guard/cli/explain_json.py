"""What `upload-guard explain --json` prints: one object that has everything."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from upload_guard.explanation import Change, Explanation, news
from upload_guard.policy import Weighed
from upload_guard.records import Match, Signal, Verdict

if TYPE_CHECKING:
    from upload_guard.checkers.explainer import Explained
    from upload_guard.quarantine.cases import CaseInfo
    from upload_guard.quarantine.showing.history import Said

_Object = dict[str, Any]


@dataclass(frozen=True, slots=True)
class JsonTeller:
    """How it is told: whole hashes or their first 8 digits."""

    whole_hashes: bool = False

    def of_file(self, name: str, told: Explained) -> Iterator[str]:
        yield json.dumps({"file": name} | self._told(told))

    def of_case(self, case: CaseInfo, told: Explained, said: Sequence[Said]) -> Iterator[str]:
        then = {
            "state": case.state.value,
            "created_at": case.created_at.isoformat(),
            "site": case.site,
            "route": case.route,
            "then": {
                "result": case.result,
                "action": case.action,
                "reason": case.reason,
                "matches": [self._match(match) for match in case.matches],
            },
            "changed_since": list(news(case.matches, told.explanation.weighed)),
            "said": [
                {"at": one.at.isoformat(), "by": one.by, "what": one.what, "because": one.because}
                for one in said
            ],
        }
        yield json.dumps({"case": case.number} | then | self._told(told))

    def _told(self, told: Explained) -> _Object:
        explanation, findings = told.explanation, told.findings
        return _verdict(explanation) | {
            "signals": [self._signal(signal) for signal in findings.signals],
            "unscannable": findings.unscannable,
            "unreadable": findings.unreadable,
            "unchecked": findings.unchecked,
            "unanswered": [
                {"upstream": one.upstream, "code": one.code, "why": one.why} for one in findings.unanswered
            ],
            "degraded": list(findings.degraded),
            "matches": [self._weighed(one) for one in explanation.weighed],
            "beyond": [self._match(match) for match in told.beyond],
            "changes": [_change(change) for change in explanation.changes],
        }

    def _hash(self, value: bytes) -> str:
        return value.hex() if self.whole_hashes else value[:4].hex()

    def _signal(self, signal: Signal) -> _Object:
        return {
            "type": signal.type.value,
            "hash": self._hash(signal.value),
            "view": signal.view,
            "variant": signal.variant,
            "quality": signal.quality,
        }

    def _weighed(self, one: Weighed) -> _Object:
        rows = {
            "action": one.action.label,
            "row": one.row.name.lower(),
            "rows": [row.name.lower() for row in (one.found, *one.doubts)],
        }
        return self._match(one.match) | rows

    def _match(self, match: Match) -> _Object:
        return {
            "signal_type": match.signal_type.value,
            "view": match.view,
            "variant": match.variant,
            "distance": match.distance,
            "limit": match.limit,
            "list": match.list_name,
            "version": match.version,
            "origin": match.origin,
            "category": match.category,
            "entry": match.entry,
            "hash": self._hash(match.value),
            "since": match.since.isoformat() if match.since else None,
            "standing": match.standing.value,
            "benign": match.benign.words if match.benign else "",
        }


def _verdict(explanation: Explanation) -> _Object:
    return _outcome(explanation.verdict) | {
        "row": explanation.row.name.lower(),
        "rule": f"{explanation.row.found}; {explanation.row.causes}",
        "sentence": explanation.sentence,
    }


def _outcome(verdict: Verdict) -> _Object:
    return {"result": verdict.result.value, "action": verdict.action.label, "reason": verdict.reason}


def _change(change: Change) -> _Object:
    return {"what": change.what.value, "if": change.words} | _outcome(change.verdict)
