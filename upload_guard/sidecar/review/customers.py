"""Customers of this check service: how they follow up their hits, by month, and what is open of each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta

from flask import Blueprint, Response, render_template, request, url_for
from flask_babel import LazyString, lazy_gettext
from werkzeug.exceptions import NotFound

from upload_guard.customers.opening import outcomes_in
from upload_guard.customers.outcomes import HitInfo
from upload_guard.customers.wire import HitOutcome
from upload_guard.people.roles import Permission
from upload_guard.sidecar.review.access import may
from upload_guard.sidecar.review.house import Review
from upload_guard.sidecar.review.statistics import RANGES
from upload_guard.sidecar.review.tables import Column, Share, Table, csv_of, raw, shown
from upload_guard.statistics.by_customer import CustomerMonth, months_by_customer
from upload_guard.statistics.period import Period

_USUAL = 90
_MOST_SHOWN = 200
OUTCOMES: Mapping[HitOutcome, LazyString] = {
    HitOutcome.REMOVED: lazy_gettext("removed"),
    HitOutcome.QUARANTINED: lazy_gettext("held where nobody sees it"),
    HitOutcome.ESCALATED: lazy_gettext("escalated"),
    HitOutcome.FALSE_POSITIVE: lazy_gettext("holds it for a false positive"),
    HitOutcome.NOT_FOUND: lazy_gettext("was not there"),
}


def customer_pages(review: Review) -> Blueprint:
    pages = Blueprint("customers", __name__)
    outcomes = outcomes_in(review.settings, review.database)
    deadline = timedelta(hours=review.settings.follow_up.hours)

    def months(period: Period) -> Table:
        now = datetime.now(UTC)
        return _by_month(months_by_customer(review.database, period, deadline, now))

    @pages.get("/customers")
    @may(Permission.SEE)
    def overview() -> str:
        doubted = _hits("doubted", lazy_gettext("The newest, at most 200"), outcomes.doubted(_MOST_SHOWN))
        return _page("review/customers.html", table=months(_period()), doubted=doubted, deadline=deadline)

    @pages.get("/customers.csv")
    @may(Permission.SEE)
    def file() -> Response:
        period = _period().in_months()
        title = f"upload-guard-customers-{period.first}-{period.last}.csv"
        return Response(
            csv_of(months(period)),
            content_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": f'attachment; filename="{title}"'},
        )

    @pages.get("/customers/<name>")
    @may(Permission.SEE)
    def one(name: str) -> str:
        newest = outcomes.newest(name, _MOST_SHOWN)
        if not newest:
            raise NotFound
        return _page(
            "review/customer.html",
            name=name,
            still_open=_hits(
                "open-hits", lazy_gettext("The oldest first, at most 200"), outcomes.open(name, _MOST_SHOWN)
            ),
            newest=_hits("newest-hits", lazy_gettext("The newest, at most 200"), newest),
        )

    return pages


def _page(template: str, **shown_there: object) -> str:
    return render_template(
        template, days=_days(), period=_period(), ranges=RANGES, shown=shown, raw=raw, **shown_there
    )


def _days() -> int:
    given = request.args.get("days", _USUAL, type=int)
    return given if given in RANGES else _USUAL


def _period() -> Period:
    return Period.of_days(_days(), datetime.now(UTC))


def _by_month(months: Iterable[CustomerMonth]) -> Table:
    rows = tuple(
        (
            one.customer,
            one.month,
            one.hits,
            one.within,
            None if one.share is None else Share(one.share),
            one.later,
            one.open,
            one.late,
            one.median,
            one.doubted,
        )
        for one in months
    )
    return Table(
        "customers",
        lazy_gettext("Hits by customer and month (UTC)"),
        (
            Column("customer", lazy_gettext("customer"), is_figure=False),
            Column("month", lazy_gettext("month"), is_figure=False),
            Column("hits", lazy_gettext("hits")),
            Column("followed_up_in_time", lazy_gettext("followed up in time")),
            Column("share_in_time", lazy_gettext("share of those due")),
            Column("followed_up_later", lazy_gettext("followed up later")),
            Column("open", lazy_gettext("open")),
            Column("open_and_late", lazy_gettext("open past the deadline")),
            Column("median_minutes", lazy_gettext("half within")),
            Column("false_positives", lazy_gettext("held for false positives")),
        ),
        rows,
        {row[0]: url_for("review.customers.one", name=row[0]) for row in rows},
    )


def _hits(name: str, caption: LazyString, hits: Iterable[HitInfo]) -> Table:
    return Table(
        name,
        caption,
        (
            Column("hit", lazy_gettext("hit"), is_figure=False),
            Column("customer", lazy_gettext("customer"), is_figure=False),
            Column("category", lazy_gettext("category"), is_figure=False),
            Column("first_asked", lazy_gettext("first asked (UTC)"), is_figure=False),
            Column("last_asked", lazy_gettext("last asked (UTC)"), is_figure=False),
            Column("times", lazy_gettext("times asked")),
            Column("outcome", lazy_gettext("what the customer says"), is_figure=False),
            Column("followed_up", lazy_gettext("followed up (UTC)"), is_figure=False),
        ),
        tuple(
            (
                hit.id,
                hit.site,
                hit.category,
                _moment(hit.asked_at),
                _moment(hit.last_asked_at),
                hit.times,
                str(OUTCOMES[hit.outcome]) if hit.outcome else None,
                _moment(hit.followed_at) if hit.followed_at else None,
            )
            for hit in hits
        ),
    )


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M}"
