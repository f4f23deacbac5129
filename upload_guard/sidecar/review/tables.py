"""Tables of figures: one record that a page shows, a plot draws and a file holds, so that all three agree."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

from flask_babel import LazyString, format_date, format_decimal, format_percent

from upload_guard.sidecar.review.words import gettext
from upload_guard.statistics.cells import safe_cell

Value = str | int | float | date | timedelta | None


@dataclass(frozen=True, slots=True)
class Share:
    """A part of a whole, from 0 to 1."""

    part: float


@dataclass(frozen=True, slots=True)
class Column:
    """`key` heads it in files, in English; `label` on the page. Figures stand to the right."""

    key: str
    label: LazyString
    is_figure: bool = True


@dataclass(frozen=True, slots=True)
class Table:
    """`name` is that of its file. The first cell of a row heads it. `links` are addresses by that cell."""

    name: str
    caption: LazyString
    columns: tuple[Column, ...]
    rows: tuple[tuple[Value | Share, ...], ...]
    links: Mapping[str, str] = field(default_factory=dict)


def shown(value: Value | Share) -> str:
    """As the page's language has it. Nothing known is a dash, and never a nought."""
    if value is None or value == "":
        return _UNKNOWN
    if isinstance(value, Share):
        return str(format_percent(value.part, format="#,##0.0%"))
    if isinstance(value, timedelta):
        return _time(value)
    if isinstance(value, date):
        return str(format_date(value, "d MMM y"))
    return value if isinstance(value, str) else str(format_decimal(value))


def raw(value: Value | Share) -> str | int | float:
    """For machines: days as ISO 8601, shares as fractions, times in minutes, what is not known as nothing."""
    if value is None:
        return ""
    if isinstance(value, Share):
        return round(value.part, 4)
    if isinstance(value, timedelta):
        return value // timedelta(minutes=1)
    return value.isoformat() if isinstance(value, date) else value


def csv_of(table: Table) -> str:
    """RFC 4180, for programs and for spreadsheets, none of which takes a cell for a formula."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([column.key for column in table.columns])
    writer.writerows([_safe(raw(value)) for value in row] for row in table.rows)
    return text.getvalue()


_UNKNOWN = "\u2013"


def _safe(value: str | int | float) -> str | int | float:
    return safe_cell(value) if isinstance(value, str) else value


def _time(value: timedelta) -> str:
    minutes = value // timedelta(minutes=1)
    return gettext("%(hours)d h %(minutes)s min", hours=minutes // 60, minutes=f"{minutes % 60:02}")
