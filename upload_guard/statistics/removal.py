"""How long what was on a site stayed there once somebody knew of it, against the norm of a day.

Uploads that were refused at the door never were on a site: they are counted apart, and in none of the times.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from upload_guard.records import Action
from upload_guard.statistics.deciding import NORM, percentile
from upload_guard.statistics.known import Known, known_things
from upload_guard.statistics.period import Period
from upload_guard.storage.database import Database
from upload_guard.storage.statistics_tables import UploadStatistic

_MINUTE = timedelta(minutes=1)
_REFUSED = tuple(action.label for action in Action if action.refuses)


@dataclass(frozen=True, slots=True)
class Removals:
    """Things that somebody knew to be on a site. Times are whole minutes.

    `stays` are those of which a person said that they may stay, or that they are not on this site: they are
    in none of the others. `within` and `later` are those removed, by the norm; `open` those still there,
    `late` those of them past the norm. `median` and `p95` (95th percentile) are of the removed, by nearest
    rank; None where nothing was.
    """

    known: int
    within: int
    later: int
    open: int
    late: int
    stays: int
    median: timedelta | None
    p95: timedelta | None

    @property
    def removed(self) -> int:
        return self.within + self.later

    @property
    def due(self) -> int:
        """Removed at all, or past the norm."""
        return self.removed + self.late

    @property
    def share(self) -> float | None:
        """Of those due, removed within the norm; None where none is due."""
        return self.within / self.due if self.due else None


@dataclass(frozen=True, slots=True)
class Month:
    """What became known in a month, such as "2026-11" (UTC), and the uploads `refused` at the door in it."""

    of: str
    removals: Removals
    refused: int


def removals_by_month(database: Database, period: Period, now: datetime) -> tuple[Month, ...]:
    """The months in which anything was known or refused, oldest first; the first month is whole, too.

    Raises `StorageFailed`.
    """
    whole = period.in_months()
    months: dict[str, list[Known]] = {}
    with database.session() as session:
        refused = _refused(session, whole)
        for one in known_things(session, whole):
            months.setdefault(f"{one.since:%Y-%m}", []).append(one)
    return tuple(
        Month(of, removals_of(months.get(of, ()), now), refused[of]) for of in sorted({*months, *refused})
    )


def removals_in(database: Database, period: Period, now: datetime) -> Removals:
    """Of all that became known in the period. Raises `StorageFailed`."""
    with database.session() as session:
        return removals_of(known_things(session, period), now)


def removals_of(things: Iterable[Known], now: datetime) -> Removals:
    """Counted one by one: there are as many as were found on a site, which is few beside its uploads."""
    times: Counter[int] = Counter()
    known = within = late = stays = still = 0
    for one in things:
        known += 1
        if one.stays:
            stays += 1
        elif one.until is None:
            still += 1
            late += one.since < now - NORM
        else:
            # What was done before anybody told of it took no time.
            took = max(timedelta(), one.until - one.since)
            times[took // _MINUTE] += 1
            within += took <= NORM
    return Removals(
        known=known,
        within=within,
        later=times.total() - within,
        open=still,
        late=late,
        stays=stays,
        median=percentile(times, 50),
        p95=percentile(times, 95),
    )


def _refused(session: Session, period: Period) -> Counter[str]:
    month = func.strftime("%Y-%m", UploadStatistic.day).label("month")
    counted = (
        select(month, func.sum(UploadStatistic.uploads))
        .where(UploadStatistic.day.between(period.first, period.last), UploadStatistic.action.in_(_REFUSED))
        .group_by("month")
    )
    if period.site:
        counted = counted.where(UploadStatistic.site == period.site)
    return Counter({row[0]: row[1] for row in session.execute(counted)})
