"""Whatever strangers wrote, every format makes a paper of it that is whole, or says why it does not."""

from __future__ import annotations

import csv
import email
import io
import json
import xml.etree.ElementTree as ET
from dataclasses import replace

import xarf
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfReader

from tests.reports.known import at, facts, match
from upload_guard.errors import NotReportable
from upload_guard.reports.cybertip.paper import CyberTip
from upload_guard.reports.facts import Facts, Place, Uploader
from upload_guard.reports.mails.arf import Arf
from upload_guard.reports.mails.xarf import XarfMail
from upload_guard.reports.scart.papers import ScartApi, ScartNotice, ScartPolice
from upload_guard.reports.sheets.html import HtmlFormat
from upload_guard.reports.sheets.pdf import PdfFormat
from upload_guard.reports.sheets.text import TextFormat
from upload_guard.reports.xarf.paper import Xarf

# Lone halves of pairs, too: they come out of file names.
words = st.text(st.characters(codec=None), max_size=40) | st.sampled_from(
    ["", "=1+1", "<script>", "]]>", "\x00", "\u202e", "\r\nCase number: 0", "\ud83d", "é\u0301", "a" * 3000]
)


@st.composite
def odd(draw: st.DrawFn) -> Facts:
    uploader = Uploader(
        draw(words), draw(words), draw(words), draw(words), draw(st.integers(0, 65535)), at(8)
    )
    return facts(
        site=draw(words),
        route=draw(words),
        media_type=draw(words),
        file_name=draw(words),
        summary=draw(words),
        uploader=uploader,
        places=(Place(draw(words), draw(words), draw(st.none() | st.booleans())),),
        matches=(match(), replace(match(), list_name=draw(words), category=draw(words))),
        actions=((at(9), draw(words)),),
    )


@settings(max_examples=80, deadline=None)
@given(odd())
def test_a_report_to_ncmec_is_whole_and_fits_its_schema(known: Facts) -> None:
    root = ET.fromstring(CyberTip(scale=True).write(known).content)  # noqa: S314 - what we have written
    assert [one.tag for one in root] == ["report", "sheet", "fileDetails"]


@settings(max_examples=80, deadline=None)
@given(odd())
def test_a_csv_has_one_row_for_each_address(known: Facts) -> None:
    for written in (ScartNotice(), ScartPolice()):
        try:
            text = written.write(known).content.decode()
        except NotReportable:
            continue
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=";"))
        assert [len(row) for row in rows] == [5, 5]
        assert not any(value.lstrip().startswith(("=", "+", "-", "@")) for value in rows[1])


@settings(max_examples=80, deadline=None)
@given(odd())
def test_the_api_is_given_addresses_as_they_are(known: Facts) -> None:
    try:
        said = json.loads(ScartApi("198.51.100.4").write(known).content)
    except NotReportable:
        return
    assert said["urls"] == [known.places[0].url]


@settings(max_examples=40, deadline=None)
@given(odd())
def test_what_a_person_reads_is_whole(known: Facts) -> None:
    text = TextFormat().write(known).content.decode()
    assert text.count("\nCase number: ") == 1
    page = HtmlFormat().write(known).content.decode()
    assert page.count("<tr>") == page.count("</td></tr>")
    assert "<script" not in page


@settings(max_examples=15, deadline=None)
@given(odd())
def test_a_pdf_opens(known: Facts) -> None:
    assert PdfReader(io.BytesIO(PdfFormat("nl").write(known).content)).pages[0].extract_text()


@settings(max_examples=80, deadline=None)
@given(odd())
def test_a_feedback_report_has_its_three_parts_and_no_header_of_a_stranger(known: Facts) -> None:
    for written in (Arf(), XarfMail()):
        try:
            content = written.write(known).content
        except NotReportable:
            continue
        mail = email.message_from_bytes(content)
        assert set(mail.keys()) == {"Content-Type", "MIME-Version", "From", "Subject"}
        assert len(mail.get_payload()) == 3


@settings(max_examples=80, deadline=None)
@given(odd())
def test_xarf_is_whole_and_fits_its_schema(known: Facts) -> None:
    try:
        content = Xarf().write(known).content
    except NotReportable:
        return
    assert xarf.parse(content.decode()).errors == []
