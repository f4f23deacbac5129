"""What persons do with reports: nothing of a list alone, and what was read is what goes out."""

from __future__ import annotations

import pytest

from tests.reports.house import ReportHouse
from upload_guard.errors import (
    NotReportable,
    NotWithdrawable,
    NumberChanged,
    TransportError,
    UsageError,
)
from upload_guard.quarantine.deciding.rulings import Ruling, Word
from upload_guard.reports.desk import Desk
from upload_guard.reports.shown import mark_of
from upload_guard.reports.states import ReportState
from upload_guard.storage.report_tables import Report


def test_what_a_list_says_alone_is_not_reported(house: ReportHouse) -> None:
    with pytest.raises(NotReportable, match="only what a person has confirmed"):
        house.desk.draft(house.case("scan:/a.jpg"), "hotline", "ann")


@pytest.mark.parametrize("ruling", [Ruling.ESCALATED, Ruling.RELEASED, Ruling.FALSE_POSITIVE])
def test_no_other_decision_than_a_confirmation_makes_a_report(house: ReportHouse, ruling: Ruling) -> None:
    case = house.case("scan:/a.jpg")
    house.decisions.decide(ruling, case, Word("ann", "so it is"))
    with pytest.raises(NotReportable):
        house.desk.draft(case, "hotline", "ann")


def test_the_first_word_of_two_persons_is_no_confirmation(house: ReportHouse) -> None:
    case = house.case("scan:/a.jpg")
    two = type(house.decisions)(
        house.database, house.decisions.found, second_person=frozenset({Ruling.CONFIRMED})
    )
    two.decide(Ruling.CONFIRMED, case, Word("ann", "yes"))
    with pytest.raises(NotReportable):
        house.desk.draft(case, "hotline", "ann")
    two.decide(Ruling.CONFIRMED, case, Word("ben", "yes"))
    assert house.desk.draft(case, "hotline", "ann").state is ReportState.DRAFT


def test_a_draft_is_sent_to_nobody(house: ReportHouse) -> None:
    drafted = house.desk.draft(house.confirmed(), "hotline", "ann")
    house.dispatch.run()
    assert (house.line.sent, house.desk.one(drafted.number).state) == ([], ReportState.DRAFT)


def test_what_goes_out_is_the_paper_that_was_read(house: ReportHouse) -> None:
    number = house.desk.draft(house.confirmed(), "hotline", "ann").number
    read = house.desk.paper(number)
    house.desk.classes.choose(house.desk.one(number).case, "A1", "", "ann")
    house.desk.approve(number, mark_of(read), "ann")
    house.dispatch.run()
    assert house.line.sent == [read]


def test_a_paper_that_was_written_anew_has_to_be_read_again(house: ReportHouse) -> None:
    case = house.confirmed()
    number = house.desk.draft(case, "hotline", "ann").number
    mark = mark_of(house.desk.paper(number))
    house.desk.classes.choose(case, "B2", "", "ben")
    house.desk.write_again(number, "ben")
    with pytest.raises(NumberChanged):
        house.desk.approve(number, mark, "ann")
    assert b"Classification: B2" in house.desk.paper(number).content


def test_a_case_that_was_opened_again_is_not_approved(house: ReportHouse) -> None:
    case = house.confirmed()
    number = house.desk.draft(case, "hotline", "ann").number
    house.decisions.reopen(case, "ben", "a slip")
    with pytest.raises(NotReportable):
        house.desk.approve(number, mark_of(house.desk.paper(number)), "ann")


def test_a_case_has_one_report_to_a_recipient(house: ReportHouse) -> None:
    case = house.confirmed()
    first = house.desk.draft(case, "hotline", "ann").number
    with pytest.raises(NotReportable, match=first):
        house.desk.draft(case, "hotline", "ben")
    house.desk.withdraw(first, "a slip", "ann")
    assert house.desk.draft(case, "hotline", "ben").number != first


def test_a_refused_upload_is_told_only_to_who_wants_attempts(house: ReportHouse) -> None:
    case = house.confirmed(route="/up")
    with pytest.raises(NotReportable, match="refused"):
        house.desk.draft(case, "hotline", "ann")
    house.recipient("police", blocked=True)
    assert (
        b"never was on the site" in house.desk.paper(house.desk.draft(case, "police", "ann").number).content
    )


def test_a_recipient_hears_of_its_sites_alone(house: ReportHouse) -> None:
    house.recipient("hotline", sites=frozenset({"shop"}))
    with pytest.raises(NotReportable, match="sites"):
        house.desk.draft(house.confirmed(), "hotline", "ann")
    assert house.desk.draft(house.confirmed(site="shop"), "hotline", "ann").recipient == "hotline"


