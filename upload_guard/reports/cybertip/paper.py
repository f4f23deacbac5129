"""A report to NCMEC's CyberTipline as its Reporting API takes it, never with media.

One XML document with the root `cyberTip`, which is ours: `report` is submitted as it stands; `sheet` is plain
text, uploaded in place of the file; `fileDetails` are the details of the reported file (NCMEC takes details
only for something uploaded), in which the sender fills in the two ids. Without `details` there is only
`report`. Names, order and enumerations: NCMEC's CyberTipline Reporting API Technical Documentation
(https://report.cybertip.org/ispws/documentation); `cybertip.xsd`.
"""

from __future__ import annotations

import ipaddress
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from upload_guard.errors import NotReportable
from upload_guard.reports.cybertip.schema import check
from upload_guard.reports.facts import Facts, Place, Reporter, Uploader
from upload_guard.reports.papers import Paper
from upload_guard.reports.sheets.legible import legible
from upload_guard.reports.sheets.sheet import confidence, match_words, moment, origins
from upload_guard.reports.sheets.text import text_of
from upload_guard.reports.sheets.wording import Wording, wording

ROOT = "cyberTip"
INCIDENT_TYPE = "Child Pornography (possession, manufacture, and distribution)"
SCALE = frozenset({"A1", "A2", "B1", "B2"})
NO_ID = "0"
_NO_MEDIA = (
    "These are the details of the reported file. In its place a text sheet was uploaded: the reporter sends "
    "no media."
)
_SAY = wording("en")


@dataclass(frozen=True, slots=True)
class CyberTip:
    """Writes the document. `scale`: the company takes part in industry hash sharing, without which NCMEC
    wants no classification. `legal_url` is where its rules stand, empty for none. `sentences` are those of a
    jurisdiction, for the sheet.
    """

    details: bool = True
    scale: bool = False
    legal_url: str = ""
    sentences: tuple[str, ...] = ()
    name: str = "cybertip"

    def write(self, facts: Facts) -> Paper:
        """See `Format`. Raises `NotReportable` without an e-mail address of the reporter, too."""
        if not facts.reporter.email:
            raise NotReportable("NCMEC wants an e-mail address of the reporter: set [reports] email")
        root = ET.Element(ROOT)
        root.append(check(self._report(facts)))
        if self.details:
            _add_lines(root, "sheet", text_of(facts, _SAY, self.sentences).split("\n"))
            root.append(check(self._file_details(facts)))
        ET.indent(root)
        content = ET.tostring(root, encoding="utf-8", xml_declaration=True) + b"\n"
        return Paper(self.name, "application/xml", f"{facts.report}.xml", content)

    def _report(self, facts: Facts) -> ET.Element:
        report = ET.Element("report")
        summary = _add(report, "incidentSummary")
        _add(summary, "incidentType", INCIDENT_TYPE)
        _add(summary, "platform", _cut(facts.site, 256))
        _add(summary, "incidentDateTime", _iso(facts.happened_at))
        _add(summary, "incidentDateTimeDescription", _description(facts))
        page = _add(_add(report, "internetDetails"), "webPageIncident")
        for place in facts.places:
            _add(page, "url", _cut(place.url, 2083))
        _add_lines(page, "additionalInfo", _where(facts))
        report.append(_reporter(facts.reporter, self.legal_url))
        if facts.uploader != Uploader():
            report.append(_person(facts.uploader, facts.site))
        _add_lines(report, "additionalInfo", _more(facts, _SAY))
        return report

    def _file_details(self, facts: Facts) -> ET.Element:
        details = ET.Element("fileDetails")
        _add(details, "reportId", NO_ID)
        _add(details, "fileId", NO_ID)
        _add(details, "originalFileName", _cut(facts.file_name, 2056))
        _add(details, "uploadedToEspTimestamp", _iso(facts.uploader.at) if facts.uploader.at else "")
        _add(details, "locationOfFile", _cut(next((one.url for one in facts.places if one.url), ""), 2083))
        # Left out where nobody did: "false" would say of the whole company what only its log here shows.
        _add(details, "fileViewedByEsp", "true" if facts.viewed else "")
        _add(details, "publiclyAvailable", _public(facts))
        _add(details, "fileRelevance", "Reported")
        _add(details, "industryClassification", self._classification(facts))
        for kind, value in _hashes(facts):
            _add(details, "originalFileHash", value, hashType=kind)
        if (event := _capture(facts.uploader)) is not None:
            details.append(event)
        _add(details, "additionalInfo", _NO_MEDIA)
        return details

    def _classification(self, facts: Facts) -> str:
        return facts.classification if self.scale and facts.classification in SCALE else ""


def _add(parent: ET.Element, name: str, text: str | None = None, **attributes: str) -> ET.Element:
    """A new last child of one line; none is made where there is nothing to say."""
    made = ET.Element(name, attributes)
    if text is not None:
        made.text = legible(text)
    if text != "":
        parent.append(made)
    return made


def _add_lines(parent: ET.Element, name: str, lines: Iterable[str]) -> None:
    """A new last child of several lines, each as legible as its own: no stranger's text breaks one."""
    if text := "\n".join(legible(line) for line in lines):
        ET.SubElement(parent, name).text = text


