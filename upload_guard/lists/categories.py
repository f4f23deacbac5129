"""Which categories of a list some rule names. A misspelt one would be ignored: a silent miss."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from upload_guard.errors import ListError
from upload_guard.lists.formats import ListedHash
from upload_guard.policy import Trust


class KnownCategories:
    """Of one list."""

    def __init__(self, trust: Trust, name: str) -> None:
        self._trust = trust
        self._name = name
        self._seen = {""}

    def only(self, hashes: Iterable[ListedHash]) -> Iterator[ListedHash]:
        """`hashes`, up to one in a category that no rule names. Raises `ListError`."""
        for one in hashes:
            if one.category not in self._seen:
                self.check(one.category)
            yield one

    def check(self, category: str) -> None:
        """Raises `ListError` for a category that no rule names."""
        if not self._trust.knows(self._name, category):
            known = ", ".join(self._trust.categories(self._name))
            raise ListError(
                f"no rule for category {category!r}: use {known}, or add it to [lists.{self._name}.actions]"
            )
        self._seen.add(category)
