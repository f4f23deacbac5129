"""The tables of the pages of lists: how versions differ, and what the gate put aside."""

from __future__ import annotations

from collections.abc import Iterable

from flask_babel import lazy_gettext

from upload_guard.lists.gate.gate import DiffRow, PutAside
from upload_guard.lists.tasks.report_rows import ReportShown
from upload_guard.sidecar.review.labels import PUT_ASIDE
from upload_guard.sidecar.review.tables import Column, Table
from upload_guard.sidecar.review.words import gettext

_DIFFERENCE = (
    Column("type", lazy_gettext("type"), is_figure=False),
    Column("category", lazy_gettext("category"), is_figure=False),
    Column("before", lazy_gettext("before")),
    Column("now", lazy_gettext("now")),
    Column("added", lazy_gettext("hashes that come")),
    Column("removed", lazy_gettext("hashes that go")),
    Column("came", lazy_gettext("come to the category")),
    Column("left", lazy_gettext("leave it")),
)


def difference_table(rows: Iterable[DiffRow]) -> Table:
    return Table(
        "difference",
        lazy_gettext("Entries by type and category"),
        _DIFFERENCE,
        tuple(
            (
                str(row.signal_type),
                row.category,
                row.before,
                row.now,
                row.added,
                row.removed,
                row.came,
                row.left,
            )
            for row in rows
        ),
    )


def aside_table(report: ReportShown) -> Table:
    return Table(
        "aside",
        lazy_gettext("Put aside by the gate: these do not act"),
        (Column("why", lazy_gettext("why"), is_figure=False), Column("entries", lazy_gettext("entries"))),
        tuple((_why(reason), count) for reason, count in sorted(report.aside.items())),
    )


def named_table(report: ReportShown) -> Table:
    """By number in the version's file; never the hash."""
    return Table(
        "named",
        lazy_gettext("The first of them"),
        (
            Column("entry", lazy_gettext("number in the file"), is_figure=False),
            Column("type", lazy_gettext("type"), is_figure=False),
            Column("why", lazy_gettext("why"), is_figure=False),
            Column("image", lazy_gettext("known-good image"), is_figure=False),
        ),
        tuple((str(one.entry), str(one.signal_type), _why(one.reason), _image(one)) for one in report.named),
    )


def _why(reason: str) -> str:
    """A reason of another release stands as it was written."""
    return str(PUT_ASIDE.get(reason, reason))


def _image(one: PutAside) -> str:
    if not one.scope:
        return ""
    if not one.distance:
        return one.name
    return gettext("%(name)s, %(bits)d bits away", name=one.name, bits=one.distance)
