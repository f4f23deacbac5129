"""Checks that nobody waits for: their rows, and the threads that run them."""

from __future__ import annotations

import threading
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.support import eventually
from upload_guard.errors import Busy, NoSuchCheck, StorageFailed
from upload_guard.records import Action, Outcome, Result, Verdict
from upload_guard.sidecar.api import tickets
from upload_guard.sidecar.api.tickets import KEPT_FOR, Background, Ticket, Tickets
from upload_guard.storage.database import open_database

CLEAN = Outcome(Verdict(Result.CLEAN, Action.ALLOW))


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 1, 2, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def rows(tmp_path: Path, clock: Clock) -> Tickets:
    return Tickets(open_database(f"sqlite:///{tmp_path / 'data' / 'db.sqlite3'}"), 60.0, clock)


def ended(rows: Tickets, ticket: Ticket) -> Ticket:
    def has_ended() -> bool:
        now = rows.of(ticket.id, "blog")
        return bool(now.answer or now.fault)

    assert eventually(has_ended)
    return rows.of(ticket.id, "blog")


def test_a_check_whose_process_has_died_is_lost_and_not_clean(rows: Tickets, clock: Clock) -> None:
    ticket = rows.new("blog")
    clock.now += timedelta(seconds=149)
    assert rows.of(ticket.id, "blog") == Ticket(ticket.id)
    clock.now += timedelta(seconds=2)
    assert rows.of(ticket.id, "blog") == Ticket(ticket.id, fault="lost")


def test_an_answer_is_there_for_a_while_and_then_forgotten(rows: Tickets, clock: Clock) -> None:
    ticket = rows.new("blog")
    rows.settle(Ticket(ticket.id, fault="busy"))
    clock.now += KEPT_FOR - timedelta(seconds=1)
    assert rows.of(ticket.id, "blog").fault == "busy"
    clock.now += timedelta(seconds=2)
    with pytest.raises(NoSuchCheck):
        rows.of(ticket.id, "blog")


def test_a_site_may_have_only_so_many(rows: Tickets, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tickets, "MOST_OF_A_SITE", 3)
    for _ in range(3):
        rows.new("blog")
    with pytest.raises(Busy):
        rows.new("blog")
    rows.new("shop")
    clock.now += timedelta(hours=1)
    rows.new("blog")


def test_what_was_opened_for_a_check_is_closed_after_it(rows: Tickets) -> None:
    closed = threading.Event()
    with ExitStack() as opened:
        opened.callback(closed.set)
        ticket = Background(rows, 1).begin("blog", lambda: CLEAN, opened)
    assert ended(rows, ticket).answer is not None
    assert closed.is_set()


def test_more_than_may_wait_are_turned_away_and_keep_what_they_opened(rows: Tickets) -> None:
    goes_on, closed = threading.Event(), []
    background = Background(rows, 1)

    def slow() -> Outcome:
        goes_on.wait(60)
        return CLEAN

    waiting = [background.begin("blog", slow, ExitStack()) for _ in range(2)]
    opened = ExitStack()
    opened.callback(lambda: closed.append(True))
    with pytest.raises(Busy):
        background.begin("blog", slow, opened)
    assert closed == []
    opened.close()
    assert closed == [True]
    goes_on.set()
    assert all(ended(rows, ticket).answer for ticket in waiting)
    background.begin("blog", slow, ExitStack())


def test_a_check_that_fails_says_why(rows: Tickets) -> None:
    def full() -> Outcome:
        raise StorageFailed("disk full")

    def broken() -> Outcome:
        raise RuntimeError("ours")

    background = Background(rows, 1)
    assert ended(rows, background.begin("blog", full, ExitStack())).fault == "storage"
    assert ended(rows, background.begin("blog", broken, ExitStack())).fault == "error"
