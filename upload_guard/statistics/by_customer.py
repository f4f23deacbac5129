"""How the customers of a check service followed up their hits, by the month in which they asked."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Integer, cast, func, select

from upload_guard.customers.wire import HitOutcome
from upload_guard.statistics.deciding import percentile
from upload_guard.statistics.period import Period
from upload_guard.storage.customer_tables import CustomerHit
from upload_guard.storage.database import Database


@dataclass(frozen=True, slots=True)
class CustomerMonth:
    """The hits of one customer in one month, such as "2026-11" (UTC). Times are whole minutes.

    `within` are those followed up by the deadline, `later` after it; `open` those of which nothing was told,
    `late` those of them that are past it. `median` is the least time within which half of those followed up
    were; None where none was. `doubted`: the customer's last word is that it was a false positive.
    """

    customer: str
    month: str
    hits: int
    within: int
    later: int
    late: int
    doubted: int
    median: timedelta | None

    @property
    def open(self) -> int:
        return self.hits - self.within - self.later

    @property
    def due(self) -> int:
        """Followed up at all, or past the deadline."""
        return self.within + self.later + self.late

    @property
    def share(self) -> float | None:
        """Of those due, followed up by the deadline; None where none is due."""
        return self.within / self.due if self.due else None


@dataclass(frozen=True, slots=True)
class _Group:
    """Hits that are alike: `minutes` until something was done, None where nothing was told.

    `in_time`, to the second: a whole minute more would call in time what was shown as late.
    """

    minutes: int | None
    in_time: bool
    late: bool
    doubted: bool


def months_by_customer(
    database: Database, period: Period, deadline: timedelta, now: datetime
) -> tuple[CustomerMonth, ...]:
    """By customer, newest month first; of one where `period.site` names it. The first month is whole, too.

    Raises `StorageFailed`.
    """
    whole = period.in_months()
    month = func.strftime("%Y-%m", CustomerHit.asked_at).label("month")
    seconds = func.strftime("%s", CustomerHit.followed_at) - func.strftime("%s", CustomerHit.asked_at)
    minutes = cast(seconds / 60, Integer).label("minutes")
    in_time = func.coalesce(seconds <= int(deadline.total_seconds()), False).label("in_time")
    late = (CustomerHit.asked_at < now - deadline).label("late")
    doubted = (CustomerHit.outcome == HitOutcome.FALSE_POSITIVE.value).label("doubted")
    counted = (
        select(CustomerHit.site, month, minutes, in_time, late, doubted, func.count())
        .where(CustomerHit.asked_at >= whole.begin, CustomerHit.asked_at < whole.end)
        .group_by(CustomerHit.site, "month", "minutes", "in_time", "late", "doubted")
        .order_by(CustomerHit.site, month.desc())
    )
    if period.site:
        counted = counted.where(CustomerHit.site == period.site)
    months: dict[tuple[str, str], Counter[_Group]] = {}
    with database.session() as session:
        for site, of, *alike, count in session.execute(counted):
            months.setdefault((site, of), Counter())[_Group(*alike)] += count
    return tuple(_month(site, of, groups) for (site, of), groups in months.items())


def _month(site: str, of: str, groups: Counter[_Group]) -> CustomerMonth:
    times: Counter[int] = Counter()
    for group, count in groups.items():
        if group.minutes is not None:
            times[group.minutes] += count
    within = sum(n for group, n in groups.items() if group.in_time)
    return CustomerMonth(
        customer=site,
        month=of,
        hits=groups.total(),
        within=within,
        later=times.total() - within,
        late=sum(n for group, n in groups.items() if group.minutes is None and group.late),
        doubted=sum(n for group, n in groups.items() if group.doubted),
        median=percentile(times, 50),
    )
