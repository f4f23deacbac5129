"""Papers in the shapes of SCART, EOKM's abuse-report system: notice CSV, police CSV, and what its API takes.

Sources: reference/wire-formats.md, section 10; the columns are those of the table in SCART's notices
(github.com/AbuseIO/SCART-application). Not verified: how its API wants its two fields written, hence `form`.
All three speak of addresses: an upload that was refused has none. `ip` is that of the server an address is
on, as the site says; SCART looks it up itself, so that a CSV may leave it empty.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlencode

from upload_guard.errors import NotReportable
from upload_guard.reports.facts import Facts, Place
from upload_guard.reports.papers import Paper
from upload_guard.reports.sheets.legible import legible
from upload_guard.reports.sheets.sheet import match_words
from upload_guard.reports.sheets.wording import wording

NOTICE_COLUMNS = ("url", "IP", "firstseen", "lastseen", "note")
POLICE_COLUMNS = ("url", "reason", "IP", "firstseen", "lastseen")
# What a spreadsheet takes for the beginning of a formula (OWASP, "CSV Injection"), half and full width.
_FORMULA = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")
_SPLITS = frozenset(';,"')
_SAY = wording("en")


@dataclass(frozen=True, slots=True)
class ScartNotice:
    """A notice to whoever hosts the addresses: it names no list and nobody who saw or uploaded."""

    ip: str = ""
    name: str = "scart_notice"

    def write(self, facts: Facts) -> Paper:
        """See `Format`."""
        note = f"case {facts.case}, report {facts.report}, confirmed by a person"
        rows = [(one.url, self.ip, *_seen(facts, one), note) for one in _addressed(facts)]
        return _csv(self.name, facts, NOTICE_COLUMNS, rows)


@dataclass(frozen=True, slots=True)
class ScartPolice:
    """The same for the police, with what matched."""

    ip: str = ""
    name: str = "scart_police"

    def write(self, facts: Facts) -> Paper:
        """See `Format`."""
        reason = _reason(facts)
        rows = [(one.url, reason, self.ip, *_seen(facts, one)) for one in _addressed(facts)]
        return _csv(self.name, facts, POLICE_COLUMNS, rows)


@dataclass(frozen=True, slots=True)
class ScartApi:
    """The fields `ip` and `urls` as JSON, or as a `form`."""

    ip: str = ""
    form: bool = False
    name: str = "scart_api"

    def write(self, facts: Facts) -> Paper:
        """See `Format`. Raises `NotReportable` without the server's IP address, too."""
        urls = [one.url for one in _addressed(facts)]
        if not self.ip:
            raise NotReportable(
                "SCART's API wants the IP address of the server that an address is on: set ip"
            )
        if self.form:
            fields = [("ip", self.ip), *(("urls[]", url) for url in urls)]
            return Paper(self.name, _FORM, f"{facts.report}.txt", urlencode(fields).encode())
        content = json.dumps({"ip": self.ip, "urls": urls}, indent=2, ensure_ascii=False) + "\n"
        return Paper(self.name, "application/json", f"{facts.report}.json", content.encode())


_FORM = "application/x-www-form-urlencoded"


def _addressed(facts: Facts) -> Sequence[Place]:
    """Places that have an address. Raises `NotReportable` where there is none."""
    if facts.blocked:
        raise NotReportable("the upload was refused and never had an address: SCART takes only addresses")
    places = [one for one in facts.places if one.url]
    if not places:
        raise NotReportable("no address of the file is known, and SCART takes only addresses")
    if any(legible(one.url) != one.url for one in places):
        raise NotReportable("an address of the file holds what cannot be written: correct it first")
    return places


def _seen(facts: Facts, place: Place) -> tuple[str, str]:
    """When it was first and last seen there, the latter empty where that is not known.

    Other uploads of the same file, which facts count as well, say nothing of this address.
    """
    return _time(facts.happened_at), _time(place.removed_at) if place.removed_at else ""


def _time(at: datetime) -> str:
    """As SCART writes them, in UTC."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}"


def _reason(facts: Facts) -> str:
    parts = [match_words(match, _SAY) for match in facts.matches]
    if facts.classification:
        parts.append(f"classification {facts.classification}")
    parts.append(f"SHA-256 {facts.digests.sha256.hex()}")
    parts.append(f"confirmed by a person; case {facts.case}, report {facts.report}")
    return "; ".join(parts)


def _csv(name: str, facts: Facts, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Paper:
    lines = [";".join(columns), *(";".join(map(cell, row)) for row in rows)]
    content = "".join(f"{line}\r\n" for line in lines)
    return Paper(name, "text/csv; charset=utf-8", f"{facts.report}.csv", content.encode())


def cell(text: str) -> str:
    """What no spreadsheet takes for a formula: such a beginning gets an apostrophe before it.

    Quoted also where it holds a comma: one that splits lines there, as some do by their language, would find
    a beginning in the middle of an address.
    """
    written = legible(text)
    if written.lstrip().startswith(_FORMULA):
        written = f"'{written}"
    if any(char in written for char in _SPLITS):
        return '"' + written.replace('"', '""') + '"'
    return written
