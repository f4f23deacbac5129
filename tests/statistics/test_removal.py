"""Hours to removal: each thing counts once, from when somebody knew of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from tests.statistics.places import add_notice, add_place
from tests.statistics.rows import add_case, decide
from upload_guard.notices.states import AddressState
from upload_guard.quarantine.rows import SHA256_UNKNOWN
from upload_guard.quarantine.showing.outcomes import LateAction, LateOutcomes
from upload_guard.quarantine.states import CaseState
from upload_guard.statistics.period import Period
from upload_guard.statistics.removal import Month, Removals, removals_by_month, removals_in
from upload_guard.storage.api_tables import LateOutcome
from upload_guard.storage.database import Database
from upload_guard.storage.placement_tables import PlacedFile
from upload_guard.storage.statistics_tables import UploadStatistic
from upload_guard.storage.tables import Case

KNOWN = datetime(2026, 11, 9, 12, 0, tzinfo=UTC)
NOW = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
MONTH = Period.of_days(30, NOW)
HOUR = timedelta(hours=1)


def counted(database: Database, period: Period = MONTH) -> Removals:
    return removals_in(database, period, NOW)


def months(database: Database, period: Period = MONTH) -> tuple[Month, ...]:
    return removals_by_month(database, period, NOW)


def passed(database: Database, came: datetime, route: str = "late:/up", site: str = "blog") -> str:
    number = add_case(database, came, site=site)
    with database.session() as session:
        session.execute(update(Case).where(Case.number == number).values(route=route))
    return number


def told(database: Database, number: str, action: LateAction, at: datetime) -> None:
    LateOutcomes(database).note(number, action, "post 7", "key-1")
    with database.session() as session:
        session.execute(update(LateOutcome).where(LateOutcome.case_number == number).values(told_at=at))


def test_median_ninety_fifth_and_share_are_of_the_rows(database: Database) -> None:
    for hours in (*range(1, 20), 30):
        add_place(database, add_case(database, KNOWN), KNOWN, KNOWN + hours * HOUR)
    assert counted(database) == Removals(
        known=20, within=19, later=1, open=0, late=0, stays=0, median=10 * HOUR, p95=19 * HOUR
    )
    assert counted(database).share == 0.95


def test_what_is_still_there_for_more_than_a_day_missed_the_norm(database: Database) -> None:
    add_place(database, add_case(database, KNOWN), KNOWN, KNOWN + HOUR)
    add_place(database, add_case(database, KNOWN), KNOWN)
    add_place(database, add_case(database, NOW), NOW - 23 * HOUR)
    found = counted(database)
    assert (found.open, found.late, found.due, found.share) == (2, 1, 2, 0.5)


def test_a_day_exactly_is_within_the_norm_and_a_second_more_is_not(database: Database) -> None:
    for took in (24 * HOUR, 24 * HOUR + timedelta(seconds=1)):
        add_place(database, add_case(database, KNOWN), KNOWN, KNOWN + took)
    assert (counted(database).within, counted(database).later) == (1, 1)


def test_the_clock_starts_when_a_notice_came_not_when_its_file_was_found(database: Database) -> None:
    case = add_case(database, KNOWN)
    locator = add_place(database, case, KNOWN + 2 * HOUR, KNOWN + 5 * HOUR)
    add_notice(database, KNOWN, AddressState.REMOVED, settled=KNOWN + 5 * HOUR, case=case, locator=locator)
    assert (counted(database).known, counted(database).median) == (1, 5 * HOUR)


def test_a_notice_of_a_file_long_gone_moves_no_clock(database: Database) -> None:
    case = add_case(database, KNOWN)
    locator = add_place(database, case, KNOWN, KNOWN + HOUR)
    late = KNOWN + 100 * HOUR
    add_notice(database, late, AddressState.GONE, settled=late + HOUR, case=case, locator=locator)
    assert (counted(database).known, counted(database).median) == (1, HOUR)


def test_a_file_of_two_cases_is_one_known_first_by_the_earlier_and_gone_with_either(
    database: Database,
) -> None:
    locator = add_place(database, add_case(database, KNOWN), KNOWN)
    later = KNOWN + HOUR
    add_place(database, add_case(database, later), later, KNOWN + 3 * HOUR, locator=locator)
    found = counted(database)
    assert (found.known, found.removed, found.open, found.median) == (1, 1, 0, 3 * HOUR)


def test_what_was_out_of_reach_when_its_case_was_opened_is_the_file_that_is_found_there(
    database: Database,
) -> None:
    passed_once = add_case(database, KNOWN)
    with database.session() as session:
        session.execute(update(Case).where(Case.number == passed_once).values(degraded=[SHA256_UNKNOWN]))
    locator = add_place(database, passed_once, KNOWN)
    with database.session() as session:
        session.execute(update(PlacedFile).values(sha256=b"k" * 32))
    later = KNOWN + HOUR
    add_place(database, add_case(database, later), later, KNOWN + 3 * HOUR, locator=locator)
    found = counted(database)
    assert (found.known, found.removed, found.open, found.median) == (1, 1, 0, 3 * HOUR)


def test_a_file_that_came_back_and_was_found_by_another_case_counts_each_time(database: Database) -> None:
    locator = add_place(database, add_case(database, KNOWN), KNOWN, KNOWN + HOUR)
    again = KNOWN + 48 * HOUR
    add_place(database, add_case(database, again), again, again + 5 * HOUR, locator=locator)
    found = counted(database)
    assert (found.known, found.within, found.p95) == (2, 2, 5 * HOUR)


def test_a_file_may_stay_only_where_no_other_case_of_it_says_otherwise(database: Database) -> None:
    released, waiting = add_case(database, KNOWN), add_case(database, KNOWN)
    decide(database, released, "released", KNOWN, CaseState.RELEASED)
    locator = add_place(database, released, KNOWN)
    assert (counted(database).stays, counted(database).open) == (1, 0)
    add_place(database, waiting, KNOWN + HOUR, locator=locator)
    assert (counted(database).known, counted(database).stays, counted(database).open) == (1, 0, 1)


def test_a_file_known_before_the_period_is_not_known_anew_by_another_case(database: Database) -> None:
    before = MONTH.begin - HOUR
    locator = add_place(database, add_case(database, before), before)
    add_place(database, add_case(database, KNOWN), KNOWN, locator=locator)
    assert counted(database).known == 0


@pytest.mark.parametrize("state", [AddressState.REMOVED, AddressState.GONE])
def test_an_address_that_is_gone_is_removed(database: Database, state: AddressState) -> None:
    add_notice(database, KNOWN, state, settled=KNOWN + 3 * HOUR)
    assert (counted(database).within, counted(database).median) == (1, 3 * HOUR)


@pytest.mark.parametrize("state", [AddressState.KEPT, AddressState.NOT_OURS])
def test_what_may_stay_is_neither_removed_nor_open(database: Database, state: AddressState) -> None:
    add_notice(database, KNOWN, state, settled=KNOWN + 3 * HOUR)
    found = counted(database)
    assert (found.known, found.stays, found.removed, found.open, found.share) == (1, 1, 0, 0, None)


@pytest.mark.parametrize("state", [AddressState.WAITING, AddressState.UNMAPPED, AddressState.CASE])
def test_an_address_on_which_nothing_was_done_is_open_and_late(
    database: Database, state: AddressState
) -> None:
    add_notice(database, KNOWN, state)
    assert (counted(database).open, counted(database).late, counted(database).share) == (1, 1, 0.0)


def test_what_a_second_notice_says_again_is_counted_once(database: Database) -> None:
    first = add_notice(database, KNOWN, AddressState.WAITING)
    add_notice(database, KNOWN + HOUR, AddressState.WAITING, joined_to=first)
    assert counted(database).known == 1


@pytest.mark.parametrize("action", [LateAction.REMOVED, LateAction.HIDDEN, LateAction.GONE])
@pytest.mark.parametrize("route", ["late:/up", "retro:/up"])
def test_what_had_passed_is_removed_when_its_site_says_so(
    database: Database, action: LateAction, route: str
) -> None:
    told(database, passed(database, KNOWN, route), action, KNOWN + 2 * HOUR)
    assert (counted(database).within, counted(database).median) == (1, 2 * HOUR)


@pytest.mark.parametrize("action", [LateAction.KEPT, LateAction.FAILED])
def test_what_its_site_left_in_place_is_open(database: Database, action: LateAction) -> None:
    told(database, passed(database, KNOWN), action, KNOWN + 2 * HOUR)
    assert (counted(database).removed, counted(database).late) == (0, 1)


def test_what_had_passed_and_has_a_place_counts_once(database: Database) -> None:
    add_place(database, passed(database, KNOWN), KNOWN, KNOWN + HOUR)
    assert counted(database).known == 1


def test_a_case_that_was_refused_at_the_door_never_was_on_the_site(database: Database) -> None:
    add_case(database, KNOWN)
    assert counted(database).known == 0


def test_a_false_positive_may_stay_and_one_put_back_was_no_removal(database: Database) -> None:
    innocent = passed(database, KNOWN)
    decide(database, innocent, "false_positive", KNOWN + HOUR, CaseState.RELEASED)
    add_place(database, add_case(database, KNOWN), KNOWN, KNOWN + HOUR, restored=KNOWN + 2 * HOUR)
    assert (counted(database).stays, counted(database).removed) == (2, 0)


def test_months_are_those_in_which_it_became_known_and_refused_uploads_stand_apart(
    database: Database,
) -> None:
    october = datetime(2026, 10, 31, 23, 0, tzinfo=UTC)
    add_notice(database, october, AddressState.REMOVED, settled=october + 2 * HOUR)
    add_notice(database, KNOWN, AddressState.WAITING)
    with database.session() as session:
        for action, uploads in (("block", 3), ("quarantine", 4), ("monitor", 5), ("allow", 6)):
            session.add(
                UploadStatistic(
                    day=KNOWN.date(), site="blog", result="match", action=action, reason="", uploads=uploads
                )
            )
    shown = [(one.of, one.removals.known, one.removals.within, one.refused) for one in months(database)]
    assert shown == [("2026-10", 1, 1, 0), ("2026-11", 1, 0, 7)]


def test_period_and_site_choose(database: Database) -> None:
    add_place(database, add_case(database, KNOWN), KNOWN, site="shop")
    add_notice(database, KNOWN, AddressState.WAITING, site="shop")
    passed(database, KNOWN, site="shop")
    assert counted(database, Period(MONTH.first, MONTH.last, "shop")).known == 3
    assert counted(database, Period(MONTH.first, MONTH.last, "blog")).known == 0
    assert counted(database, Period.of_days(3, NOW)).known == 0
    assert months(database, Period(KNOWN.date(), KNOWN.date(), "blog")) == ()
