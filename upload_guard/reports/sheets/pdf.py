"""A report as PDF, for a person to read, print or file; by fpdf2 (the extra `pdf`).

The fonts that every reader has know no letters beyond Windows-1252: others are written as `\\u0416`, so that
nothing is lost. HTML has them as they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING

from upload_guard.errors import ConfigError
from upload_guard.reports.facts import Facts
from upload_guard.reports.papers import Paper
from upload_guard.reports.sheets.legible import legible_lines
from upload_guard.reports.sheets.sheet import Section, closing, sections
from upload_guard.reports.sheets.wording import Language, wording

if TYPE_CHECKING:
    from fpdf import FPDF

_ENCODING = "windows-1252"
_FONT = "Helvetica"
_LINE_MM = 5.2
_WIDTHS = (3, 7)


@dataclass(frozen=True, slots=True)
class PdfFormat:
    """`sentences` are those of a jurisdiction. The same facts make the same bytes."""

    language: Language = "en"
    sentences: tuple[str, ...] = ()
    name: str = "pdf"

    def __post_init__(self) -> None:
        """Raises `ConfigError` where fpdf2 is not installed: at the start, not when a report is due."""
        if find_spec("fpdf") is None:
            raise ConfigError('reports as PDF need fpdf2: pip install "upload-guard[pdf]"')

    def write(self, facts: Facts) -> Paper:
        """See `Format`."""
        say = wording(self.language)
        title = say("Report of a confirmed case")
        pdf = _blank(f"{title} {facts.report}", self.language, facts)
        pdf.set_font(_FONT, "B", 16)
        _line(pdf, title)
        for section in sections(facts, say):
            _section(pdf, section)
        pdf.ln(4)
        pdf.set_font(_FONT, "", 10)
        for sentence in closing(say, self.sentences):
            _line(pdf, sentence)
        return Paper(self.name, "application/pdf", f"{facts.report}.pdf", bytes(pdf.output()))


def _blank(title: str, language: Language, facts: Facts) -> FPDF:
    from fpdf import FPDF

    pdf = FPDF(format="A4")
    pdf.core_fonts_encoding = _ENCODING
    pdf.set_margin(18)
    pdf.set_auto_page_break(True, margin=18)
    pdf.set_title(_written(title))
    pdf.set_lang(language)
    pdf.set_creation_date(facts.confirmed_at)
    pdf.set_draw_color(200)
    pdf.add_page()
    return pdf


def _section(pdf: FPDF, section: Section) -> None:
    pdf.ln(3)
    if pdf.will_page_break(4 * _LINE_MM):
        pdf.add_page()
    pdf.set_font(_FONT, "B", 11)
    _line(pdf, section.title)
    # So that a SHA-256 fits a line.
    pdf.set_font(_FONT, "", 9)
    _table(pdf, section)


def _table(pdf: FPDF, section: Section) -> None:
    from fpdf.enums import WrapMode

    # By letters, for hashes have no place to break at.
    with pdf.table(
        first_row_as_headings=False,
        col_widths=_WIDTHS,
        text_align="LEFT",
        v_align="TOP",
        line_height=_LINE_MM,
        borders_layout="HORIZONTAL_LINES",
        wrapmode=WrapMode.CHAR,
    ) as table:
        for row in section.rows:
            line = table.row()
            line.cell(_written(row.label))
            line.cell(_written(row.value))


def _line(pdf: FPDF, text: str) -> None:
    pdf.multi_cell(0, _LINE_MM * 1.3, _written(text), align="L", new_x="LMARGIN", new_y="NEXT")


def _written(text: str) -> str:
    """As the fonts can show it."""
    return "".join(char if _shown(char) else _escaped(char) for char in legible_lines(text))


def _shown(char: str) -> bool:
    try:
        char.encode(_ENCODING)
    except UnicodeEncodeError:
        return False
    return True


def _escaped(char: str) -> str:
    return char.encode("ascii", "backslashreplace").decode()
