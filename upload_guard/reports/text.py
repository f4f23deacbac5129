"""A report in plain words, for a person to read: all that is known, a line each, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from upload_guard.records import Match
from upload_guard.reports.facts import Facts, Uploader
from upload_guard.reports.papers import Paper

_ENGLISH = {
    "title": "Report of an image on a hash list",
    "report": "Report",
    "case": "Case",
    "reporter": "Reported by",
    "contact": "Contact",
    "site": "Site",
    "happened": "Uploaded or found",
    "confirmed": "Confirmed by a person",
    "what_came": "What happened",
    "blocked": "the upload was refused and never was on the site",
    "passed": "the file was on the site",
    "classification": "Classification",
    "none": "none chosen",
    "summary": "Summary",
    "file": "File",
    "bytes": "bytes",
    "match": "Match",
    "exact": "the same file",
    "away": "bits apart",
    "place": "Address",
    "removed": "removed",
    "uploader": "Uploader",
    "viewed": "Seen whole by",
    "action": "Done",
    "preserved": "Kept until",
    "faith": "This report is made in good faith and holds no picture.",
}
_DUTCH = {
    "title": "Melding van een beeld op een hashlijst",
    "report": "Melding",
    "case": "Zaak",
    "reporter": "Gemeld door",
    "contact": "Contact",
    "site": "Site",
    "happened": "Geüpload of gevonden",
    "confirmed": "Bevestigd door een mens",
    "what_came": "Wat er gebeurde",
    "blocked": "de upload is geweigerd en heeft nooit op de site gestaan",
    "passed": "het bestand stond op de site",
    "classification": "Classificatie",
    "none": "geen gekozen",
    "summary": "Samenvatting",
    "file": "Bestand",
    "bytes": "bytes",
    "match": "Overeenkomst",
    "exact": "hetzelfde bestand",
    "away": "bits verschil",
    "place": "Adres",
    "removed": "verwijderd",
    "uploader": "Uploader",
    "viewed": "Volledig gezien door",
    "action": "Gedaan",
    "preserved": "Bewaard tot",
    "faith": "Deze melding is te goeder trouw gedaan en bevat geen beeld.",
}
_WORDS = {"en": _ENGLISH, "nl": _DUTCH}


@dataclass(frozen=True, slots=True)
class TextFormat:
    """UTF-8, lines that end with a line feed."""

    language: Literal["en", "nl"] = "en"
    name: str = "text"

    def write(self, facts: Facts) -> Paper:
        words = _WORDS[self.language]
        lines = [words["title"], "", *_lines(facts, words), "", words["faith"], ""]
        return Paper(self.name, "text/plain; charset=utf-8", f"{facts.report}.txt", "\n".join(lines).encode())


def _lines(facts: Facts, words: dict[str, str]) -> Iterator[str]:
    for key, value in _said(facts, words):
        # What strangers wrote (an account, a file name) must not look like lines of ours.
        yield f"{words[key]}: {' '.join(value.split())}"


def _said(facts: Facts, words: dict[str, str]) -> Iterator[tuple[str, str]]:
    reporter = facts.reporter
    yield "report", facts.report
    yield "case", facts.case
    yield "reporter", f"{reporter.organisation} ({reporter.domain})"
    contact = (reporter.contact_name, reporter.email, reporter.telephone)
    yield "contact", ", ".join(part for part in contact if part)
    yield "site", facts.site
    yield "happened", _utc(facts.happened_at)
    yield "confirmed", f"{_utc(facts.confirmed_at)} ({facts.confirmed_by})"
    yield "what_came", words["blocked" if facts.blocked else "passed"]
    yield "classification", facts.classification or words["none"]
    if facts.summary:
        yield "summary", facts.summary
    yield from _of_file(facts, words)
    yield from _of_places(facts, words)
    if uploader := _uploader(facts.uploader):
        yield "uploader", uploader
    for one in facts.viewed:
        yield "viewed", f"{one.person}, {_utc(one.at)}"
    for at, what in facts.actions:
        yield "action", f"{_utc(at)} {what}"
    if facts.preserved_until:
        yield "preserved", _utc(facts.preserved_until)


def _of_file(facts: Facts, words: dict[str, str]) -> Iterator[tuple[str, str]]:
    name = f"{facts.file_name}, " if facts.file_name else ""
    yield "file", f"{name}{facts.media_type}, {facts.size} {words['bytes']}"
    for signal in facts.digests.signals():
        yield "file", f"{signal.type.value} {signal.value.hex()}"
    for signal in facts.signals:
        seen = f" ({signal.view})" if signal.view else ""
        yield "file", f"{signal.type.value} {signal.value.hex()}{seen}"
    for match in facts.matches:
        yield "match", _match(match, words)


def _match(match: Match, words: dict[str, str]) -> str:
    near = words["exact"] if match.exact else f"{match.distance} {words['away']}"
    version = f" v{match.version}" if match.version else ""
    return f"{match.list_name}{version} ({match.category}), {match.signal_type.value}, {near}"


def _of_places(facts: Facts, words: dict[str, str]) -> Iterator[tuple[str, str]]:
    for place in facts.places:
        removed = f", {words['removed']} {_utc(place.removed_at)}" if place.removed_at else ""
        yield "place", f"{place.url or place.locator}{removed}"


def _uploader(told: Uploader) -> str:
    address = f"{told.ip} port {told.port}" if told.port else told.ip
    at = _utc(told.at) if told.at else ""
    return ", ".join(part for part in (told.account, told.screen_name, told.email, address, at) if part)


def _utc(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"
