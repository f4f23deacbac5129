"""Statistics: what was checked, how right the lists were, how quick the people."""

from __future__ import annotations

from datetime import UTC, datetime

from flask import Blueprint, Response, render_template, request
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
        return Response(
            csv_of(TABLES[name](database, period)),
            content_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": f'attachment; filename="{title}"'},
        )

    return pages


def _days() -> int:
    given = request.args.get("days", _USUAL, type=int)
    return given if given in RANGES else _USUAL


def _period() -> Period:
    """The range and site of the address; nonsense in it means what is usual."""
    return Period.of_days(_days(), datetime.now(UTC), request.args.get("site", "")[:64])
