"""Why a new password is not taken, in the page's language."""

from __future__ import annotations

from upload_guard.errors import UsageError
from upload_guard.people.passwords import LEAST, usable
from upload_guard.sidecar.review.words import gettext


def fault_of(password: str, again: str, name: str) -> str:
    """A sentence for the person; empty for one that is good."""
    if password != again:
        return gettext("The two are not the same.")
    if len(password) < LEAST:
        return gettext("That is too short: it takes %(count)d characters, and words will do.", count=LEAST)
    try:
        usable(password, name)
    except UsageError:
        return gettext("That is easy to guess. Take four words or more that do not belong together.")
    return ""
