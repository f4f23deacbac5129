"""How often lists were right: the figures equal the rows they are of."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.statistics.rows import add_case, decide, match_on
from tests.support import activate_listed_picture, quiet_station, settings_in, upload_of
from upload_guard.compose import open_database_of
from upload_guard.quarantine.states import CaseState
from upload_guard.records import Standing
from upload_guard.statistics.by_list import ListRecord, records_by_list, undecided_by_list
from upload_guard.statistics.case_lists import note_lists
from upload_guard.statistics.period import Period
from upload_guard.storage.database import Database
from upload_guard.storage.opinion_tables import BreakerTrip, EntryDispute
from upload_guard.storage.tables import Case, HashList

NOW = datetime.now(UTC)
WEEK = Period.of_days(7, NOW)


def records(database: Database, period: Period = WEEK) -> dict[str, ListRecord]:
    note_lists(database)
    return {record.name: record for record in records_by_list(database, period)}


def decided(database: Database, decision: str, state: CaseState, name: str = "icse", count: int = 1) -> None:
    for _ in range(count):
        decide(database, add_case(database, NOW, [name]), decision, NOW, state)


def test_the_share_is_of_those_of_which_somebody_said_whether_the_list_was_right(database: Database) -> None:
    decided(database, "false_positive", CaseState.RELEASED)
    decided(database, "confirmed", CaseState.CONFIRMED, count=3)
    decided(database, "released", CaseState.RELEASED, count=5)
    decided(database, "escalated", CaseState.ESCALATED)
    add_case(database, NOW)
    add_case(database, NOW, state=CaseState.EXPIRED)
    assert records(database)["icse"] == ListRecord(
        "icse", cases=12, false_positives=1, confirmed=3, released=5, escalated=1, expired=1, waiting=1
    )
    assert (records(database)["icse"].share, records(database)["icse"].decided) == (0.25, 4)


def test_where_nobody_has_decided_there_is_no_share(database: Database) -> None:
    add_case(database, NOW)
    assert records(database)["icse"].share is None


def test_the_last_decision_counts(database: Database) -> None:
    number = add_case(database, NOW)
    decide(database, number, "confirmed", NOW, CaseState.CONFIRMED)
    decide(database, number, "reopened", NOW, CaseState.OPEN)
    assert records(database)["icse"] == ListRecord("icse", cases=1, waiting=1)
    decide(database, number, "false_positive", NOW, CaseState.RELEASED)
    assert records(database)["icse"] == ListRecord("icse", cases=1, false_positives=1)


def test_a_case_that_several_lists_held_counts_for_each(database: Database) -> None:
    add_case(database, NOW, ["icse", "other"], CaseState.OPEN)
    assert {name: record.cases for name, record in records(database).items()} == {"icse": 1, "other": 1}


def test_a_list_whose_match_was_excused_did_not_hold_it(database: Database) -> None:
    disputed = match_on("wrong", NOW, standing=Standing.DISPUTED)
    add_case(database, NOW, ["icse"], matches=(disputed,))
    assert set(records(database)) == {"icse"}


def test_a_case_that_was_held_unread_is_of_no_list(database: Database) -> None:
    add_case(database, NOW, [])
    assert records(database) == {}


def test_what_held_a_case_is_what_held_it_when_it_came(database: Database) -> None:
    number = add_case(database, NOW, ["wrong"])
    note_lists(database)
    with database.session() as session:
        session.query(Case).filter_by(number=number).one().matches = []
    decide(database, number, "false_positive", NOW, CaseState.RELEASED)
    assert records(database)["wrong"].false_positives == 1


def test_a_case_that_could_not_be_stored_leaves_nothing(database: Database) -> None:
    number = add_case(database, NOW, state=CaseState.STORING)
    assert records(database) == {}
    with database.session() as session:
        session.delete(session.query(Case).filter_by(number=number).one())
    assert records(database) == {}


def test_more_cases_than_are_looked_at_at_once_are_all_noted_once(database: Database) -> None:
    for _ in range(401):
        add_case(database, NOW)
    assert (note_lists(database), note_lists(database)) == (401, 0)
    assert records(database)["icse"].cases == 401


def test_period_and_site_choose(database: Database) -> None:
    add_case(database, NOW - timedelta(days=8))
    add_case(database, NOW, site="shop")
    assert records(database)["icse"].cases == 1
    assert records(database, Period(WEEK.first, WEEK.last, "blog")) == {}
    assert records(database, Period.of_days(30, NOW))["icse"].cases == 2


def test_disputes_and_lowered_entries_are_those_of_now(database: Database) -> None:
    with database.session() as session:
        session.add(HashList(id=1, name="icse", origin="o", created_at=NOW))
        session.flush()
        for number, (agreed, lifted) in enumerate(((NOW, None), (None, None), (NOW, NOW))):
            session.add(
                EntryDispute(
                    list_id=1,
                    signal_type="md5",
                    value=bytes([number]),
                    case_number="c",
                    proposed_at=NOW,
                    proposed_by="ann",
                    because="why",
                    agreed_at=agreed,
                    lifted_at=lifted,
                )
            )
        for state in ("tripped", "confirmed", "lifted"):
            session.add(
                BreakerTrip(
                    list_id=1,
                    signal_type="md5",
                    value=b"v",
                    tripped_at=NOW,
                    matched=1,
                    uploads=1,
                    sources=1,
                    state=state,
                )
            )
    assert records(database)["icse"] == ListRecord("icse", disputed=1, proposed=1, lowered=2)


def test_undecided_cases_of_a_list_are_counted(database: Database) -> None:
    decided(database, "confirmed", CaseState.CONFIRMED)
    add_case(database, NOW)
    add_case(database, NOW, state=CaseState.RELEASE_PROPOSED)
    note_lists(database)
    assert (undecided_by_list(database, "icse"), undecided_by_list(database, "other")) == (2, 0)


def test_a_guard_that_holds_an_upload_has_it_counted_by_its_housekeeping(tmp_path: Path) -> None:
    settings = settings_in(tmp_path, benign={"shipped": False})
    station, listed = quiet_station(settings), activate_listed_picture(settings)
    station.guard.check([upload_of(listed)])
    (job,) = (one for one in station.housekeeper.jobs if one.name == "case-lists")
    job.run()
    # The case is of now, and a run of all tests may go on past midnight.
    week = Period.of_days(7, datetime.now(UTC))
    (record,) = records_by_list(open_database_of(settings), week)
    assert record == ListRecord("test-list", cases=1, waiting=1)
