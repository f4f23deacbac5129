"""Addresses on other pages, where those are served."""

from __future__ import annotations

from flask import current_app, url_for

from upload_guard.quarantine.states import CaseState

_CASE = "review.case.show"
_QUEUE = "review.queue.show"


def case_page(number: str) -> str | None:
    """That of one case."""
    return url_for(_CASE, number=number) if _CASE in current_app.view_functions else None


def queue_of_proposed(list_name: str) -> str | None:
    """The queue, with what is proposed for release of that list."""
    if _QUEUE not in current_app.view_functions:
        return None
    return url_for(_QUEUE, state=CaseState.RELEASE_PROPOSED.value, list=list_name)
