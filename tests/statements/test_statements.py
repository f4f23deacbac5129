"""A statement is made of what a person confirmed, and told when its time has come."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor, wait
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from tests.statements.houses import URL, House, house_in
from upload_guard.errors import NoSuchStatement, UsageError
from upload_guard.statements.delays import Delays
from upload_guard.storage.events import EventKind
from upload_guard.storage.outbox_tables import OutboxEvent
from upload_guard.storage.statement_tables import Statement
from upload_guard.storage.vault_tables import AuditRow


def times_told(house: House, number: str) -> int:
    wanted = (OutboxEvent.kind == EventKind.STATEMENT_READY) & (OutboxEvent.case_number == number)
    with house.database.session() as session:
        return len(session.scalars(select(OutboxEvent.id).where(wanted)).all())


def test_a_confirmed_case_has_one_and_the_site_is_told_once(house: House) -> None:
    number = house.confirmed()
    assert house.told(number).case == number
    house.statements.look()
    assert times_told(house, number) == 1


def test_a_case_that_nobody_confirmed_has_none(house: House) -> None:
    number = house.held()
    with pytest.raises(NoSuchStatement):
        house.told(number)


def test_one_that_was_escalated_has_none(house: House) -> None:
    number = house.held()
    house.decisions.escalate(number, "ruth", "not sure")
    with pytest.raises(NoSuchStatement):
        house.told(number)


def test_another_site_is_told_nothing(house: House) -> None:
    number = house.confirmed(site="shop")
    house.statements.look()
    with pytest.raises(NoSuchStatement):
        house.statements.of(number, "blog", "en")


def test_it_waits_so_that_a_mistake_can_be_taken_back(tmp_path: Path) -> None:
    house = house_in(tmp_path, after_hours=2.0)
    number = house.confirmed()
    house.statements.look()
    house.decisions.reopen(number, "ruth", "by mistake")
    house.clock.later = timedelta(hours=3)
    with pytest.raises(NoSuchStatement):
        house.told(number)
    assert times_told(house, number) == 0


def test_what_was_taken_back_is_told_no_more(house: House) -> None:
    number = house.confirmed()
    house.told(number)
    house.decisions.reopen(number, "ruth", "by mistake")
    with pytest.raises(NoSuchStatement):
        house.told(number)


def test_confirmed_once_more_it_is_a_new_one_with_a_link_of_its_own(house: House) -> None:
    number = house.confirmed()
    before = house.secret(number)
    house.decisions.reopen(number, "ruth", "by mistake")
    house.decisions.confirm(number, "rob", "it is what the list says")
    assert house.secret(number) != before


def test_nobody_is_written_to_about_last_month(house: House) -> None:
    number = house.confirmed()
    house.clock.later = timedelta(days=8)
    with pytest.raises(NoSuchStatement):
        house.told(number)


def test_rows_and_events_hold_no_secret_in_plain_words(house: House) -> None:
    number = house.confirmed()
    secret = house.secret(number).encode()
    with house.database.session() as session:
        row = session.scalars(select(Statement).where(Statement.case_number == number)).one()
        assert secret not in row.sealed + row.secret_digest
    assert URL in house.told(number).text


# Delays --------------------------------------------------------------------------------------------


def test_an_authority_has_it_delayed_and_that_looks_like_none(house: House) -> None:
    number = house.confirmed()
    house.delays.place(number, house.clock() + timedelta(days=10), "ruth", "asked by police, ref 12")
    with pytest.raises(NoSuchStatement):
        house.told(number)
    assert times_told(house, number) == 0
    house.clock.later = timedelta(days=6)
    house.statements.look()
    assert times_told(house, number) == 0
    house.clock.later = timedelta(days=11)
    assert house.told(number).appeal_until > house.clock() + timedelta(days=182)
    assert times_told(house, number) == 1


def test_a_delay_can_be_placed_before_anybody_has_decided(house: House) -> None:
    number = house.held()
    house.delays.place(number, house.clock() + timedelta(days=10), "ruth", "asked by police, ref 12")
    house.decisions.confirm(number, "ruth", "seen")
    with pytest.raises(NoSuchStatement):
        house.told(number)


def test_lifted_it_is_told(house: House) -> None:
    number = house.confirmed()
    house.delays.place(number, house.clock() + timedelta(days=10), "ruth", "asked by police, ref 12")
    delay = house.delays.of(number)
    assert delay
    assert (delay.placed_by, delay.because) == ("ruth", "asked by police, ref 12")
    house.delays.lift(number, "rob")
    assert house.told(number)
    with house.database.session() as session:
        acts = session.scalars(select(AuditRow.act).where(AuditRow.case_number == number)).all()
    assert [act for act in acts if act.startswith("statement.")] == [
        "statement.delayed",
        "statement.delay_lifted",
    ]


def test_a_delay_needs_a_reason_and_an_end_that_is_to_come(house: House) -> None:
    number = house.confirmed()
    with pytest.raises(UsageError, match="needs a reason"):
        house.delays.place(number, house.clock() + timedelta(days=1), "ruth", " ")
    with pytest.raises(UsageError, match="in the future"):
        house.delays.place(number, house.clock(), "ruth", "asked")
    with pytest.raises(UsageError, match="nothing delays"):
        house.delays.lift(number, "ruth")


def test_what_was_told_cannot_be_delayed(house: House) -> None:
    number = house.confirmed()
    house.told(number)
    with pytest.raises(UsageError, match="too late"):
        house.delays.place(number, house.clock() + timedelta(days=1), "ruth", "asked")


def test_only_what_was_told_of_the_last_decision_comes_before_a_delay(house: House) -> None:
    number = house.confirmed()
    house.told(number)
    house.decisions.reopen(number, "ruth", "by mistake")
    house.delays.place(number, house.clock() + timedelta(days=10), "ruth", "asked by police, ref 12")
    house.decisions.confirm(number, "ruth", "after all")
    with pytest.raises(NoSuchStatement):
        house.told(number)


def test_nothing_is_told_while_a_delay_is_being_placed(house: House) -> None:
    number = house.confirmed()
    with ThreadPoolExecutor(1) as others:
        asked: list[Future[None]] = []

        def now() -> datetime:
            # The second time is when the delay is written: others look just before.
            asked.append(others.submit(house.statements.look if asked else lambda: None))
            wait(asked, timeout=0.3)
            return house.clock()

        until = house.clock() + timedelta(days=10)
        Delays(house.database, now).place(number, until, "ruth", "asked by police, ref 12")
    assert all(one.done() for one in asked)
    assert times_told(house, number) == 0
