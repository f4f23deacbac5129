"""What a person reads, as text, HTML and PDF: the same in all three, in two languages."""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from pypdf import PdfReader

from tests.reports.goldens import golden
from tests.reports.known import PDQ, at, blocked, facts, match
from upload_guard.errors import ConfigError
from upload_guard.quarantine.showing.outcomes import LateAction
from upload_guard.records import SignalType
from upload_guard.reports.facts import Facts, Place
from upload_guard.reports.papers import Format
from upload_guard.reports.sheets.dutch import ACTS, DUTCH
from upload_guard.reports.sheets.html import HtmlFormat
from upload_guard.reports.sheets.pdf import PdfFormat
from upload_guard.reports.sheets.sheet import Row, closing, sections
from upload_guard.reports.sheets.text import TextFormat
from upload_guard.reports.sheets.wording import Language, wording

FORMATS: list[Callable[[Language], Format]] = [TextFormat, HtmlFormat, PdfFormat]


def read(written: Format, known: Facts) -> str:
    """The text that a person sees, with single spaces."""
    content = written.write(known).content
    if written.name == "pdf":
        text = "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages)
    elif written.name == "html":
        seen = _Seen()
        seen.feed(content.decode())
        text = " ".join(seen.texts)
    else:
        text = content.decode()
    return " ".join(text.split())


