"""What would be said of a case now, and what would change that: `upload-guard explain` in short."""

from __future__ import annotations

from dataclasses import dataclass

from flask_babel import lazy_gettext

from upload_guard.checkers.explainer import Explainer
from upload_guard.errors import Unavailable
from upload_guard.quarantine.cases import CaseInfo
from upload_guard.records import Action

_SHOWN = 8
_DONE = {
    Action.ALLOW: lazy_gettext("it would pass"),
    Action.MONITOR: lazy_gettext("it would pass, and be noted"),
    Action.QUARANTINE: lazy_gettext("it would be held"),
    Action.BLOCK: lazy_gettext("it would be blocked"),
}


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
    changes = tuple(Change(one.words, str(_DONE[one.verdict.action])) for one in mildest[:_SHOWN])
    return Told(explanation.sentence, changes, len(mildest) - len(changes))
