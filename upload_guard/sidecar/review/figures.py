"""The tables of the statistics page, made of what the rows say."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from flask_babel import lazy_gettext

from upload_guard.records import Action, Result
from upload_guard.sidecar.review.labels import ACTIONS, LATE, RESULTS
from upload_guard.sidecar.review.tables import Column, Share, Table, Value
from upload_guard.statistics.by_list import records_by_list
from upload_guard.statistics.deciding import times_by_week
from upload_guard.statistics.late import late_files
from upload_guard.statistics.period import Period
from upload_guard.statistics.removal import removals_by_month
from upload_guard.statistics.uploads import Uploads, uploads_by_day, uploads_by_site, why_unread
from upload_guard.storage.database import Database

Cells = tuple[Value | Share, ...]

# In the order of the table: what could not be read or checked is never added to anything.
_RESULTS = (
    Result.CLEAN,
    Result.MATCH,
    Result.NEAR,
    Result.DISPUTED,
    Result.UNSCANNABLE,
    Result.UNCHECKED,
)
_COUNTED = (
    Column("uploads", lazy_gettext("uploads checked")),
    *(Column(result.value, RESULTS[result]) for result in _RESULTS),
    *(Column(action.label, ACTIONS[action]) for action in Action),
)


def by_day(database: Database, period: Period) -> Table:
    return Table(
        "uploads-by-day",
        lazy_gettext("Uploads by day (UTC)"),
        (Column("day", lazy_gettext("day"), is_figure=False), *_COUNTED),
        tuple((one.of, *_counted(one)) for one in uploads_by_day(database, period)),
    )


def by_site(database: Database, period: Period) -> Table:
    return Table(
        "uploads-by-site",
        lazy_gettext("Uploads by site"),
        (Column("site", lazy_gettext("site"), is_figure=False), *_COUNTED),
        tuple((one.of, *_counted(one)) for one in uploads_by_site(database, period)),
    )


def unread(database: Database, period: Period) -> Table:
    return Table(
        "not-read-or-checked",
        lazy_gettext("Why uploads could not be read or checked"),
        (
            Column("result", lazy_gettext("what happened"), is_figure=False),
            Column("reason", lazy_gettext("why"), is_figure=False),
            Column("uploads", lazy_gettext("uploads")),
        ),
        tuple((str(RESULTS[one.result]), one.reason, one.uploads) for one in why_unread(database, period)),
    )


def by_list(database: Database, period: Period) -> Table:
    return Table(
        "lists",
        lazy_gettext("Cases by the list that held them when they came"),
        (
            Column("list", lazy_gettext("list"), is_figure=False),
            Column("cases", lazy_gettext("cases")),
            Column("false_positives", lazy_gettext("false positives")),
            Column("confirmed", lazy_gettext("confirmed")),
            Column("decided", lazy_gettext("decided whether right")),
            Column("false_positive_share", lazy_gettext("share of false positives")),
            Column("released", lazy_gettext("released without that word")),
            Column("escalated", lazy_gettext("escalated")),
            Column("expired", lazy_gettext("expired undecided")),
            Column("waiting", lazy_gettext("waiting")),
            Column("disputed_entries_now", lazy_gettext("entries disputed now")),
            Column("proposed_disputes_now", lazy_gettext("disputes that need a second person")),
            Column("lowered_entries_now", lazy_gettext("entries the breaker lowered")),
        ),
        tuple(
            (
                one.name,
                one.cases,
                one.false_positives,
                one.confirmed,
                one.decided,
                _share(one.share),
                one.released,
                one.escalated,
                one.expired,
                one.waiting,
                one.disputed,
                one.proposed,
                one.lowered,
            )
            for one in records_by_list(database, period)
        ),
    )


def by_week(database: Database, period: Period) -> Table:
    return Table(
        "time-to-decision",
        lazy_gettext("Time to decision, by the week in which cases came"),
        (
            Column("monday", lazy_gettext("week that began"), is_figure=False),
            Column("cases", lazy_gettext("cases")),
            Column("decided", lazy_gettext("decided")),
            Column("median_minutes", lazy_gettext("half within")),
            Column("ninetieth_minutes", lazy_gettext("nine of ten within")),
            Column("within_24_hours", lazy_gettext("decided within 24 h")),
            Column("due", lazy_gettext("of those due")),
            Column("share_within_24_hours", lazy_gettext("share within 24 h")),
            Column("released_by_rules", lazy_gettext("released by rules")),
            Column("waiting", lazy_gettext("waiting")),
        ),
        tuple(
            (
                one.monday,
                one.cases,
                one.decided,
                one.median,
                one.ninetieth,
                one.within,
                one.due,
                _share(one.share),
                one.by_rules,
                one.waiting,
            )
            for one in times_by_week(database, period, datetime.now(UTC))
        ),
    )


def by_month(database: Database, period: Period) -> Table:
    return Table(
        "time-to-removal",
        lazy_gettext("Time to removal, by the month in which it became known (UTC)"),
        (
            Column("month", lazy_gettext("month"), is_figure=False),
            Column("known", lazy_gettext("known to be on a site")),
            Column("removed", lazy_gettext("removed")),
            Column("median_minutes", lazy_gettext("half within")),
            Column("p95_minutes", lazy_gettext("95 of 100 within")),
            Column("within_24_hours", lazy_gettext("removed within 24 h")),
            Column("due", lazy_gettext("of those due")),
            Column("share_within_24_hours", lazy_gettext("share within 24 h")),
            Column("open", lazy_gettext("still there")),
            Column("open_and_late", lazy_gettext("still there for more than 24 h")),
            Column("may_stay", lazy_gettext("may stay, or not on the site")),
            Column("refused_at_the_door", lazy_gettext("uploads refused at the door")),
        ),
        tuple(
            (
                one.of,
                one.removals.known,
                one.removals.removed,
                one.removals.median,
                one.removals.p95,
                one.removals.within,
                one.removals.due,
                _share(one.removals.share),
                one.removals.open,
                one.removals.late,
                one.removals.stays,
                one.refused,
            )
            for one in removals_by_month(database, period, datetime.now(UTC))
        ),
    )


def late(database: Database, period: Period) -> Table:
    return Table(
        "found-late",
        lazy_gettext("Files that were found after they had passed: what their sites did"),
        (
            Column("outcome", lazy_gettext("what the site says"), is_figure=False),
            Column("files", lazy_gettext("files")),
        ),
        tuple((str(LATE[action]), count) for action, count in late_files(database, period).told.items()),
    )


TABLES: Mapping[str, Callable[[Database, Period], Table]] = {
    "uploads-by-day": by_day,
    "uploads-by-site": by_site,
    "not-read-or-checked": unread,
    "lists": by_list,
    "time-to-decision": by_week,
    "time-to-removal": by_month,
    "found-late": late,
}
"""All tables of the page by the names of their files."""


def _counted(uploads: Uploads[Any]) -> Cells:
    return (
        uploads.checked,
        *(uploads.results[result] for result in _RESULTS),
        *(uploads.actions[action] for action in Action),
    )


def _share(part: float | None) -> Share | None:
    return None if part is None else Share(part)
