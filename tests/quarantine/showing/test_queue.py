"""The queue: what it shows of what there is, in which order, and how it goes on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from tests.quarantine.pictures.test_groups import LOOK, differing, showing
from tests.quarantine.test_keeper import VERDICT
from tests.support import settings_in, upload_of
from upload_guard.compose import open_cases
from upload_guard.errors import UsageError
from upload_guard.quarantine.keeper import QuarantineKeeper
from upload_guard.quarantine.showing.entries import EntryNames
from upload_guard.quarantine.showing.queue import Filter, Line, Order, Queue, Size
from upload_guard.quarantine.states import CaseState
from upload_guard.records import Action, Findings, Result, Source, Verdict
from upload_guard.storage.tables import Case

DAY = timedelta(hours=24)
HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class House:
    keeper: QuarantineKeeper
    queue: Queue
    entries: EntryNames

    def keep(self, data: bytes, hours_ago: float = 1, site: str = "blog", **match: object) -> str:
        (known,) = VERDICT.matches
        verdict = replace(VERDICT, matches=(replace(known, value=b"e" * 32, **match),))  # type: ignore[arg-type]
        return self.store(data, verdict, hours_ago, site)

    def store(self, data: bytes, verdict: Verdict, hours_ago: float = 1, site: str = "blog") -> str:
        number = self.keeper.keep(upload_of(data, Source(site, "/up")), verdict, Findings())
        self.change(number, created_at=datetime.now(UTC) - hours_ago * HOUR)
        return number

    def change(self, number: str, **values: object) -> None:
        with self.queue.database.session() as session:
            session.execute(update(Case).where(Case.number == number).values(values))

    def numbers(self, which: Filter = Filter(), order: Order = Order.DEADLINE) -> list[str]:  # noqa: B008 - frozen
        return [line.number for line in self.queue.page(which, order).lines]

    def line(self, number: str) -> Line:
        return next(line for line in self.queue.page(Filter()).lines if line.number == number)


@pytest.fixture
def house(tmp_path: Path) -> House:
    cases = open_cases(settings_in(tmp_path))
    keeper = QuarantineKeeper(cases.database, cases.vault)
    return House(keeper, Queue(cases.database, DAY), EntryNames(cases.database))


# What it shows ------------------------------------------------------------------------------------


def test_an_empty_quarantine_is_an_empty_queue(house: House) -> None:
    assert house.queue.page(Filter()).lines == ()
    assert house.queue.size(Filter()) == Size(0, 0)
    assert set(house.queue.counts().values()) == {0}


def test_a_picture_is_one_line_however_often_it_came(house: House) -> None:
    first = house.keep(b"one", 5, "blog")
    for hours, site in ((4, "shop"), (3, "blog")):
        house.keep(b"one", hours, site)
    (line,) = house.queue.page(Filter()).lines
    assert (line.number, line.count, line.files, line.sites) == (first, 3, 1, 2)
    assert line.last - line.first == pytest.approx(2 * HOUR, abs=timedelta(seconds=5))
    assert house.queue.size(Filter()) == Size(1, 3)


def test_files_that_look_alike_are_counted(house: House) -> None:
    for data, look in ((b"one", LOOK), (b"two", differing(LOOK, 3)), (b"one", LOOK)):
        house.keeper.keep(upload_of(data), VERDICT, showing(look))
    (line,) = house.queue.page(Filter()).lines
    assert (line.count, line.files) == (3, 2)


def test_a_line_says_what_holds_its_first_case(house: House) -> None:
    number = house.keep(b"one", list_name="icse", category="baseline")
    line = house.line(number)
    assert (line.result, line.action, line.reason) == ("match", "quarantine", "perceptual")
    assert (line.list_name, line.category, line.state) == ("icse", "baseline", CaseState.OPEN)
    assert line.entry is not None
    assert line.entry.token == f"icse.pdq.65656565.{line.entry.number}"
    assert "65" * 32 not in repr(line)


def test_what_is_still_being_stored_is_not_shown(house: House) -> None:
    house.change(house.keep(b"one"), state="storing")
    assert house.numbers(Filter(frozenset(CaseState))) == []


def test_who_has_proposed_to_confirm_is_told(house: House) -> None:
    number = house.keep(b"one")
    house.change(number, confirm_by="ann")
    assert house.line(number).confirm_by == "ann"


# Order and deadline -------------------------------------------------------------------------------


def test_what_is_due_first_stands_first_or_what_came_last(house: House) -> None:
    middle, old, new = (house.keep(data, hours) for data, hours in ((b"2", 5), (b"1", 9), (b"3", 1)))
    assert house.numbers() == [old, middle, new]
    assert house.numbers(order=Order.NEWEST) == [new, middle, old]


def test_a_repeat_neither_puts_a_picture_off_nor_hides_that_it_came_again(house: House) -> None:
    old, new = house.keep(b"1", 9), house.keep(b"2", 5)
    house.keep(b"1", 1)
    assert house.numbers() == [old, new]
    assert house.numbers(order=Order.NEWEST) == [old, new]


def test_the_deadline_is_counted_from_the_upload_and_what_is_over_it_is_late(house: House) -> None:
    late, soon = house.keep(b"1", 25), house.keep(b"2", 23)
    assert [house.line(number).late for number in (late, soon)] == [True, False]
    assert house.line(soon).deadline == house.line(soon).first + DAY
    assert house.numbers(Filter(late=True)) == [late]
    assert house.queue.late() == 1


def test_what_somebody_has_decided_is_not_late(house: House) -> None:
    number = house.keep(b"1", 25)
    house.change(number, state="confirmed")
    confirmed = Filter(frozenset({CaseState.CONFIRMED}))
    assert [line.late for line in house.queue.page(confirmed).lines] == [False]
    assert house.numbers(replace(confirmed, late=True)) == []


@pytest.mark.parametrize("order", list(Order))
def test_page_by_page_everything_comes_once(house: House, order: Order) -> None:
    for at in range(7):
        house.keep(bytes([at]), 7 - at)
        # All of one moment, as after a flood.
        if at > 3:
            house.keep(bytes([at + 100]), 1)
    whole = house.numbers(order=order)
    gone_through: list[str] = []
    page = house.queue.page(Filter(), order, size=3)
    while True:
        gone_through += [line.number for line in page.lines]
        if not page.next:
            break
        page = house.queue.page(Filter(), order, page.next, size=3)
    assert gone_through == whole
    assert len(whole) == 10


@pytest.mark.parametrize("after", ["x", "2026-01-01~1", "~", "2026-01-01T00:00:00+00:00~x"])
def test_a_place_that_no_page_gave_is_refused(house: House, after: str) -> None:
    with pytest.raises(UsageError, match="no place in the queue"):
        house.queue.page(Filter(), after=after)


# Filters ------------------------------------------------------------------------------------------


def test_each_filter_lets_through_what_it_names(house: House) -> None:
    icse = house.keep(b"1", 9, "blog", list_name="icse", category="baseline")
    other = house.keep(b"2", 8, "shop", list_name="other", category="illegal")
    unread = house.store(b"3", Verdict(Result.UNSCANNABLE, Action.QUARANTINE, "truncated"), 7, "shop")
    for which, numbers in (
        (Filter(), [icse, other, unread]),
        (Filter(site="shop"), [other, unread]),
        (Filter(list_name="icse"), [icse]),
        (Filter(category="illegal"), [other]),
        (Filter(category="unread"), [unread]),
        (Filter(result="unscannable"), [unread]),
        (Filter(site="shop", list_name="icse"), []),
        (Filter(number=other[:6].lower()), [other]),
        (Filter(number=f" {unread} "), [unread]),
        (Filter(number="A"), []),
    ):
        assert house.numbers(which) == numbers
        assert house.queue.size(which).cases == len(numbers)


def test_states_are_a_filter_and_a_line_counts_what_it_lets_through(house: House) -> None:
    first, second, third = (house.keep(b"one", hours) for hours in (3, 2, 1))
    house.change(first, state="confirmed")
    (line,) = house.queue.page(Filter()).lines
    assert (line.number, line.count) == (second, 2)
    assert house.numbers(Filter(frozenset({CaseState.CONFIRMED}))) == [first]
    house.change(third, state="release_proposed")
    assert house.numbers(Filter(frozenset({CaseState.RELEASE_PROPOSED}))) == [third]
    counts = house.queue.counts()
    assert (counts[CaseState.OPEN], counts[CaseState.CONFIRMED], counts[CaseState.RELEASED]) == (1, 1, 0)


def test_the_cases_of_an_entry_are_found_by_its_name(house: House) -> None:
    ours = house.keep(b"1", 2, list_name="icse")
    house.keep(b"2", 1, list_name="other")
    (name,) = house.entries.of_case(ours)
    assert house.entries.named(name.token) == name
    assert house.numbers(Filter(entry=name.number)) == [ours]


@pytest.mark.parametrize(
    "token", ["", "icse.pdq.65656565.99", "icse.pdq.00000000.1", "icse.pdq.65656565.x", "²"]
)
def test_a_name_that_no_entry_has_is_refused(house: House, token: str) -> None:
    house.keep(b"1", list_name="icse")
    with pytest.raises(UsageError, match="has held anything"):
        house.entries.named(token)


def test_what_to_choose_from_is_what_undecided_cases_have(house: House) -> None:
    house.keep(b"1", 1, "shop", list_name="icse", category="baseline")
    gone = house.keep(b"2", 1, "blog", list_name="other", category="illegal")
    house.change(gone, state="released")
    choices = house.queue.choices()
    assert (choices.sites, choices.lists, choices.categories) == (("shop",), ("icse",), ("baseline",))
