"""Time to decision: the figures equal the rows they are of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from tests.statistics.rows import add_case, decide
from upload_guard.quarantine.states import CaseState
from upload_guard.statistics.deciding import Overdue, Week, overdue_now, percentile, times_by_week
from upload_guard.statistics.period import Period
from upload_guard.storage.database import Database

MONDAY = datetime(2026, 11, 9, 12, 0, tzinfo=UTC)
NOW = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
MONTH = Period.of_days(30, NOW)


def decided_after(database: Database, hours: Iterable[float], came: datetime = MONDAY) -> None:
    for one in hours:
        number = add_case(database, came)
        decide(database, number, "confirmed", came + timedelta(hours=one), CaseState.CONFIRMED)


def weeks(database: Database, period: Period = MONTH) -> tuple[Week, ...]:
    return times_by_week(database, period, NOW)


def test_median_ninetieth_and_share_are_of_the_rows(database: Database) -> None:
    decided_after(database, [1, 2, 3, 4, 5, 6, 7, 8, 30, 50])
    (week,) = weeks(database)
    assert week == Week(
        monday=MONDAY.date(),
        cases=10,
        decided=10,
        within=8,
        due=10,
        by_rules=0,
        median=timedelta(hours=5),
        ninetieth=timedelta(hours=30),
    )
    assert (week.share, week.waiting) == (0.8, 0)


def test_a_day_exactly_is_within_the_norm_and_a_minute_more_is_not(database: Database) -> None:
    decided_after(database, [24, 24 + 1 / 60])
    assert [week.within for week in weeks(database)] == [1]


def test_what_has_waited_longer_than_a_day_missed_the_norm(database: Database) -> None:
    decided_after(database, [1])
    add_case(database, MONDAY)
    (week,) = weeks(database)
    assert (week.within, week.due, week.share, week.waiting) == (1, 2, 0.5, 1)


def test_what_has_not_waited_that_long_is_not_counted_against_it(database: Database) -> None:
    add_case(database, NOW - timedelta(hours=23))
    (week,) = weeks(database)
    assert (week.cases, week.due, week.share, week.median) == (1, 0, None, None)


def test_what_rules_released_is_nobodys_decision(database: Database) -> None:
    number = add_case(database, MONDAY)
    decide(database, number, "released", MONDAY + timedelta(hours=1), CaseState.RELEASED, "policy")
    (week,) = weeks(database)
    assert (week.decided, week.due, week.by_rules, week.waiting) == (0, 0, 1, 0)


def test_an_escalated_case_still_waits(database: Database) -> None:
    decide(database, add_case(database, MONDAY), "escalated", MONDAY, CaseState.ESCALATED)
    (week,) = weeks(database)
    assert (week.decided, week.due, week.waiting) == (0, 1, 1)


def test_the_first_decision_counts_though_it_was_taken_back(database: Database) -> None:
    number = add_case(database, MONDAY)
    decide(database, number, "confirmed", MONDAY + timedelta(hours=1), CaseState.CONFIRMED)
    decide(database, number, "reopened", MONDAY + timedelta(hours=40), CaseState.OPEN)
    decide(database, number, "released", MONDAY + timedelta(hours=50), CaseState.RELEASED)
    (week,) = weeks(database)
    assert (week.median, week.within) == (timedelta(hours=1), 1)


def test_weeks_begin_on_monday(database: Database) -> None:
    sunday_night = datetime(2026, 11, 15, 23, 59, tzinfo=UTC)
    for came in (MONDAY.replace(hour=0), sunday_night, sunday_night + timedelta(minutes=2)):
        add_case(database, came)
    assert [(f"{week.monday}", week.cases) for week in weeks(database)] == [
        ("2026-11-09", 2),
        ("2026-11-16", 1),
    ]


def test_period_and_site_choose(database: Database) -> None:
    add_case(database, MONDAY, site="shop")
    assert weeks(database, Period(MONTH.first, MONTH.last, "blog")) == ()
    assert weeks(database, Period.of_days(3, NOW)) == ()


def test_overdue_are_those_that_nobody_has_decided_for_a_day(database: Database) -> None:
    for state in (CaseState.OPEN, CaseState.RELEASE_PROPOSED, CaseState.ESCALATED):
        add_case(database, MONDAY, state=state)
    for state in (CaseState.CONFIRMED, CaseState.RELEASED, CaseState.EXPIRED, CaseState.STORING):
        add_case(database, MONDAY - timedelta(days=1), state=state)
    add_case(database, NOW - timedelta(hours=23))
    assert overdue_now(database, "", NOW) == Overdue(3, MONDAY)
    assert overdue_now(database, "shop", NOW) == Overdue(0, None)


@given(st.lists(st.integers(0, 5000), min_size=1), st.integers(1, 100))
def test_a_percentile_is_the_least_time_within_which_so_many_were_decided(
    minutes: list[int], percent: int
) -> None:
    found = (percentile(Counter(minutes), percent) or timedelta()) // timedelta(minutes=1)
    assert found in minutes
    assert sum(one <= found for one in minutes) * 100 >= percent * len(minutes)
    assert sum(one < found for one in minutes) * 100 < percent * len(minutes)
