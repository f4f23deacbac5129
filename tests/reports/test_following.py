"""Rules, and decisions that were taken back."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.reports.house import ReportHouse
from upload_guard.errors import NotReportable, SealBroken
from upload_guard.quarantine.deciding.rulings import Ruling, Word
from upload_guard.reports.facts import Facts
from upload_guard.reports.following import Following
from upload_guard.reports.papers import Paper
from upload_guard.reports.states import ReportState

WAIT = timedelta(hours=1)


def follow(house: ReportHouse) -> int:
    return Following(house.desk, house.now).run()


@pytest.fixture
def by_rule(house: ReportHouse) -> ReportHouse:
    house.recipient("hotline", wait=WAIT)
    return house


def test_a_rule_reports_what_a_person_confirmed_some_time_after_that(by_rule: ReportHouse) -> None:
    case = by_rule.confirmed()
    follow(by_rule)
    assert by_rule.desk.of_case(case) == ()
    by_rule.later(minutes=61)
    follow(by_rule)
    (report,) = by_rule.desk.of_case(case)
    assert (report.state, report.approved_by) == (ReportState.APPROVED, "rule hotline")
    by_rule.dispatch.run()
    follow(by_rule)
    assert len(by_rule.line.sent) == 1


def test_a_rule_sends_nothing_that_only_a_list_says(by_rule: ReportHouse) -> None:
    case = by_rule.case("scan:/a.jpg")
    by_rule.later(days=2)
    follow(by_rule)
    by_rule.dispatch.run()
    assert (by_rule.desk.of_case(case), by_rule.line.sent) == ((), [])


def test_a_slip_that_was_taken_back_within_that_time_reports_nothing(by_rule: ReportHouse) -> None:
    case = by_rule.confirmed()
    by_rule.later(minutes=30)
    by_rule.decisions.reopen(case, "ann", "a slip")
    by_rule.later(minutes=40)
    follow(by_rule)
    assert by_rule.desk.of_case(case) == ()


def test_a_new_rule_does_not_report_what_is_long_past(by_rule: ReportHouse) -> None:
    case = by_rule.confirmed()
    by_rule.later(days=9)
    follow(by_rule)
    assert by_rule.desk.of_case(case) == ()


def test_a_rule_does_not_send_again_what_a_person_took_back(by_rule: ReportHouse) -> None:
    case = by_rule.confirmed()
    by_rule.later(hours=2)
    follow(by_rule)
    (report,) = by_rule.desk.of_case(case)
    by_rule.desk.withdraw(report.number, "not this one", "ann")
    follow(by_rule)
    assert [one.state for one in by_rule.desk.of_case(case)] == [ReportState.WITHDRAWN]


def test_without_a_rule_nothing_is_drafted(house: ReportHouse) -> None:
    case = house.confirmed()
    house.later(days=1)
    follow(house)
    assert house.desk.of_case(case) == ()


def test_attempts_are_left_to_who_wants_them(by_rule: ReportHouse) -> None:
    case = by_rule.confirmed(route="/up")
    by_rule.later(hours=2)
    follow(by_rule)
    assert (by_rule.desk.of_case(case), by_rule.events()) == ((), [])
    by_rule.recipient("hotline", wait=WAIT, blocked=True)
    follow(by_rule)
    assert len(by_rule.desk.of_case(case)) == 1


def test_a_rule_that_was_killed_half_way_goes_on(by_rule: ReportHouse) -> None:
    case = by_rule.confirmed()
    drafted = by_rule.desk.draft(case, "hotline", "rule hotline")
    by_persons = by_rule.desk.draft(by_rule.confirmed(), "hotline", "ann")
    follow(by_rule)
    assert by_rule.desk.one(drafted.number).state is ReportState.APPROVED
    assert by_rule.desk.one(by_persons.number).state is ReportState.DRAFT, "that one waits for a person"


def test_a_rule_is_for_its_own_sites(by_rule: ReportHouse) -> None:
    by_rule.recipient("hotline", wait=WAIT, sites=frozenset({"shop"}))
    here, there = by_rule.confirmed(), by_rule.confirmed(site="shop")
    by_rule.later(hours=2)
    follow(by_rule)
    assert (len(by_rule.desk.of_case(here)), len(by_rule.desk.of_case(there))) == (0, 1)
    assert by_rule.events() == []


class Odd:
    """A format that fails at the first case and writes the others."""

    name = "odd"

    def __init__(self, fault: Exception) -> None:
        self.faults = [fault]

    def write(self, facts: Facts) -> Paper:
        if self.faults:
            raise self.faults.pop()
        return Paper("odd", "text/plain", "r.txt", facts.case.encode())


@pytest.mark.parametrize(
    "fault",
    [NotReportable("it needs a classification"), KeyError("oops"), SealBroken("another key")],
    ids=["not known", "ours", "sealed"],
)
def test_a_case_that_cannot_be_written_is_told_once_and_keeps_no_others_back(
    house: ReportHouse, fault: Exception
) -> None:
    odd = Odd(fault)
    house.recipient("hotline", wait=WAIT, format=odd)
    first, second = house.confirmed(), house.confirmed()
    house.later(hours=2)
    follow(house)
    assert (len(house.desk.of_case(first)), len(house.desk.of_case(second))) == (0, 1)
    odd.faults = [fault]
    follow(house)
    (told,) = house.events()
    assert told["to"] == "hotline"
    follow(house)
    assert len(house.desk.of_case(first)) == 1, "once it is known it is written"


def test_what_has_not_gone_out_ends_with_its_decision(house: ReportHouse) -> None:
    case = house.confirmed()
    drafted = house.desk.draft(case, "hotline", "ann").number
    house.decisions.reopen(case, "ann", "a slip")
    follow(house)
    assert house.desk.one(drafted).state is ReportState.WITHDRAWN
    assert house.events() == []


@pytest.mark.parametrize("released", [False, True], ids=["opened again", "released"])
def test_what_has_gone_out_is_a_task_for_a_person(house: ReportHouse, released: bool) -> None:
    case = house.confirmed()
    number = house.approved(case)
    house.dispatch.run()
    house.decisions.reopen(case, "ann", "a slip")
    if released:
        house.decisions.decide(Ruling.FALSE_POSITIVE, case, Word("ann", "a tree"))
    follow(house)
    follow(house)
    assert [one.number for one in house.desk.to_withdraw()] == [number]
    assert house.events() == [{"report": number, "to": "hotline", "withdraw": 1}]
    assert house.desk.one(number).state is ReportState.SENT, "no word goes out that nobody has said"
    house.desk.withdraw(number, "it was a tree", "ann")
    assert house.desk.to_withdraw() == ()


def test_a_case_that_is_confirmed_again_leaves_nothing_to_take_back(house: ReportHouse) -> None:
    case = house.confirmed()
    house.approved(case)
    house.dispatch.run()
    house.decisions.reopen(case, "ann", "a slip")
    follow(house)
    house.confirm(case)
    follow(house)
    assert house.desk.to_withdraw() == ()


def confirmed_anew(house: ReportHouse, case: str) -> None:
    house.later(hours=1)
    house.decisions.reopen(case, "ann", "the wrong one")
    house.confirm(case, "ben")


def test_a_case_that_is_confirmed_anew_is_reported_by_rule_after_all(by_rule: ReportHouse) -> None:
    """What ended with the decision before it was taken back by nobody."""
    case = by_rule.confirmed()
    by_rule.later(hours=2)
    follow(by_rule)
    by_rule.decisions.reopen(case, "ann", "a slip")
    follow(by_rule)
    by_rule.confirm(case, "ben")
    by_rule.later(hours=2)
    follow(by_rule)
    by_rule.dispatch.run()
    (paper,) = by_rule.line.sent
    assert b"Confirmed by a person: ben" in paper.content


def test_a_paper_ends_with_the_decision_it_tells_of_though_another_followed(house: ReportHouse) -> None:
    case = house.confirmed()
    drafted = house.desk.draft(case, "hotline", "ann").number
    confirmed_anew(house, case)
    follow(house)
    assert house.desk.one(drafted).state is ReportState.WITHDRAWN
