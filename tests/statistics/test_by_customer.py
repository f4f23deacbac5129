"""Hits of customers by month: in time, later, open, late, and how quick the median was."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from tests.support import lay_schema
from upload_guard.statistics.by_customer import CustomerMonth, months_by_customer
from upload_guard.statistics.period import Period
from upload_guard.storage.customer_tables import CustomerHit
from upload_guard.storage.database import Database, open_database

NOW = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
YEAR = Period(date(2026, 1, 1), date(2026, 12, 31))
DAY = timedelta(hours=24)


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return open_database(lay_schema(f"sqlite:///{tmp_path / 'data' / 'test.sqlite3'}"))


def hit(
    database: Database, asked: datetime, hours: float | None = None, site: str = "forum", outcome: str = ""
) -> None:
    """One that was followed up after so many hours, or not yet."""
    with database.session() as session:
        session.add(
            CustomerHit(
                id=f"{site} {asked:%m%d%H} {hours}",
                site=site,
                day=asked.date(),
                category="baseline",
                asked_at=asked,
                last_asked_at=asked,
                times=1,
                followed_at=None if hours is None else asked + timedelta(hours=hours),
                outcome=outcome or ("" if hours is None else "removed"),
                told_by="",
            )
        )


def months(database: Database, site: str = "") -> tuple[CustomerMonth, ...]:
    return months_by_customer(database, Period(YEAR.first, YEAR.last, site), DAY, NOW)


def test_nobody_who_had_no_hit_is_in_it(database: Database) -> None:
    assert months(database) == ()


def test_each_hit_is_in_time_later_or_open_and_what_is_open_is_late_after_a_day(database: Database) -> None:
    begin = NOW - timedelta(days=5)
    for number, hours in enumerate((1, 24, 25, None)):
        hit(database, begin + timedelta(hours=number), hours)
    hit(database, NOW - timedelta(hours=2))
    (month,) = months(database)
    assert (month.customer, month.month, month.hits) == ("forum", "2026-11", 5)
    assert (month.within, month.later, month.open, month.late) == (2, 1, 2, 1)
    assert (month.due, month.share, month.median) == (4, 0.5, timedelta(hours=24))


def test_half_a_minute_past_the_deadline_is_late_and_stays_so(database: Database) -> None:
    hit(database, NOW - DAY - timedelta(seconds=30))
    hit(database, NOW - DAY - timedelta(seconds=30), 24 + 30 / 3600)
    (month,) = months(database)
    assert (month.within, month.later, month.late) == (0, 1, 1)


def test_where_nothing_is_due_there_is_no_share(database: Database) -> None:
    hit(database, NOW - timedelta(hours=1))
    (month,) = months(database)
    assert (month.share, month.median, month.open) == (None, None, 1)


def test_customers_and_months_stand_apart_newest_first(database: Database) -> None:
    hit(database, datetime(2026, 10, 31, 23, 59, tzinfo=UTC), 1)
    hit(database, datetime(2026, 11, 1, tzinfo=UTC), 1)
    hit(database, datetime(2026, 11, 2, tzinfo=UTC), 1, site="blog")
    assert [(one.customer, one.month) for one in months(database)] == [
        ("blog", "2026-11"),
        ("forum", "2026-11"),
        ("forum", "2026-10"),
    ]
    assert [one.customer for one in months(database, "blog")] == ["blog"]


def test_what_a_customer_holds_for_a_false_positive_is_counted_and_is_followed_up(database: Database) -> None:
    hit(database, NOW - timedelta(days=3), 2, outcome="false_positive")
    (month,) = months(database)
    assert (month.doubted, month.within) == (1, 1)


def test_the_first_month_is_whole_whatever_day_the_period_begins_on(database: Database) -> None:
    hit(database, datetime(2026, 9, 30, 23, 59, tzinfo=UTC), 1)
    hit(database, datetime(2026, 10, 1, tzinfo=UTC))
    hit(database, datetime(2026, 10, 30, tzinfo=UTC), 1)
    months = months_by_customer(database, Period.of_days(30, NOW), DAY, NOW)
    assert [(one.month, one.hits, one.share) for one in months] == [("2026-10", 2, 0.5)]


def test_what_was_asked_outside_the_period_does_not_count(database: Database) -> None:
    hit(database, datetime(2025, 12, 31, 23, 59, tzinfo=UTC), 1)
    assert months(database) == ()
