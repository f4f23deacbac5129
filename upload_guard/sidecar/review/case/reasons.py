"""The reason that a form gives: a choice, words of one's own, or both."""

from __future__ import annotations

from itertools import chain

from flask import request

from upload_guard.errors import UsageError
from upload_guard.sidecar.review.case.offers import REASONS
from upload_guard.sidecar.review.case.words import gettext

_CHOICES = frozenset(chain.from_iterable(REASONS.values()))
_BETWEEN = ": "


def given_reason(act: str) -> str:
    """As it is kept. Raises `UsageError` where there is none."""
    choice, words = request.form.get("reason", ""), request.form.get("because", "").strip()
    chosen = choice if choice in REASONS.get(act, ()) else ""
    reason = _BETWEEN.join(part for part in (chosen, words) if part)
    if not reason:
        raise UsageError("a reason is needed: choose one, or write it in your own words")
    return reason


def shown_reason(kept: str) -> str:
    """A reason as it is shown: what was chosen in the reader's language, own words as they were written."""
    chosen, between, words = kept.partition(_BETWEEN)
    return f"{gettext(chosen)}{between}{words}" if chosen in _CHOICES else kept
