"""A transparency report as a paper for people (Markdown) and as a table for programs (CSV)."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from datetime import timedelta

from upload_guard.statistics.cells import safe_cell
from upload_guard.statistics.transparency.dutch import DUTCH
from upload_guard.statistics.transparency.english import ENGLISH
from upload_guard.statistics.transparency.figures import Figure, Part, Report, Value
from upload_guard.statistics.transparency.words import ReportWords

LANGUAGES: Mapping[str, ReportWords] = {"en": ENGLISH, "nl": DUTCH}
_MINUTE = timedelta(minutes=1)
_UNKNOWN = "\u2013"
# What Markdown or the HTML in it would take for more than text.
_MARKED = str.maketrans({char: f"\\{char}" for char in r"\`*_{}[]<>()#+!|&"})


def markdown_of(report: Report, words: ReportWords) -> str:
    """GitHub Flavored Markdown, with a table for each part."""
    return "\n".join(_lines(report, words)) + "\n"


def csv_of(report: Report) -> str:
    """RFC 4180, in English whatever the language: part, figure, of, value, unit."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["part", "figure", "of", "value", "unit"])
    for part, figures in report.parts.items():
        for one in figures:
            writer.writerow([part.value, one.key, safe_cell(one.of), *_plain(one.value)])
    return text.getvalue()


def _lines(report: Report, words: ReportWords) -> Iterator[str]:
    period = report.period
    yield f"# {words.title}"
    yield ""
    yield words.period.format(first=period.first, last=period.last)
    yield words.site.format(site=_text(period.site)) if period.site else words.all_sites
    for part, figures in report.parts.items():
        yield from _table(part, figures, words)
    yield from ("", f"## {words.method_title}", "", words.method)
    yield from ("", f"## {words.lacking_title}", "")
    yield from (f"- {sentence}" for sentence in words.lacking)


def _table(part: Part, figures: tuple[Figure, ...], words: ReportWords) -> Iterator[str]:
    own = words.parts[part]
    yield from ("", f"## {own.title}", "", own.says, "")
    yield from (f"| {words.figure} | {words.number} |", "| --- | ---: |")
    for one in figures:
        yield f"| {own.labels[one.key].format(of=_text(one.of))} | {_shown(one.value, words)} |"


def _shown(value: Value, words: ReportWords) -> str:
    """Nothing known is a dash, and never a nought."""
    if value is None:
        return _UNKNOWN
    if isinstance(value, timedelta):
        hours, minutes = divmod(value // _MINUTE, 60)
        return words.time.format(hours=hours, minutes=minutes)
    if isinstance(value, float):
        return f"{value:.1%}".replace(".", words.decimal)
    return str(value)


def _plain(value: Value) -> tuple[str, str]:
    if value is None:
        return "", ""
    if isinstance(value, timedelta):
        return str(value // _MINUTE), "minutes"
    return (f"{value:.4f}", "share") if isinstance(value, float) else (str(value), "count")


def _text(name: str) -> str:
    """A name of somebody else's in one line of Markdown."""
    return " ".join(name.split()).translate(_MARKED)
