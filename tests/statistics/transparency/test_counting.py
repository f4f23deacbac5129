"""The counts of a transparency report are of the rows, and of nothing else."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from sqlalchemy import update

from tests.statistics.places import add_notice, add_place
from tests.statistics.rows import add_case, decide
from upload_guard.notices.states import AddressState
from upload_guard.quarantine.states import CaseState
from upload_guard.statements.appeals import AppealState
from upload_guard.statistics.period import Period
from upload_guard.statistics.transparency.counting import transparency_report
from upload_guard.statistics.transparency.figures import Part, Value
from upload_guard.storage.database import Database
from upload_guard.storage.report_tables import Report
from upload_guard.storage.statement_tables import Appeal, Statement
from upload_guard.storage.statistics_tables import UploadStatistic
from upload_guard.storage.tables import Case

CAME = datetime(2026, 3, 9, 12, 0, tzinfo=UTC)
NOW = datetime(2027, 1, 5, tzinfo=UTC)
YEAR = Period(date(2026, 1, 1), date(2026, 12, 31))
HOUR = timedelta(hours=1)


def counted(database: Database, part: Part, period: Period = YEAR) -> dict[str, Value]:
    figures = transparency_report(database, period, NOW).parts[part]
    return {f"{one.key} {one.of}".strip(): one.value for one in figures}


def some(found: dict[str, Value]) -> dict[str, Value]:
    return {key: value for key, value in found.items() if value}


def found_by(database: Database, route: str, came: datetime = CAME) -> str:
    number = add_case(database, came)
    with database.session() as session:
        session.execute(update(Case).where(Case.number == number).values(route=route, category="A1"))
    return number


def sent(database: Database, case: str, recipient: str, at: datetime, **values: object) -> None:
    with database.session() as session:
        session.add(
            Report(
                number=f"R-{case}-{recipient}",
                case_number=case,
                recipient=recipient,
                paper_format="text",
                state="sent",
                drafted_at=at,
                drafted_by="ann",
                sent_at=at,
                progress={},
                sealed=b"",
                **values,
            )
        )


def test_where_nothing_happened_every_part_is_there_and_shares_are_unknown(database: Database) -> None:
    report = transparency_report(database, YEAR, NOW)
    assert list(report.parts) == list(Part)
    values = {one.value for figures in report.parts.values() for one in figures}
    assert values == {0, None}


def test_uploads_are_counted_by_result_and_by_what_was_done(database: Database) -> None:
    with database.session() as session:
        for day, result, action, uploads in (
            (CAME.date(), "clean", "allow", 90),
            (CAME.date(), "match", "block", 3),
            (CAME.date(), "near", "quarantine", 2),
            (CAME.date(), "unscannable", "quarantine", 4),
            (CAME.date(), "unchecked", "monitor", 5),
            (date(2025, 12, 31), "clean", "allow", 1000),
        ):
            session.add(
                UploadStatistic(
                    day=day, site="blog", result=result, action=action, reason="", uploads=uploads
                )
            )
    assert some(counted(database, Part.UPLOADS)) == {
        "checked": 104,
        "result_clean": 90,
        "result_match": 3,
        "result_near": 2,
        "result_unscannable": 4,
        "result_unchecked": 5,
        "held": 6,
        "blocked": 3,
    }


def test_notices_and_what_became_of_their_addresses(database: Database) -> None:
    first = add_notice(
        database, CAME, AddressState.REMOVED, AddressState.KEPT, settled=CAME + 4 * HOUR, trusted=True
    )
    add_notice(database, CAME, AddressState.GONE, settled=CAME + 2 * HOUR, channel="form")
    add_notice(database, CAME, AddressState.NOT_OURS, AddressState.UNMAPPED, channel="api")
    add_notice(database, CAME, AddressState.REMOVED, settled=CAME + 9 * HOUR, joined_to=first)
    add_notice(database, CAME - timedelta(days=90), AddressState.WAITING)
    assert some(counted(database, Part.NOTICES)) == {
        "received": 4,
        "by_channel mail": 2,
        "by_channel form": 1,
        "by_channel api": 1,
        "trusted": 1,
        "repeated": 1,
        "dealt_with": 3,
        "median_time": 4 * HOUR,
        "addresses": 5,
        "address_removed": 1,
        "address_kept": 1,
        "address_gone": 1,
        "address_not_ours": 1,
        "address_open": 1,
    }


def test_cases_by_how_they_were_found_and_what_people_decided(database: Database) -> None:
    routes = ("/up", "late:/up", "retro:/up", "scan:", "notice:N-1", "/up")
    at_the_door, late, *_ = numbers = [found_by(database, route) for route in routes]
    decide(database, at_the_door, "confirmed", CAME + HOUR, CaseState.CONFIRMED)
    decide(database, late, "confirmed", CAME + HOUR, CaseState.CONFIRMED)
    decide(database, late, "reopened", CAME + HOUR, CaseState.OPEN)
    decide(database, late, "false_positive", CAME + HOUR, CaseState.RELEASED)
    decide(database, numbers[2], "escalated", CAME + HOUR, CaseState.ESCALATED)
    found_by(database, "/up", CAME - timedelta(days=90))
    assert some(counted(database, Part.CASES)) == {
        "opened": 6,
        "found_at_the_door": 2,
        "found_by_late_check": 1,
        "found_by_later_list": 1,
        "found_by_scan": 1,
        "found_by_notice": 1,
        "decided_confirmed": 1,
        "decided_false_positive": 1,
        "decided_escalated": 1,
        "undecided": 3,
        "confirmed_of_category A1": 1,
    }
    assert counted(database, Part.ACCURACY) == {"decided": 2, "wrong": 1, "share_wrong": 0.5}


def test_removals_are_those_of_the_statistics(database: Database) -> None:
    for hours in (1, 3, 30):
        add_place(database, found_by(database, "scan:"), CAME, CAME + hours * HOUR)
    add_place(database, found_by(database, "scan:"), CAME)
    assert counted(database, Part.REMOVALS) == {
        "known": 4,
        "removed": 3,
        "within_24_hours": 2,
        "share_within_24_hours": 0.5,
        "median_time": 3 * HOUR,
        "p95_time": 30 * HOUR,
        "still_there": 1,
        "still_there_late": 1,
        "may_stay": 0,
    }


def test_reports_are_counted_by_recipient_and_by_when_they_went_out(database: Database) -> None:
    case = add_case(database, CAME - timedelta(days=90))
    sent(database, case, "eokm", CAME, acknowledged_at=CAME + HOUR)
    sent(database, case, "police", CAME, withdrawn_at=CAME + HOUR)
    sent(database, case, "ncmec", CAME - timedelta(days=90))
    assert counted(database, Part.REPORTS) == {
        "sent": 2,
        "sent_to eokm": 1,
        "sent_to police": 1,
        "acknowledged": 1,
        "withdrawn": 1,
    }


def appealed(database: Database, case: str, at: datetime, state: AppealState, took: timedelta | None) -> None:
    """A statement of reasons that was told then, and the appeal against it."""
    with database.session() as session:
        row = Statement(
            case_number=case,
            decision_id=int(case.encode().hex()[:12], 16),
            decided_at=at,
            due_at=at,
            told_at=at,
            appeal_until=at + timedelta(days=183),
            secret_digest=b"",
            sealed=b"",
        )
        session.add(row)
        session.flush()
        made = Appeal(statement_id=row.id, case_number=case, state=state.value, made_at=at, sealed=b"")
        made.settled_at = at + took if took else None
        session.add(made)


def test_complaints_are_counted_by_how_they_stand_and_by_when_they_came(database: Database) -> None:
    for state, took in (
        (AppealState.GRANTED, 2 * HOUR),
        (AppealState.UPHELD, 4 * HOUR),
        (AppealState.UPHELD, 6 * HOUR),
        (AppealState.OPEN, None),
    ):
        appealed(database, add_case(database, CAME), CAME, state, took)
    appealed(database, add_case(database, CAME), CAME - timedelta(days=90), AppealState.OPEN, None)
    assert counted(database, Part.COMPLAINTS) == {
        "statements": 4,
        "appeals": 4,
        "appeals_open": 1,
        "appeals_upheld": 2,
        "appeals_granted": 1,
        "median_time": 4 * HOUR,
    }


def test_a_site_is_chosen(database: Database) -> None:
    add_notice(database, CAME, AddressState.WAITING, site="shop")
    add_place(database, add_case(database, CAME, site="shop"), CAME, site="shop")
    sent(database, add_case(database, CAME, site="shop"), "eokm", CAME)
    appealed(database, add_case(database, CAME, site="shop"), CAME, AppealState.OPEN, None)
    shop, blog = (Period(YEAR.first, YEAR.last, site) for site in ("shop", "blog"))
    for part in (Part.NOTICES, Part.CASES, Part.REMOVALS, Part.REPORTS, Part.COMPLAINTS):
        assert some(counted(database, part, shop))
        assert not some(counted(database, part, blog))