def test_an_unknown_recipient_is_named(house: ReportHouse) -> None:
    with pytest.raises(UsageError, match=r"reports\.recipients\.nobody"):
        house.desk.draft(house.confirmed(), "nobody", "ann")


def test_the_paper_lies_nowhere_in_the_open(house: ReportHouse) -> None:
    number = house.desk.draft(house.confirmed(), "hotline", "ann").number
    content = house.desk.paper(number).content
    with house.database.session() as session:
        (row,) = session.query(Report).all()
    assert content[:40] not in row.sealed
    assert not any(content[:40].decode() in str(value) for value in vars(row).values())


def test_a_sent_report_is_taken_back_by_the_way_it_went(house: ReportHouse) -> None:
    number = house.approved(house.confirmed())
    house.dispatch.run()
    taken = house.desk.withdraw(number, "it was another file", "ben")
    assert house.line.withdrawn == ["abc: it was another file"]
    assert (taken.state, taken.withdrawn_by, taken.because) == (
        ReportState.WITHDRAWN,
        "ben",
        "it was another file",
    )


def test_a_draft_is_taken_back_without_a_word_to_anybody(house: ReportHouse) -> None:
    number = house.desk.draft(house.confirmed(), "hotline", "ann").number
    house.desk.withdraw(number, "not yet", "ann")
    assert (house.line.withdrawn, house.desk.one(number).state) == ([], ReportState.WITHDRAWN)


def test_a_way_without_taking_back_leaves_it_to_a_person(house: ReportHouse) -> None:
    number = house.approved(house.confirmed())
    house.dispatch.run()
    house.line.knows_withdrawing = False
    with pytest.raises(NotWithdrawable):
        house.desk.withdraw(number, "a slip", "ann")
    assert house.desk.one(number).state is ReportState.SENT
    assert house.desk.note_withdrawn(number, "written by mail", "ann").state is ReportState.WITHDRAWN


def test_what_was_begun_is_taken_back_at_the_other_side_too(house: ReportHouse) -> None:
    house.line.faults = [TransportError("busy")]
    number = house.approved(house.confirmed())
    house.dispatch.run()
    house.desk.withdraw(number, "a slip", "ann")
    assert house.line.withdrawn == ["abc: a slip"]
    house.later(days=1)
    house.dispatch.run()
    assert house.line.sent == []


def test_taking_back_needs_a_reason(house: ReportHouse) -> None:
    number = house.desk.draft(house.confirmed(), "hotline", "ann").number
    with pytest.raises(UsageError, match="reason"):
        house.desk.withdraw(number, "  ", "ann")


def test_a_person_notes_what_the_recipient_called_it(house: ReportHouse) -> None:
    number = house.approved(house.confirmed())
    house.dispatch.run()
    told = house.desk.acknowledge(number, "NL-77", "ann")
    assert (told.state, told.reference) == (ReportState.ACKNOWLEDGED, "NL-77")
    with pytest.raises(UsageError, match="acknowledged"):
        house.desk.acknowledge(number, "NL-78", "ann")


def test_each_act_is_in_the_audit_log(house: ReportHouse) -> None:
    case = house.confirmed()
    number = house.approved(case)
    house.dispatch.run()
    house.desk.acknowledge(number, "", "ann")
    house.desk.withdraw(number, "a slip", "ben")
    assert house.acts(case) == [
        "report.drafted",
        "report.approved",
        "report.sending",
        "report.sent",
        "report.acknowledged",
        "report.withdrawn",
    ]


def test_two_who_approve_at_once_send_it_once(house: ReportHouse) -> None:
    number = house.desk.draft(house.confirmed(), "hotline", "ann").number
    mark = mark_of(house.desk.paper(number))
    house.desk.approve(number, mark, "ann")
    with pytest.raises(UsageError, match="approved"):
        house.desk.approve(number, mark, "ben")


def test_the_queue_names_what_stands_where(house: ReportHouse) -> None:
    desk: Desk = house.desk
    first, second = house.approved(house.confirmed()), desk.draft(house.confirmed(), "hotline", "ann").number
    assert [one.number for one in desk.newest()] == [second, first]
    assert [one.number for one in desk.newest({ReportState.APPROVED})] == [first]


def test_what_could_not_be_taken_back_yet_is_not_on_its_way_for_ever(house: ReportHouse) -> None:
    """Killed on the way, then to be taken back, which fails: it says so, and can be tried again."""
    number = house.approved(house.confirmed())

    def die() -> None:
        raise SystemExit

    house.line.meanwhile = die
    with pytest.raises(SystemExit):
        house.dispatch.run()
    house.later(minutes=10)
    house.line.knows_withdrawing = False
    with pytest.raises(NotWithdrawable):
        house.desk.withdraw(number, "a slip", "ann")
    assert house.desk.one(number).state is ReportState.FAILED
    assert house.desk.try_again(number, "ann").next_at == house.time