def _iso(at: datetime) -> str:
    """ISO 8601 in UTC, as NCMEC asks for."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _cut(text: str, most: int) -> str:
    """As much as the element may hold, of what is written there."""
    whole = legible(text)
    return whole if len(whole) <= most else whole[: most - 1] + "…"


def _description(facts: Facts) -> str:
    what = "The time at which the upload was refused." if facts.blocked else "The time at which it was found."
    seen = [
        f"{word} seen {moment(at)}."
        for word, at in (("First", facts.first_seen), ("Last", facts.last_seen))
        if at is not None
    ]
    return " ".join([what, *seen])


def _where(facts: Facts) -> list[str]:
    if facts.blocked:
        return ["An attempted upload. It was refused and never was on the site, so it has no address."]
    return [_place(place) for place in facts.places] or ["No address of the file is known."]


def _place(place: Place) -> str:
    parts = (
        place.url,
        f"storage {place.locator}" if place.locator else "",
        f"removed {moment(place.removed_at)}" if place.removed_at else "",
    )
    return ", ".join(part for part in parts if part)


def _public(facts: Facts) -> str:
    """Whether it was, not whether it still is: what was taken away since may have been."""
    told = {None if one.removed_at else one.publicly_available for one in facts.places}
    if facts.blocked:
        return "false"
    if any(one.publicly_available for one in facts.places):
        return "true"
    return "false" if told == {False} else ""


def _reporter(by: Reporter, legal_url: str) -> ET.Element:
    reporter = ET.Element("reporter")
    person = _add(reporter, "reportingPerson")
    first, _, last = by.contact_name.strip().partition(" ")
    _add(person, "firstName", first)
    _add(person, "lastName", last)
    _add(person, "phone", by.telephone)
    _add(person, "email", by.email)
    if len(by.country) == 2 and by.country.isalpha() and by.country.isascii():
        _add(_add(person, "address"), "country", by.country.upper())
    _add_lines(reporter, "companyTemplate", [part for part in (by.organisation, by.domain) if part])
    _add(reporter, "legalURL", legal_url)
    return reporter


def _person(by: Uploader, site: str) -> ET.Element:
    person = ET.Element("personOrUserReported")
    notes = [f"Account: {by.account}"] if len(by.account) > 255 else []
    if _is_mail(by.email):
        _add(_add(person, "personOrUserReportedPerson"), "email", by.email)
    elif by.email:
        notes.append(f"E-mail as the site told it: {by.email}")
    _add(person, "espIdentifier", _cut(by.account, 255))
    _add(person, "espService", _cut(site, 100))
    _add(person, "screenName", _cut(by.screen_name, 256))
    if (event := _capture(by)) is not None:
        person.append(event)
    elif by.ip:
        notes.append(f"IP address as the site told it: {by.ip}")
    _add_lines(person, "additionalInfo", notes)
    return person


def _is_mail(text: str) -> bool:
    name, at, domain = text.partition("@")
    return bool(name and at and domain) and "@" not in domain and not any(char.isspace() for char in text)


def _capture(by: Uploader) -> ET.Element | None:
    try:
        address = ipaddress.ip_address(by.ip)
    except ValueError:
        return None
    event = ET.Element("ipCaptureEvent")
    _add(event, "ipAddress", address.compressed.partition("%")[0])
    _add(event, "eventName", "Upload")
    _add(event, "dateTime", _iso(by.at) if by.at else "")
    _add(event, "port", str(by.port) if by.port else "")
    return event


# What `imaging.views` calls the picture itself.
_THE_PICTURE = ("", "frame 0")


def _hashes(facts: Facts) -> Iterator[tuple[str, str]]:
    for name in ("md5", "sha1", "sha256"):
        yield name.upper(), getattr(facts.digests, name).hex()
    for signal in facts.signals:
        # One of the file as it is: that of a turned view, or of a file inside, would be no original's.
        if not (signal.type.exact or signal.variant) and signal.view in _THE_PICTURE:
            yield signal.type.value.upper(), signal.value.hex()


def _more(facts: Facts, say: Wording) -> list[str]:
    """What the schema has no element for."""
    lines = [
        f"Case {facts.case}, report {facts.report}. No media is attached.",
        f"Media type {facts.media_type}, {facts.size} bytes.",
        *(f"{kind}: {value}" for kind, value in _hashes(facts)),
        *(f"Matched {match.signal_type.value.upper()}: {match_words(match, say)}" for match in facts.matches),
        *(f"Confidence: {sure}." for sure in (confidence(facts, say),) if sure),
        f"Confirmed by a person of the reporter, {moment(facts.confirmed_at)}.",
        *(f"A person of the reporter saw the whole file, {moment(one.at)}." for one in facts.viewed),
        *((f"Action: {facts.action}.",) if facts.blocked else ()),
        *(f"{moment(at)}: {act}" for at, act in facts.actions),
    ]
    if len(found := origins(facts)) > 1:
        lines.append(f"Lists of different origin bear it out: {', '.join(found)}.")
    if facts.classification:
        lines.append(f"Classification, chosen by a person or the list's own: {facts.classification}.")
    if facts.preserved_until:
        lines.append(f"The file is kept sealed until {moment(facts.preserved_until)}.")
    return [*lines, *facts.summary.splitlines()]
