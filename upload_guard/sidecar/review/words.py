"""Sentences that the pages' own code says: what the library that translates has no types for."""

from __future__ import annotations

import flask_babel


def gettext(message: str, **places: object) -> str:
    """`message` in the reader's language, with its places filled in."""
    return str(flask_babel.gettext(message, **places))


def ngettext(one: str, many: str, num: int, **places: object) -> str:
    """The same for a number of things, which is the place `num`."""
    return str(flask_babel.ngettext(one, many, num, **places))
