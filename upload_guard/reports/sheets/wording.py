"""The words of reports for a person, in English and Dutch. The English phrase is the key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from upload_guard.reports.sheets.dutch import ACTS, DUTCH

Language = Literal["en", "nl"]


@dataclass(frozen=True, slots=True)
class Wording:
    """Says English phrases in `language`. A phrase that has no translation is a `KeyError`: tests find it."""

    language: Language = "en"
    phrases: Mapping[str, str] = field(default_factory=dict, repr=False)
    acts: Mapping[str, str] = field(default_factory=dict, repr=False)

    def __call__(self, phrase: str, **values: object) -> str:
        said = self.phrases[phrase] if self.phrases else phrase
        return said.format(**values) if values else said

    def act(self, word: str) -> str:
        """A word for what was done, as it is where it has no translation."""
        return self.acts.get(word, word)


_BY_LANGUAGE: Mapping[Language, Wording] = {"en": Wording(), "nl": Wording("nl", DUTCH, ACTS)}


def wording(language: Language) -> Wording:
    """The words of that language."""
    return _BY_LANGUAGE[language]
