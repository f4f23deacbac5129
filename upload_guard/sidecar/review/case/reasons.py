"""The reason that a form gives: a choice, words of one's own, or both."""

from __future__ import annotations

from flask import request

from upload_guard.errors import UsageError
from upload_guard.sidecar.review.case.offers import BETWEEN, REASONS


def given_reason(act: str) -> str:
    """As it is kept. Raises `UsageError` where there is none."""
    choice, words = request.form.get("reason", ""), request.form.get("because", "").strip()
    chosen = choice if choice in REASONS.get(act, ()) else ""
    reason = BETWEEN.join(part for part in (chosen, words) if part)
    if not reason:
        raise UsageError("a reason is needed: choose one, or write it in your own words")
    return reason
