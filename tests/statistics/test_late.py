"""What sites told of files that had passed before they were found on a list."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import update

from tests.statistics.rows import add_case
from upload_guard.quarantine.showing.outcomes import LateAction, LateOutcomes
from upload_guard.statistics.late import late_files
from upload_guard.statistics.period import Period
from upload_guard.storage.api_tables import LateOutcome
from upload_guard.storage.database import Database

NOW = datetime.now(UTC)
# Until tomorrow: a run of all tests may go on past midnight.
WEEK = Period.of_days(8, NOW + timedelta(days=1))


def tell(database: Database, action: LateAction, site: str = "blog") -> str:
    number = add_case(database, NOW, site=site)
    LateOutcomes(database).note(number, action, "post 7", "key-1")
    return number


def test_each_outcome_is_counted_and_what_is_still_there_is_named(database: Database) -> None:
    for action in (LateAction.REMOVED, LateAction.REMOVED, LateAction.GONE):
        tell(database, action)
    kept, failed = tell(database, LateAction.KEPT), tell(database, LateAction.FAILED)
    files = late_files(database, WEEK)
    assert files.told == {
        LateAction.REMOVED: 2,
        LateAction.HIDDEN: 0,
        LateAction.KEPT: 1,
        LateAction.GONE: 1,
        LateAction.FAILED: 1,
    }
    assert [(one.case, one.site, one.reference) for one in files.still_there] == [
        (failed, "blog", "post 7"),
        (kept, "blog", "post 7"),
    ]


def test_period_and_site_choose(database: Database) -> None:
    tell(database, LateAction.FAILED, "shop")
    assert late_files(database, Period(WEEK.first, WEEK.last, "blog")).still_there == ()
    assert len(late_files(database, Period(WEEK.first, WEEK.last, "shop")).still_there) == 1
    with database.session() as session:
        session.execute(update(LateOutcome).values(told_at=NOW - timedelta(days=9)))
    assert sum(late_files(database, WEEK).told.values()) == 0


def test_what_is_told_of_a_case_that_is_no_more_counts_all_the_same(database: Database) -> None:
    LateOutcomes(database).note("XXXX-XXXX-XXXX", LateAction.FAILED, "", "key-1")
    (one,) = late_files(database, WEEK).still_there
    assert (one.case, one.site) == ("XXXX-XXXX-XXXX", "")


def test_no_more_than_fifty_are_named(database: Database) -> None:
    for number in range(51):
        LateOutcomes(database).note(f"case {number}", LateAction.FAILED, "", "key-1")
    files = late_files(database, WEEK)
    assert (len(files.still_there), files.told[LateAction.FAILED]) == (50, 51)
