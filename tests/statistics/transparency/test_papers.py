"""The report on paper: every figure has words in each language, and no name of others is markup."""

from __future__ import annotations

import csv
import io
from datetime import date, timedelta

import pytest

from tests.statistics.transparency.test_counting import NOW, YEAR
from upload_guard.statistics.period import Period
from upload_guard.statistics.transparency.counting import transparency_report
from upload_guard.statistics.transparency.dutch import DUTCH
from upload_guard.statistics.transparency.english import ENGLISH
from upload_guard.statistics.transparency.figures import Figure, Part, Report
from upload_guard.statistics.transparency.papers import LANGUAGES, csv_of, markdown_of
from upload_guard.statistics.transparency.words import ReportWords
from upload_guard.storage.database import Database

FIGURES = (
    Figure("known", 4),
    Figure("share_within_24_hours", 0.5),
    Figure("median_time", timedelta(hours=27, minutes=5)),
    Figure("p95_time", None),
)
REPORT = Report(Period(date(2026, 1, 1), date(2026, 12, 31)), {Part.REMOVALS: FIGURES})


def rows_of(report: Report) -> list[list[str]]:
    return list(csv.reader(io.StringIO(csv_of(report))))


@pytest.mark.parametrize("words", [ENGLISH, DUTCH], ids=["en", "nl"])
def test_every_figure_that_is_counted_has_words_and_no_words_lack_a_figure(
    database: Database, words: ReportWords
) -> None:
    of_some = {Part.CASES: {"confirmed_of_category"}, Part.REPORTS: {"sent_to"}}
    for part, figures in transparency_report(database, YEAR, NOW).parts.items():
        keys = {one.key for one in figures} | of_some.get(part, set())
        assert set(words.parts[part].labels) == keys


def test_both_languages_name_the_same_places() -> None:
    for part, english in ENGLISH.parts.items():
        dutch = DUTCH.parts[part]
        for key, label in english.labels.items():
            assert ("{of}" in label) == ("{of}" in dutch.labels[key])
    assert len(ENGLISH.lacking) == len(DUTCH.lacking)


def test_in_english() -> None:
    paper = markdown_of(REPORT, ENGLISH)
    assert paper.startswith("# Transparency report: known child sexual abuse material\n")
    assert "Period: 2026-01-01 to 2026-12-31, both counted" in paper
    assert "| known to be on a site | 4 |\n" in paper
    assert "| share removed within 24 hours | 50.0% |\n" in paper
    assert "| median time to removal | 27 h 05 min |\n" in paper
    assert "| 95th percentile of the time to removal | \u2013 |\n" in paper
    assert "- Orders of authorities (Art. 15(1)(a))" in paper


def test_in_dutch() -> None:
    paper = markdown_of(REPORT, DUTCH)
    assert "| aandeel binnen 24 uur verwijderd | 50,0% |\n" in paper
    assert "| mediaan van de tijd tot verwijdering | 27 u 05 min |\n" in paper


def test_for_programs_each_value_has_its_unit() -> None:
    assert rows_of(REPORT) == [
        ["part", "figure", "of", "value", "unit"],
        ["removals", "known", "", "4", "count"],
        ["removals", "share_within_24_hours", "", "0.5000", "share"],
        ["removals", "median_time", "", "1625", "minutes"],
        ["removals", "p95_time", "", "", ""],
    ]


@pytest.mark.parametrize("name", ["=cmd()", "+1", "@x", "\uff1dcmd()"])
def test_no_name_is_a_formula(name: str) -> None:
    report = Report(REPORT.period, {Part.REPORTS: (Figure("sent_to", 1, name),)})
    assert rows_of(report)[1][2] == f"'{name}"


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_no_name_is_markup(language: str) -> None:
    name = "a|b\n| 7 | <script> [x](http://y) *z*"
    site = Period(date(2026, 1, 1), date(2026, 12, 31), name)
    report = Report(site, {Part.REPORTS: (Figure("sent_to", 1, name),)})
    (row,) = [
        line for line in markdown_of(report, LANGUAGES[language]).splitlines() if line.endswith("| 1 |")
    ]
    assert row.count("|") - row.count("\\|") == 3
    assert "<script" not in markdown_of(report, LANGUAGES[language]).replace("\\<script", "")
