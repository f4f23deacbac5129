"""A report as XARF v4, category content, type csam; checked against the schema that the package `xarf` ships.

Sources: xarf.org, specification 4.2 (xarf-core.json, content-base.json, types/content-csam.json). It wants an
address and a classification: an upload that was refused has no address, and a person chooses the other.
"""

from __future__ import annotations

import ipaddress
import json
import re
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from upload_guard.errors import NotReportable
from upload_guard.reports.facts import Facts, Place, Uploader
from upload_guard.reports.papers import Paper

VERSION = "4.2.0"
CLASSIFICATIONS = ("baseline", "A1", "A2", "B1", "B2")
_MOST_DESCRIPTION = 1000
_DOMAIN = re.compile(r"([a-z0-9]+(-[a-z0-9]+)*\.)+[a-z]{2,}")
_URL = re.compile(r"https?://[!-~]+")


@dataclass(frozen=True, slots=True)
class Xarf:
    """See `Format`: JSON in UTF-8."""

    name: str = "xarf"

    def write(self, facts: Facts) -> Paper:
        """See `Format`."""
        content = json.dumps(report_of(facts), indent=2, ensure_ascii=False) + "\n"
        return Paper(self.name, "application/json", f"{facts.report}.json", content.encode())


def report_of(facts: Facts) -> Mapping[str, Any]:
    """Its fields. Raises `NotReportable` where one is demanded that nobody knows."""
    places = addressed(facts)
    if facts.classification not in CLASSIFICATIONS:
        raise NotReportable(
            f"XARF demands a classification, one of {', '.join(CLASSIFICATIONS)}: a person has to choose it"
        )
    reporter = facts.reporter
    contact = {"org": reporter.organisation, "contact": reporter.email, "domain": reporter.domain}
    report = {
        "xarf_version": VERSION,
        # The same each time it is written, so that whoever gets it twice can tell.
        "report_id": str(uuid.uuid5(uuid.NAMESPACE_URL, f"https://{reporter.domain}/{facts.report}")),
        "timestamp": _time(facts.happened_at),
        "reporter": contact,
        "sender": contact,
        **_source(facts.uploader, places[0]),
        "category": "content",
        "type": "csam",
        "url": places[0].url,
        "classification": facts.classification,
        "detection_method": _method(facts),
        "hash_values": {
            "md5": facts.digests.md5.hex(),
            "sha1": facts.digests.sha1.hex(),
            "sha256": facts.digests.sha256.hex(),
        },
        "description": _description(facts, places),
        **dict(_known(facts, places)),
    }
    _check(report)
    return report


def addressed(facts: Facts) -> tuple[Place, ...]:
    """Places that have an address. Raises `NotReportable` where there is none."""
    if facts.blocked:
        raise NotReportable("the upload was refused and never had an address, which this format demands")
    places = tuple(one for one in facts.places if one.url)
    if not places:
        raise NotReportable("no address of the file is known, which this format demands")
    if not all(_URL.fullmatch(one.url) for one in places):
        raise NotReportable("an address of the file is none that can be written as it is: correct it first")
    return places


def _source(uploader: Uploader, place: Place) -> Mapping[str, Any]:
    """Where the abuse came from: the uploader's address where it is known, else the host of the file."""
    try:
        ip = str(ipaddress.ip_address(uploader.ip))
    except ValueError:
        return {"source_identifier": _host(place)}
    return {"source_identifier": ip, **({"source_port": uploader.port} if uploader.port else {})}


def _host(place: Place) -> str:
    try:
        host = urlsplit(place.url).hostname or ""
    except ValueError:
        host = ""
    if not host:
        raise NotReportable("an address of the file is none that can be written as it is: correct it first")
    return host


def _method(facts: Facts) -> str:
    """How it was found, in the schema's words; what none of them says is not said."""
    if facts.found_by == "lists":
        return "hash_match"
    if facts.found_by == "notice":
        return "user_report"
    if facts.viewed:
        return "manual_review"
    raise NotReportable("XARF demands how it was found, and nothing matches, nobody told of it or saw it")


def _known(facts: Facts, places: tuple[Place, ...]) -> Iterator[tuple[str, Any]]:
    if _DOMAIN.fullmatch(host := _host(places[0])):
        yield "domain", host
    if facts.media_type.startswith("image/"):
        yield "media_type", "image"
    # That it is still there, nobody has looked.
    if all(one.removed_at is not None for one in places):
        yield "content_removed", True


def _description(facts: Facts, places: tuple[Place, ...]) -> str:
    """One address has a field of its own. Raises `NotReportable` where the others do not fit."""
    said = f"Case {facts.case}, report {facts.report}; confirmed by a person on {_time(facts.confirmed_at)}."
    others = " ".join(one.url for one in places[1:])
    if others:
        said += f" Also at: {others}"
    if len(said) > _MOST_DESCRIPTION:
        raise NotReportable(f"XARF has room for one address, and {len(places)} are known: report them apart")
    return said


def _time(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _check(report: Mapping[str, Any]) -> None:
    try:
        from xarf import schema_validator
    except ImportError:
        raise NotReportable("XARF needs the extra: pip install 'upload-guard[xarf]'") from None
    if faults := schema_validator.validate(dict(report)):
        first = faults[0]
        raise NotReportable(f"XARF's schema does not take it: {first.field}: {first.message}"[:300])
