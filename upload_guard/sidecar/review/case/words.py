"""Words in the reader's language."""

from __future__ import annotations

from datetime import datetime

import flask_babel


def gettext(message: str, **said: object) -> str:
    """`message`, which is the English one, in the language of the request."""
    return str(flask_babel.gettext(message, **said))


def ngettext(one: str, many: str, num: int, **said: object) -> str:
    """The one message or the other, by how many."""
    return str(flask_babel.ngettext(one, many, num, **said))


def marked(message: str) -> str:
    """The same message: it has a translation, which is asked for later. To be called `_`."""
    return message


def day(moment: datetime) -> str:
    """A date as one reads it out."""
    return str(flask_babel.format_date(moment.date(), "d MMMM y"))
