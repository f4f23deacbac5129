"""A picture is fetched once, soon, and by whoever asked for it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from upload_guard.glimpses.tickets import LIVES, Tickets
from upload_guard.storage.database import open_database
from upload_guard.storage.glimpse_tables import GlimpseTicket

PICTURE = b"\x89PNG and so on"


@pytest.fixture
def tickets(tmp_path: Path) -> Tickets:
    return Tickets(open_database(f"sqlite:///{tmp_path / 'rows.sqlite3'}"))


def issue(tickets: Tickets, bearer: str = "ann") -> str:
    with tickets.database.session() as session:
        return tickets.issue(session, PICTURE, bearer)


def test_a_ticket_is_good_once(tickets: Tickets) -> None:
    ticket = issue(tickets)
    assert tickets.redeem(ticket, "ann") == PICTURE
    assert tickets.redeem(ticket, "ann") is None


def test_of_many_that_come_at_once_one_gets_it(tickets: Tickets) -> None:
    ticket = issue(tickets)
    with ThreadPoolExecutor(8) as threads:
        got = list(threads.map(lambda _: tickets.redeem(ticket, "ann"), range(8)))
    assert sorted(got, key=str).count(PICTURE) == 1


def test_a_ticket_is_no_good_to_another_session(tickets: Tickets) -> None:
    ticket = issue(tickets)
    assert tickets.redeem(ticket, "ben") is None
    assert tickets.redeem(ticket, "ann") is None


def test_a_ticket_lives_for_a_minute(tickets: Tickets) -> None:
    ticket = issue(tickets)
    past = datetime.now(UTC) - timedelta(seconds=1)
    with tickets.database.session() as session:
        (left,) = session.scalars(select(GlimpseTicket.expires_at))
        assert timedelta(seconds=20) < left - datetime.now(UTC) <= LIVES
        session.execute(update(GlimpseTicket).values(expires_at=past))
    assert tickets.redeem(ticket, "ann") is None


def test_old_tickets_are_deleted_with_the_next(tickets: Tickets) -> None:
    issue(tickets)
    with tickets.database.session() as session:
        session.execute(update(GlimpseTicket).values(expires_at=datetime.now(UTC)))
    issue(tickets)
    with tickets.database.session() as session:
        assert len(session.scalars(select(GlimpseTicket)).all()) == 1


@pytest.mark.parametrize("ticket", ["", "no ticket", "00", "00" * 32, "zz" * 32])
def test_what_is_no_ticket_fetches_nothing(tickets: Tickets, ticket: str) -> None:
    issue(tickets)
    assert tickets.redeem(ticket, "ann") is None


def test_the_rows_hold_neither_the_picture_nor_its_ticket(tickets: Tickets, tmp_path: Path) -> None:
    ticket = issue(tickets)
    written = b"".join(file.read_bytes() for file in tmp_path.iterdir() if file.is_file())
    assert PICTURE not in written
    assert bytes.fromhex(ticket) not in written
    assert ticket.encode() not in written
