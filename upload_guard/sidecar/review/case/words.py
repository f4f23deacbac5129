"""Words in the reader's language."""

from __future__ import annotations

from datetime import datetime

from flask_babel import format_date, gettext


def say(message: str, **said: object) -> str:
    """`message`, which is the English one, in the language of the request."""
    return str(gettext(message, **said))


def day(moment: datetime) -> str:
    """A date as one reads it out."""
    return str(format_date(moment.date(), "long"))