class _Seen(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


@pytest.mark.parametrize("language", ["en", "nl"])
@pytest.mark.parametrize("kind", ["found", "blocked"])
@pytest.mark.parametrize("make", FORMATS, ids=["text", "html", "pdf"])
def test_a_paper_is_as_it_was_read_once(
    make: Callable[[Language], Format], kind: str, language: Language
) -> None:
    written = make(language)
    known = {"found": facts, "blocked": blocked}[kind]()
    content = written.write(known).content
    if written.name == "pdf":
        # Its bytes are those of one version of fpdf2.
        content = re.sub(rb"\s+", b" ", read(written, known).encode()) + b"\n"
    name = f"sheet-{kind}-{language}.{written.name if written.name != 'pdf' else 'pdf.txt'}"
    assert content == golden(name, content)


@pytest.mark.parametrize("make", FORMATS, ids=["text", "html", "pdf"])
def test_all_that_is_known_stands_in_each(make: Callable[[Language], Format]) -> None:
    text = read(make("en"), facts()).replace(" ", "")
    for section in sections(facts(), wording("en")):
        for row in section.rows:
            assert row.label.replace(" ", "") in text
            assert row.value.replace(" ", "") in text


def test_no_phrase_lacks_its_dutch_and_none_is_left_over() -> None:
    said: set[str] = set()

    class Listening(dict[str, str]):
        def __getitem__(self, phrase: str) -> str:
            said.add(phrase)
            return DUTCH[phrase]

    say = type(wording("nl"))("nl", Listening(DUTCH))
    told = match(list_name="a service", version=0, signal_type=SignalType.SHA256)
    for known in (
        facts(matches=(match(), told, match(SignalType.PDQ, "NCMEC"))),
        blocked(matches=(match(SignalType.PDQ),)),
        facts(places=(_closed(),)),
    ):
        sections(known, say)
    closing(say)
    said.add("Report of a confirmed case")
    assert said == set(DUTCH)


def _closed() -> Place:
    return Place("https://example.org/b", publicly_available=False)


@pytest.mark.parametrize("action", LateAction, ids=str)
def test_what_a_site_says_it_did_has_its_dutch(action: LateAction) -> None:
    assert f"{action}, as the site says" in ACTS


def test_an_act_without_a_translation_is_told_as_it_is() -> None:
    assert "2026-11-26 09:00:00 UTC: burnt" in read(TextFormat("nl"), facts(actions=((at(9), "burnt"),)))


def test_a_machine_without_fpdf2_says_so_at_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fpdf", None)
    with pytest.raises(ConfigError, match=r"upload-guard\[pdf\]"):
        PdfFormat()


def test_who_saw_it_is_told_and_that_nobody_did() -> None:
    assert "robin, 2026-11-26 10:15:00 UTC" in read(TextFormat(), facts())
    assert "by nobody, as far as the audit log shows" in read(TextFormat(), blocked())


def test_a_classification_that_nobody_chose_has_no_line() -> None:
    assert "Classification" not in read(TextFormat(), blocked())


def test_a_likeness_is_not_called_the_same() -> None:
    assert "a likeness to an entry" in read(TextFormat(), facts(matches=(match(SignalType.PDQ),)))


def test_where_no_match_is_told_nothing_is_said_of_how_sure_it_was() -> None:
    assert "Confidence" not in read(TextFormat(), facts(matches=()))


def test_sentences_of_a_jurisdiction_stand_in_place_of_the_usual_one() -> None:
    for make in (TextFormat, HtmlFormat, PdfFormat):
        text = read(make("en", ("We believe this to be true.",)), facts())
        assert "We believe this to be true." in text
        assert "made in good faith" not in text
        assert "no picture" in text


EVIL = '<script>alert("x")</script>'


def test_a_name_of_a_file_is_no_markup() -> None:
    page = HtmlFormat().write(facts(file_name=EVIL)).content.decode()
    assert "<script" not in page
    assert EVIL in read(HtmlFormat(), facts(file_name=EVIL))


def test_a_page_links_to_nothing_and_loads_nothing() -> None:
    page = HtmlFormat().write(facts()).content.decode()
    assert "default-src 'none'" in page
    assert not re.search(r"<(a|img|script|link|iframe|form)\b|\bsrc=|\bhref=", page)


@pytest.mark.parametrize("make", FORMATS, ids=["text", "html", "pdf"])
@pytest.mark.parametrize(
    ("name", "shown"),
    [("gpj.\u202exe", r"gpj.\u202exe"), ("a\x00b", r"a\u0000b"), ("a\nCase number: 0", "Case number: 0")],
    ids=["turned", "zero", "a line of its own"],
)
def test_what_cannot_be_seen_is_written_out(
    make: Callable[[Language], Format], name: str, shown: str
) -> None:
    assert shown in read(make("en"), facts(file_name=name))


@pytest.mark.parametrize("ends", ["\n", "\r", "\x85", "\u2028", "\u2029"], ids=ascii)
def test_a_line_break_in_a_name_makes_no_row(ends: str) -> None:
    text = TextFormat().write(facts(file_name=f"a{ends}Case number: 0")).content.decode()
    assert not [line for line in text.splitlines() if line.startswith("Case number: 0")]


def test_letters_that_no_font_has_are_not_lost_in_a_pdf() -> None:
    assert r"\u0416\u5b57.jpg" in read(PdfFormat(), facts(file_name="\u0416\u5b57.jpg"))
    assert "\u0416\u5b57.jpg" in read(HtmlFormat(), facts(file_name="\u0416\u5b57.jpg"))


def test_the_same_facts_make_the_same_pdf() -> None:
    assert PdfFormat().write(facts()).content == PdfFormat().write(facts()).content


def test_many_matches_go_on_over_the_page() -> None:
    many = tuple(match(SignalType.PDQ, f"list-{number}") for number in range(120))
    content = PdfFormat().write(facts(matches=many)).content
    assert len(PdfReader(io.BytesIO(content)).pages) > 2
    assert "list-119" in read(PdfFormat(), facts(matches=many))


def test_rows_without_a_value_are_not_there() -> None:
    for section in sections(blocked(), wording("en")):
        assert all(isinstance(row, Row) and row.value for row in section.rows)


@pytest.mark.parametrize("paper", FORMATS, ids=["text", "html", "pdf"])
def test_hashes_that_only_we_compare_by_are_left_out(paper: Callable[[Language], Format]) -> None:
    turned = replace(PDQ, value=b"\x09" * 32, variant="turned 90")
    told = read(paper("en"), facts(signals=(PDQ, turned)))
    assert ("04" * 32 in told, "09" * 32 in told) == (True, False)
