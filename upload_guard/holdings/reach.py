"""How far the word of a site reaches: which files it may say are its own."""

from __future__ import annotations

from collections.abc import Iterable
from os.path import normpath
from urllib.parse import unquote


def lies_below(locator: str, beginnings: Iterable[str]) -> bool:
    """Whether the file lies below one of `beginnings` of locators, with no way up and out of it."""
    _, _, path = locator.partition("://")
    plain = unquote(path, errors="surrogateescape")
    return normpath(plain) == plain and any(locator.startswith(one) for one in beginnings)
