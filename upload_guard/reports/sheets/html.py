"""A report as one HTML file, for a person to read or print: no script, no link, nothing from elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import resources

from jinja2 import Environment, StrictUndefined, Template

from upload_guard.reports.facts import Facts
from upload_guard.reports.papers import Paper
from upload_guard.reports.sheets.legible import legible_lines
from upload_guard.reports.sheets.sheet import closing, sections
from upload_guard.reports.sheets.wording import Language, wording


@dataclass(frozen=True, slots=True)
class HtmlFormat:
    """`sentences` are those of a jurisdiction. Addresses are no links, so that nobody opens one by a slip."""

    language: Language = "en"
    sentences: tuple[str, ...] = ()
    name: str = "html"

    def write(self, facts: Facts) -> Paper:
        """See `Format`."""
        say = wording(self.language)
        page = _layout().render(
            language=self.language,
            title=say("Report of a confirmed case"),
            report=facts.report,
            sections=sections(facts, say),
            closing=closing(say, self.sentences),
        )
        return Paper(self.name, "text/html; charset=utf-8", f"{facts.report}.html", page.encode())


@cache
def _layout() -> Template:
    file = resources.files("upload_guard.reports.sheets").joinpath("report.html")
    made = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    made.filters["legible"] = legible_lines
    return made.from_string(file.read_text(encoding="utf-8"))
