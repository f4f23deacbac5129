"""Flask-Babel's functions, with types. They keep their names, by which messages are found in the source."""

from __future__ import annotations

import flask_babel


def gettext(message: str, **values: object) -> str:
    return str(flask_babel.gettext(message, **values))


def ngettext(one: str, many: str, num: int, **values: object) -> str:
    return str(flask_babel.ngettext(one, many, num, **values))
