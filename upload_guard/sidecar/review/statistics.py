"""Statistics: what was checked, how right the lists were, how quick the people."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

from flask import Blueprint, Response, render_template, request
from flask_babel import get_locale
from werkzeug.exceptions import NotFound

from upload_guard.people.roles import Permission
from upload_guard.sidecar.review import links
from upload_guard.sidecar.review.access import may
from upload_guard.sidecar.review.figures import TABLES
from upload_guard.sidecar.review.house import Review
from upload_guard.sidecar.review.labels import LATE
from upload_guard.sidecar.review.tables import csv_of, raw, shown
from upload_guard.statistics.deciding import overdue_now
from upload_guard.statistics.late import late_files
from upload_guard.statistics.period import Period
from upload_guard.statistics.transparency.counting import transparency_report
from upload_guard.statistics.transparency.papers import LANGUAGES, markdown_of
from upload_guard.statistics.transparency.papers import csv_of as transparency_csv
from upload_guard.statistics.uploads import known_sites

RANGES = (7, 30, 90, 365)
_USUAL = 30


def statistics_pages(review: Review) -> Blueprint:
    pages = Blueprint("statistics", __name__)
    database = review.database

    @pages.get("/statistics")
    @may(Permission.SEE)
    def figures() -> str:
        period, now = _period(), datetime.now(UTC)
        return render_template(
            "review/statistics.html",
            tables={name: make(database, period) for name, make in TABLES.items()},
            period=period,
            days=_days(),
            ranges=RANGES,
            sites=known_sites(database, Period.of_days(max(RANGES), now).first),
            overdue=overdue_now(database, period.site, now),
            still_there=late_files(database, period).still_there,
            late_words=LATE,
            last_year=_last_year(now),
            links=links,
            shown=shown,
            raw=raw,
        )

    @pages.get("/statistics/<name>.csv")
    @may(Permission.SEE)
    def file(name: str) -> Response:
        if name not in TABLES:
            raise NotFound
        period = _period()
        title = f"upload-guard-{name}-{period.first}-{period.last}.csv"
        return _download(csv_of(TABLES[name](database, period)), "text/csv", title)

    @pages.get("/statistics/transparency-report")
    @may(Permission.SEE)
    def transparency() -> Response:
        now = datetime.now(UTC)
        period = _asked_period(_last_year(now))
        report = transparency_report(database, period, now)
        title = f"transparency-report-{period.first}-{period.last}"
        if request.args.get("paper") == "csv":
            return _download(transparency_csv(report), "text/csv", f"{title}.csv")
        return _download(markdown_of(report, LANGUAGES[str(get_locale())]), "text/markdown", f"{title}.md")

    return pages


def _download(text: str, media_type: str, name: str) -> Response:
    return Response(
        text,
        content_type=f"{media_type}; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _last_year(now: datetime) -> Period:
    return Period(date(now.year - 1, 1, 1), date(now.year - 1, 12, 31))


def _asked_period(usual: Period) -> Period:
    """The days and the site of the address; nonsense in it means what is usual."""
    site = request.args.get("site", "")[:64]
    first, last = (request.args.get(name, type=date.fromisoformat) for name in ("first", "last"))
    if first is None or last is None or first > last:
        return replace(usual, site=site)
    return Period(first, last, site)


def _days() -> int:
    given = request.args.get("days", _USUAL, type=int)
    return given if given in RANGES else _USUAL


def _period() -> Period:
    """The range and site of the address; nonsense in it means what is usual."""
    return Period.of_days(_days(), datetime.now(UTC), request.args.get("site", "")[:64])
