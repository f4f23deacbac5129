"""Sending: each report once, from where the last attempt stopped, and nothing that was taken back."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text, update

from tests.reports.house import ReportHouse
from upload_guard.compose import open_holds
from upload_guard.errors import AuditBroken, StorageFailed, TransportError, UsageError
from upload_guard.quarantine.custody.holds import a_year_after, is_kept_by_law
from upload_guard.reports.sending import LONGEST_PAUSE, pause_after
from upload_guard.reports.states import ReportState
from upload_guard.storage.report_tables import Report
from upload_guard.storage.vault_tables import AuditHead


def test_a_report_that_has_arrived_says_so(house: ReportHouse) -> None:
    number = house.approved(house.confirmed())
    assert house.dispatch.run() == 1
    told = house.desk.one(number)
    assert (told.state, told.reference, told.sent_at) == (ReportState.SENT, "REF-1", house.time)
    assert house.dispatch.run() == 0
    assert len(house.line.sent) == 1


def test_after_a_failure_it_goes_on_where_it_was(house: ReportHouse) -> None:
    house.line.faults = [TransportError("no answer"), None]
    number = house.approved(house.confirmed())
    house.dispatch.run()
    told = house.desk.one(number)
    assert (told.state, told.fault, told.next_at is not None) == (ReportState.FAILED, "no answer", True)
    house.dispatch.run()
    assert len(house.line.went_on_from) == 1, "it waits before it tries again"
    house.later(minutes=5)
    house.dispatch.run()
    assert house.line.went_on_from == [{}, {"id": "abc"}]
    assert (house.desk.one(number).state, house.desk.one(number).fault) == (ReportState.SENT, "")


def test_a_fault_of_our_own_is_no_end(house: ReportHouse) -> None:
    house.line.faults = [KeyError("oops"), None]
    number = house.approved(house.confirmed())
    house.dispatch.run()
    assert "KeyError" in house.desk.one(number).fault
    house.later(minutes=5)
    assert house.dispatch.run() == 1


def test_what_can_never_arrive_is_given_up_and_told(house: ReportHouse) -> None:
    house.line.faults = [TransportError("refused: no such account", permanent=True)]
    case = house.confirmed()
    number = house.approved(case)
    house.dispatch.run()
    house.later(days=2)
    house.dispatch.run()
    assert (house.desk.one(number).state, house.desk.one(number).next_at) == (ReportState.FAILED, None)
    assert len(house.line.went_on_from) == 1
    assert house.events() == [{"report": number, "to": "hotline"}]
    assert "report.failed" in house.acts(case)


def test_it_is_tried_for_so_long_and_then_a_person_is_asked(house: ReportHouse) -> None:
    house.line.faults = [TransportError("no answer")] * 200
    number = house.approved(house.confirmed())
    while house.desk.one(number).next_at is not None:
        house.dispatch.run()
        house.later(hours=3)
    assert 24 <= house.desk.one(number).attempts <= 26
    assert len(house.events()) == 1


def test_a_person_has_it_tried_again(house: ReportHouse) -> None:
    house.line.faults = [TransportError("refused", permanent=True)]
    number = house.approved(house.confirmed())
    house.dispatch.run()
    house.desk.try_again(number, "ben")
    assert house.dispatch.run() == 1
    with pytest.raises(UsageError):
        house.desk.try_again(number, "ben")


def test_a_case_that_was_opened_again_stops_what_waits(house: ReportHouse) -> None:
    case = house.confirmed()
    number = house.approved(case)
    house.decisions.reopen(case, "ben", "a slip")
    assert house.dispatch.run() == 0
    assert house.line.went_on_from == []
    assert "only what a person has confirmed" in house.desk.one(number).fault


def test_a_recipient_that_is_none_any_more_is_told_of(house: ReportHouse) -> None:
    number = house.approved(house.confirmed())
    house.desk = replace(house.desk, recipients={})
    house.dispatch.run()
    assert "no recipient" in house.desk.one(number).fault


def test_another_process_does_not_send_it_meanwhile(house: ReportHouse) -> None:
    others: list[int] = []
    house.line.meanwhile = lambda: others.append(house.dispatch.run())
    house.approved(house.confirmed())
    house.dispatch.run()
    assert (others, len(house.line.sent)) == ([0], 1)


def test_what_is_being_sent_is_not_taken_back(house: ReportHouse) -> None:
    faults: list[UsageError] = []
    number = house.approved(house.confirmed())

    def take_back() -> None:
        with pytest.raises(UsageError, match="being sent") as caught:
            house.desk.note_withdrawn(number, "a slip", "ann")
        faults.append(caught.value)

    house.line.meanwhile = take_back
    house.dispatch.run()
    assert len(faults) == 1
    assert house.desk.one(number).state is ReportState.SENT


def test_one_who_died_on_the_way_leaves_it_to_the_next(house: ReportHouse) -> None:
    number = house.approved(house.confirmed())

    def die() -> None:
        raise SystemExit

    house.line.meanwhile = die
    with pytest.raises(SystemExit):
        house.dispatch.run()
    house.line.meanwhile = lambda: None
    assert house.dispatch.run() == 0, "as long as the one before could be alive"
    house.later(minutes=10)
    assert house.dispatch.run() == 1
    assert house.line.went_on_from == [{}, {"id": "abc"}]
    assert house.desk.one(number).attempts == 2


def test_who_was_overtaken_stops(house: ReportHouse) -> None:
    """A sender that slept through its lease does not go on beside the next one."""
    number = house.approved(house.confirmed())

    def overslept() -> None:
        house.line.meanwhile = lambda: None
        house.later(minutes=10)
        house.dispatch.run()

    house.line.meanwhile = overslept
    house.dispatch.run()
    assert len(house.line.sent) == 1
    assert house.desk.one(number).state is ReportState.SENT


def break_audit(house: ReportHouse, fault: str = "altered") -> None:
    with house.database.session() as session:
        session.execute(update(AuditHead).values(fault=fault))


def test_while_the_audit_log_takes_nothing_nothing_goes_out(house: ReportHouse) -> None:
    number = house.approved(house.confirmed())
    break_audit(house)
    with pytest.raises(AuditBroken):
        house.dispatch.run()
    assert (house.line.sent, house.desk.one(number).attempts) == ([], 0)
    break_audit(house, "")
    assert house.dispatch.run() == 1


def test_what_has_gone_out_does_not_go_out_again_for_want_of_a_note(house: ReportHouse) -> None:
    number = house.approved(house.confirmed())
    house.line.meanwhile = lambda: break_audit(house)
    house.dispatch.run()
    break_audit(house, "")
    house.later(days=1)
    house.dispatch.run()
    assert (len(house.line.sent), house.desk.one(number).state) == (1, ReportState.SENT)


def test_a_paper_that_cannot_be_opened_keeps_no_others_back(house: ReportHouse) -> None:
    broken, whole = house.approved(house.confirmed()), house.approved(house.confirmed())
    with house.database.session() as session:
        session.execute(update(Report).where(Report.number == broken).values(sealed=b"UG" + bytes(80)))
    assert house.dispatch.run() == 1
    assert house.desk.one(whole).state is ReportState.SENT
    assert (house.desk.one(broken).state, house.desk.one(broken).next_at) == (ReportState.FAILED, None)


def test_a_reported_case_is_preserved_where_the_law_asks(house: ReportHouse) -> None:
    house.recipient("hotline", preserves=True)
    case = house.confirmed()
    house.approved(case)
    house.dispatch.run()
    with open_holds(house.settings).database.session() as session:
        assert is_kept_by_law(session, case, a_year_after(house.time) - timedelta(days=1))
        assert not is_kept_by_law(session, case, a_year_after(house.time) + timedelta(days=1))


def test_who_dies_before_noting_that_it_arrived_has_preserved_it(house: ReportHouse) -> None:
    house.recipient("hotline", preserves=True)
    case = house.confirmed()
    house.approved(case)
    dies = (
        "CREATE TRIGGER dies BEFORE UPDATE OF state ON reports WHEN NEW.state = 'sent' "
        "BEGIN SELECT RAISE(ABORT, 'died'); END"
    )
    with house.database.session() as session:
        session.execute(text(dies))
    with pytest.raises(StorageFailed):
        house.dispatch.run()
    with open_holds(house.settings).database.session() as session:
        assert is_kept_by_law(session, case, a_year_after(house.time) - timedelta(days=1))


def test_pauses_grow_and_are_bounded() -> None:
    assert pause_after(1) < pause_after(4) < pause_after(8)
    assert max(pause_after(100) for _ in range(50)) <= LONGEST_PAUSE * 1.2


def test_a_paper_about_a_decision_before_the_last_does_not_go_out(house: ReportHouse) -> None:
    """It says who decided, and when: that was taken back."""
    case = house.confirmed()
    number = house.approved(case)
    house.later(hours=1)
    house.decisions.reopen(case, "ann", "the wrong one")
    house.confirm(case, "ben")
    house.dispatch.run()
    assert (house.line.sent, house.line.went_on_from) == ([], [])
    assert "decided anew" in house.desk.one(number).fault
