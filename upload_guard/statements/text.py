"""The text of a statement: the points of Article 17(3) of the Digital Services Act, in two languages.

Never a list, an entry, a distance or a reporter: whoever reads it must not learn how to get past a list.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from pathlib import Path
from string import Template

LANGUAGES = ("en", "nl")
_TEMPLATES = Path(__file__).parent / "templates"
_MOMENT = "%Y-%m-%d %H:%M"


class Origin(Enum):
    """How the file came to be looked at, as far as its uploader is told."""

    UPLOAD = "upload"
    SITE = "site"
    NOTICE = "notice"

    @classmethod
    def of(cls, route: str) -> Origin:
        """By the route of a case: see `holdings`, `notices` and `late`."""
        if route.startswith("notice:"):
            return cls.NOTICE
        return cls.SITE if route.startswith(("scan:", "late:", "retro:")) else cls.UPLOAD


class Means(Enum):
    """What a program has done about it, and no person alone."""

    COMPARED = "compared"
    UNREAD = "unread"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Reasons:
    """What is told. `appeal_url` is empty where appeals are off."""

    case: str
    service: str
    uploaded_at: datetime
    decided_at: datetime
    origin: Origin
    means: Means
    appeal_until: datetime
    appeal_url: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Wording:
    """The installation's own sentences in one language: the ground, and what one can do besides appealing."""

    ground: str
    further: str


@dataclass(frozen=True, slots=True)
class _Words:
    restriction: Mapping[Origin, str]
    found: Mapping[Origin, str]
    automated: Mapping[Means, str]
    appeal: str


_SAID = {
    "en": _Words(
        restriction={
            Origin.UPLOAD: "Your upload was held and is not published.",
            Origin.SITE: "A file that you had uploaded may not stay on the service: it is taken away.",
            Origin.NOTICE: "A file that you had uploaded may not stay on the service: it is taken away.",
        },
        found={
            Origin.UPLOAD: "A file that was uploaded on $uploaded (UTC) was stopped when it came in.",
            Origin.SITE: "The service has checked the files that it holds, on its own initiative.",
            Origin.NOTICE: "Somebody has told the service of the file (Article 16 of the same regulation).",
        },
        automated={
            Means.COMPARED: (
                "The file was found by automated means, which compare files with known illegal content."
            ),
            Means.UNREAD: "The file was stopped by automated means, which could not read all of it.",
            Means.NONE: "The file was not found by automated means.",
        },
        appeal=(
            "You can appeal until $until (UTC), free of charge. Say why on this page, whose address is meant "
            "for you alone:\n$url\nWhere there is a person who did not make this decision, that "
            "person decides. Please do not send the file again."
        ),
    ),
    "nl": _Words(
        restriction={
            Origin.UPLOAD: "Uw upload is tegengehouden en wordt niet gepubliceerd.",
            Origin.SITE: "Een bestand dat u had geüpload mag niet blijven staan: het wordt weggehaald.",
            Origin.NOTICE: "Een bestand dat u had geüpload mag niet blijven staan: het wordt weggehaald.",
        },
        found={
            Origin.UPLOAD: "Een bestand dat op $uploaded (UTC) werd geüpload, is bij binnenkomst gestopt.",
            Origin.SITE: "De dienst heeft op eigen initiatief de bestanden gecontroleerd die zij bewaart.",
            Origin.NOTICE: (
                "Iemand heeft de dienst op het bestand gewezen (artikel 16 van dezelfde verordening)."
            ),
        },
        automated={
            Means.COMPARED: (
                "Het bestand is gevonden met geautomatiseerde middelen, die bestanden vergelijken met "
                "bekende illegale inhoud."
            ),
            Means.UNREAD: (
                "Het bestand is tegengehouden met geautomatiseerde middelen, die het niet heel konden lezen."
            ),
            Means.NONE: "Het bestand is niet gevonden met geautomatiseerde middelen.",
        },
        appeal=(
            "U kunt kosteloos bezwaar maken tot $until (UTC). Zeg waarom op deze pagina, waarvan het adres "
            "alleen voor u is bedoeld:\n$url\nAls er iemand is die deze beslissing niet nam, beslist die "
            "persoon. Stuur het bestand niet opnieuw."
        ),
    ),
}


def statement_text(language: str, reasons: Reasons, own: Wording) -> str:
    """The whole statement in one of `LANGUAGES`, plain text."""
    said = _SAID[language]
    found = Template(said.found[reasons.origin]).substitute(uploaded=reasons.uploaded_at.strftime(_MOMENT))
    return Template(_template(language)).substitute(
        case=reasons.case,
        service=reasons.service,
        decided=reasons.decided_at.strftime(_MOMENT),
        restriction=said.restriction[reasons.origin],
        found=found,
        ground=own.ground,
        automated=said.automated[reasons.means],
        redress="\n".join(part for part in (_appeal(said.appeal, reasons), own.further) if part),
    )


def _appeal(said: str, reasons: Reasons) -> str:
    if not reasons.appeal_url:
        return ""
    until = reasons.appeal_until.strftime(_MOMENT)
    return Template(said).substitute(until=until, url=reasons.appeal_url)


def _template(language: str) -> str:
    return (_TEMPLATES / f"{language}.txt").read_text(encoding="utf-8")
