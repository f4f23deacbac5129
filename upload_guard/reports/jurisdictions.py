"""What a place's law and custom ask of a report: data files, `templates/*.toml`, and what they do to a paper.

A template names addressees: which formats each takes, what must be known, what is left out (nobody is told
more of a person than they need), whether refused uploads are told. What settings say goes before it.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Literal

from pydantic import Field

from upload_guard.errors import ConfigError, NotReportable
from upload_guard.report_settings import RecipientSettings
from upload_guard.reports.facts import Facts, Uploader
from upload_guard.reports.papers import Format, Paper
from upload_guard.reports.sheets.wording import Language
from upload_guard.sections import Section

LeftOut = Literal["uploader", "staff", "storage", "matches", "summary"]
Needed = Literal["url", "classification", "uploader", "viewed"]


class Addressee(Section):
    """Somebody to whom reports go there. `formats`: what it is known to take, the best first.

    `sentences` stand before those of the jurisdiction.
    """

    name: str
    title: str
    formats: tuple[str, ...]
    blocked: bool
    leave_out: tuple[LeftOut, ...]
    needs: tuple[Needed, ...]
    sentences: dict[Language, tuple[str, ...]] = Field(default_factory=dict)

    def fitted(self, facts: Facts) -> Facts:
        """What it is told of them. Raises `NotReportable` where it needs what is not known."""
        for need in self.needs:
            known, sentence = _NEEDS[need]
            if not known(facts):
                raise NotReportable(f"{self.title} needs {sentence}, which is not known of this case")
        for name in self.leave_out:
            facts = _LEAVE_OUT[name](facts)
        return facts


class Jurisdiction(Section):
    """One template. `preserve_days`: how long the law wants a reported file kept, 0 where it sets no time."""

    title: str
    language: Language
    preserve_days: int
    sources: tuple[str, ...]
    sentences: dict[Language, tuple[str, ...]]
    addressees: tuple[Addressee, ...]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What holds for one recipient: settings first, then the template of its jurisdiction, if it has one.

    `preserve`: a reported file is kept for a year.
    """

    language: Language
    blocked: bool
    preserve: bool
    sentences: tuple[str, ...] = ()
    addressee: Addressee | None = None


@dataclass(frozen=True, slots=True)
class FittedFormat:
    """A format whose papers say what an addressee is to be told."""

    inner: Format
    addressee: Addressee

    @property
    def name(self) -> str:
        return self.inner.name

    def write(self, facts: Facts) -> Paper:
        """See `Format`."""
        return self.inner.write(self.addressee.fitted(facts))


@cache
def jurisdiction(name: str) -> Jurisdiction:
    """The template of that name, one of those that `report_settings.JurisdictionName` has."""
    file = resources.files("upload_guard.reports").joinpath("templates", f"{name}.toml")
    return Jurisdiction.model_validate(tomllib.loads(file.read_text(encoding="utf-8")))


def wanted(own: RecipientSettings) -> Wanted:
    """Raises `ConfigError` where its jurisdiction has no such addressee, or none that takes its format."""
    if not own.jurisdiction:
        return Wanted(own.language, own.blocked, own.preserve)
    there = jurisdiction(own.jurisdiction)
    addressee = _addressee(own, there)
    said = own.model_fields_set
    language = own.language if "language" in said else there.language
    return Wanted(
        language,
        own.blocked if "blocked" in said else addressee.blocked,
        own.preserve if "preserve" in said else there.preserve_days > 0,
        (*addressee.sentences.get(language, ()), *there.sentences[language]),
        addressee,
    )


def _addressee(own: RecipientSettings, there: Jurisdiction) -> Addressee:
    known = {one.name: one for one in there.addressees}
    name = str(own.options.get("addressee", there.addressees[0].name))
    if name not in known:
        raise ConfigError(f"the template {own.jurisdiction} has no addressee {name}, but {', '.join(known)}")
    if own.format not in known[name].formats:
        raise ConfigError(
            f"{known[name].title} takes {', '.join(known[name].formats)} by the template {own.jurisdiction},"
            f" not {own.format}"
        )
    return known[name]


def _without_names(facts: Facts) -> Facts:
    """Without who of us did what; that somebody did stays, for "nobody saw it" would be wrong."""
    return replace(facts, confirmed_by="", viewed=tuple(replace(one, person="") for one in facts.viewed))


def _without_storage(facts: Facts) -> Facts:
    """Without where it lies, which the route of a scan says, too."""
    return replace(facts, route="", places=tuple(replace(one, locator="") for one in facts.places))


_LEAVE_OUT: Mapping[LeftOut, Callable[[Facts], Facts]] = MappingProxyType(
    {
        "uploader": lambda facts: replace(facts, uploader=Uploader()),
        "staff": _without_names,
        "storage": _without_storage,
        "matches": lambda facts: replace(facts, matches=()),
        "summary": lambda facts: replace(facts, summary=""),
    }
)
_NEEDS: Mapping[Needed, tuple[Callable[[Facts], bool], str]] = MappingProxyType(
    {
        "url": (lambda facts: any(one.url for one in facts.places), "an address of the file"),
        "classification": (lambda facts: bool(facts.classification), "a classification by a person"),
        "uploader": (lambda facts: facts.uploader != Uploader(), "who uploaded it"),
        "viewed": (lambda facts: bool(facts.viewed), "that a person saw the whole file"),
    }
)
