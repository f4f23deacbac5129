"""The report to NCMEC: as its schema has it, and nothing that nobody knows."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest
import xmlschema

from tests.reports.goldens import golden
from tests.reports.known import PDQ, REPORTER, at, blocked, facts
from upload_guard.errors import NotReportable
from upload_guard.records import SignalType
from upload_guard.reports.cybertip import schema
from upload_guard.reports.cybertip.paper import CyberTip
from upload_guard.reports.facts import Facts, Place, Uploader


def root_of(known: Facts, **how: object) -> ET.Element:
    content = CyberTip(**how).write(known).content  # type: ignore[arg-type]
    return ET.fromstring(content)  # noqa: S314 - what we have written


def texts(root: ET.Element, path: str) -> list[str]:
    return [one.text or "" for one in root.iterfind(path)]


@pytest.mark.parametrize(
    ("name", "known", "how"),
    [
        ("cybertip-found.xml", facts(), {"scale": True, "legal_url": "https://example.org/rules"}),
        ("cybertip-blocked.xml", blocked(), {}),
        ("cybertip-report-only.xml", facts(), {"details": False}),
    ],
    ids=["found", "blocked", "report only"],
)
def test_a_report_is_as_it_was_read_once(name: str, known: Facts, how: dict[str, object]) -> None:
    content = CyberTip(**how).write(known).content  # type: ignore[arg-type]
    assert content == golden(name, content)


def test_both_parts_fit_the_schema_that_is_shipped() -> None:
    shipped = schema._schema()
    for known in (facts(), blocked()):
        root = root_of(known, scale=True)
        for part in ("report", "fileDetails"):
            element = root.find(part)
            assert element is not None
            shipped.validate(element)


def test_the_schema_would_see_an_element_that_stands_in_another_order() -> None:
    report = root_of(facts()).find("report")
    assert report is not None
    report.insert(0, report[-1])
    with pytest.raises(xmlschema.XMLSchemaValidationError):
        schema._schema().validate(report)


def test_what_does_not_fit_is_not_reportable_and_says_where() -> None:
    with pytest.raises(NotReportable, match="reportingPerson/email"):
        CyberTip().write(facts(reporter=replace(REPORTER, email="abuse at example.org")))


def test_without_an_address_of_the_reporter_there_is_no_report() -> None:
    with pytest.raises(NotReportable, match="e-mail"):
        CyberTip().write(facts(reporter=replace(REPORTER, email="")))


def test_viewed_is_said_only_where_a_person_saw_the_whole_file() -> None:
    assert texts(root_of(facts()), "fileDetails/fileViewedByEsp") == ["true"]
    assert texts(root_of(facts(viewed=())), "fileDetails/fileViewedByEsp") == []
    assert b"saw the whole file" not in CyberTip().write(facts(viewed=())).content


@pytest.mark.parametrize(
    ("chosen", "scale", "written"),
    [("A1", True, ["A1"]), ("A1", False, []), ("baseline", True, []), ("", True, [])],
)
def test_a_classification_is_of_the_scale_and_of_those_who_may_use_it(
    chosen: str, scale: bool, written: list[str]
) -> None:
    root = root_of(facts(classification=chosen), scale=scale)
    assert texts(root, "fileDetails/industryClassification") == written


def test_a_refused_upload_was_never_public_and_has_no_address() -> None:
    root = root_of(blocked())
    assert texts(root, "fileDetails/publiclyAvailable") == ["false"]
    assert not texts(root, "report/internetDetails/webPageIncident/url")
    assert "refused" in texts(root, "report/internetDetails/webPageIncident/additionalInfo")[0]


@pytest.mark.parametrize(
    ("told", "written"),
    [
        ((None,), []),
        ((True,), ["true"]),
        ((False,), ["false"]),
        ((False, True), ["true"]),
        ((False, None), []),
    ],
    ids=["not known", "public", "not public", "public at one place", "not known of one"],
)
def test_whether_it_was_public_is_said_where_it_is_known(
    told: tuple[bool | None, ...], written: list[str]
) -> None:
    places = tuple(Place("https://example.org/a", publicly_available=one) for one in told)
    assert texts(root_of(facts(places=places)), "fileDetails/publiclyAvailable") == written


def test_what_was_taken_away_may_have_been_public() -> None:
    places = (Place("https://example.org/a", publicly_available=False, removed_at=at(11)),)
    assert texts(root_of(facts(places=places)), "fileDetails/publiclyAvailable") == []


def test_nobody_is_accused_of_whom_the_site_told_nothing() -> None:
    assert root_of(blocked()).find("report/personOrUserReported") is None


def test_an_address_that_is_none_is_told_as_the_site_told_it() -> None:
    root = root_of(facts(uploader=Uploader("user-17", ip="behind a proxy", email="no mail")))
    person = root.find("report/personOrUserReported")
    assert person is not None
    assert person.find("ipCaptureEvent") is None
    assert "behind a proxy" in texts(person, "additionalInfo")[0]
    assert "no mail" in texts(person, "additionalInfo")[0]


def test_hashes_are_those_of_the_file_as_it_came() -> None:
    turned = replace(PDQ, value=b"\x09" * 32, variant="turned 90")
    inside = replace(PDQ, type=SignalType.SHA256, value=b"\x0a" * 32, view="a.zip/b.jpg")
    root = root_of(facts(signals=(PDQ, turned, inside)))
    kinds = [one.get("hashType") for one in root.iterfind("fileDetails/originalFileHash")]
    assert kinds == ["MD5", "SHA1", "SHA256", "PDQ"]


@pytest.mark.parametrize(
    "name", ["a\x00b.jpg", "a\ud800.jpg", "gpj.\u202exe", "a\nCase number: 0", "<b>&amp;", "a" * 5000]
)
def test_any_name_of_a_file_can_be_reported_and_forges_no_line(name: str) -> None:
    root = root_of(facts(file_name=name))
    (written,) = texts(root, "fileDetails/originalFileName")
    assert written.isprintable()
    assert len(written) <= 2056
    assert "\nCase number: 0" not in texts(root, "sheet")[0]


def test_where_no_match_is_told_nothing_is_said_of_how_sure_it_was() -> None:
    assert b"Confidence" not in CyberTip().write(facts(matches=())).content


def test_hashes_of_a_list_are_not_handed_on() -> None:
    assert b"05" * 32 not in CyberTip().write(facts()).content


def test_the_paper_holds_no_media_and_says_so() -> None:
    root = root_of(facts())
    assert {one.tag for one in root} == {"report", "sheet", "fileDetails"}
    assert "no media" in texts(root, "fileDetails/additionalInfo")[0]
