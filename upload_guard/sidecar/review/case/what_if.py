"""What would be said of a case now, and what would change that: `upload-guard explain` in short."""

from __future__ import annotations

from dataclasses import dataclass

from upload_guard.checkers.explainer import Explainer
from upload_guard.errors import Unavailable
from upload_guard.explanation import DONE
from upload_guard.quarantine.cases import CaseInfo
from upload_guard.records import Action
from upload_guard.sidecar.review.case.words import say

_SHOWN = 8


@dataclass(frozen=True, slots=True)
class Change:
    """`words` continue "if", in English."""

    words: str
    outcome: str


@dataclass(frozen=True, slots=True)
class Told:
    """`more` changes are left out: those that would make it worse come last."""

    sentence: str
    changes: tuple[Change, ...]
    more: int


def told_now(explainer: Explainer, case: CaseInfo) -> Told | None:
    """None where it cannot be told now, since no list is loaded. The file is not read."""
    try:
        explanation = explainer.of_case(case).explanation
    except Unavailable:
        return None
    mildest = sorted(explanation.changes, key=lambda change: change.verdict.action)
    changes = tuple(Change(one.words, _outcome(one.verdict.action)) for one in mildest[:_SHOWN])
    return Told(explanation.sentence, changes, len(mildest) - len(changes))


def _outcome(action: Action) -> str:
    return say(DONE[action])
