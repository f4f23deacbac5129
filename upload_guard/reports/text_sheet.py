"""The sheet of a case as plain text."""

from __future__ import annotations

from upload_guard.reports.facts import Facts
from upload_guard.reports.legible import legible, legible_lines
from upload_guard.reports.sheet import Section, sections
from upload_guard.reports.wording import Wording


def text_sheet(facts: Facts, say: Wording, sentences: tuple[str, ...] = ()) -> str:
    """Sections with their rows, a line each; `sentences` and that no picture is attached stand last."""
    title = say("Report of a confirmed case")
    parts = [f"{title}\n{'=' * len(title)}", *(_section(one) for one in sections(facts, say))]
    closing = (*sentences, say("This report holds no picture, and none may be asked for by answering it."))
    return "\n\n".join([*parts, *closing]) + "\n"


def _section(section: Section) -> str:
    lines = (f"{row.label}: {_value(row.value)}" for row in section.rows)
    return "\n".join([section.title, "-" * len(section.title), *lines])


def _value(text: str) -> str:
    """More lines of one value are set off, so that none looks like a row of its own."""
    if "\n" not in text:
        return legible(text)
    return "".join(f"\n    {line}" for line in legible_lines(text).splitlines())
