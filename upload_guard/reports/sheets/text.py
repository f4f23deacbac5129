"""A report in plain words, for a person to read: all that is known, a line each, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass

from upload_guard.reports.facts import Facts
from upload_guard.reports.papers import Paper
from upload_guard.reports.sheets.legible import legible, legible_lines
from upload_guard.reports.sheets.sheet import Section, closing, sections
from upload_guard.reports.sheets.wording import Language, Wording, wording


@dataclass(frozen=True, slots=True)
class TextFormat:
    """UTF-8, lines that end with a line feed. `sentences` are those of a jurisdiction."""

    language: Language = "en"
    sentences: tuple[str, ...] = ()
    name: str = "text"

    def write(self, facts: Facts) -> Paper:
        """See `Format`."""
        content = text_of(facts, wording(self.language), self.sentences)
        return Paper(self.name, "text/plain; charset=utf-8", f"{facts.report}.txt", content.encode())


def text_of(facts: Facts, say: Wording, sentences: tuple[str, ...] = ()) -> str:
    """The sections with their rows, a line each; what is stated stands last."""
    title = say("Report of a confirmed case")
    parts = [f"{title}\n{'=' * len(title)}", *(_section(one) for one in sections(facts, say))]
    return "\n\n".join([*parts, *closing(say, sentences)]) + "\n"


def _section(section: Section) -> str:
    lines = (f"{row.label}: {_value(row.value)}" for row in section.rows)
    return "\n".join([section.title, "-" * len(section.title), *lines])


def _value(text: str) -> str:
    """More lines of one value are set off, so that none looks like a row of its own."""
    if "\n" not in text:
        return legible(text)
    return "".join(f"\n    {line}" for line in legible_lines(text).splitlines())
