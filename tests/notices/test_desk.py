"""Tests of the desk: every notice gets a number, none is lost, none is two."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from sqlalchemy import func, select

from tests.notices.tellers import Clock, notice_of
from upload_guard.notices.desk import Desk
from upload_guard.notices.sealed import open_written
from upload_guard.notices.states import NoticeState
from upload_guard.storage.database import Database
from upload_guard.storage.notice_tables import Notice, NoticeAddress
from upload_guard.storage.outbox_tables import OutboxEvent

A, B = "https://blog.example.org/a.jpg", "https://blog.example.org/b.jpg"


def row(database: Database, number: str) -> Notice:
    with database.session() as session:
        return session.scalars(select(Notice).where(Notice.number == number)).one()


def count(database: Database, table: type[Notice | NoticeAddress | OutboxEvent]) -> int:
    with database.session() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def close(database: Database, number: str, clock: Clock) -> None:
    with database.session() as session:
        session.scalars(select(Notice).where(Notice.number == number)).one().closed_at = clock()


def test_a_notice_gets_a_number_rows_and_a_deadline(desk: Desk, database: Database) -> None:
    notice = row(database, desk.take(notice_of(A, B)))
    assert notice.state == NoticeState.OPEN
    assert notice.site == "blog"
    assert notice.deadline - notice.received_at == timedelta(hours=24)
    assert count(database, NoticeAddress) == 2
    assert count(database, OutboxEvent) == 1


def test_who_wrote_what_is_sealed(desk: Desk, database: Database) -> None:
    notice = row(database, desk.take(notice_of(A, reasons="a secret word")))
    assert b"secret" not in notice.sealed
    assert b"teller" not in notice.sealed
    letter = open_written(desk.keyring, notice.number, notice.sealed)
    assert letter.reasons == "a secret word"
    assert letter.told.email == "teller@example.org"


def test_the_same_mail_twice_is_one_notice(desk: Desk, database: Database) -> None:
    first = desk.take(notice_of(A, reference="<1@example.org>"))
    assert desk.take(notice_of(A, reference="<1@example.org>")) == first
    assert count(database, Notice) == 1
    assert count(database, OutboxEvent) == 1


def test_a_reference_that_is_used_again_hides_no_other_address(desk: Desk, database: Database) -> None:
    first = desk.take(notice_of(A, reference="1"))
    assert desk.take(notice_of(B, reference="1")) != first
    assert count(database, NoticeAddress) == 2


def test_a_reference_that_is_used_again_hides_no_other_words(desk: Desk) -> None:
    first = desk.take(notice_of(A, reference="1"))
    assert desk.take(notice_of(reference="1", reasons="and something else")) != first


def test_a_notice_that_is_told_again_hides_no_hash(desk: Desk) -> None:
    first = desk.take(notice_of(A, hashes=("1" * 40,)))
    assert desk.take(notice_of(A)) == desk.take(notice_of(A, hashes=("1" * 40,))) == first
    assert desk.take(notice_of(A, hashes=("1" * 40, "2" * 40))) != first


def test_what_is_said_again_of_a_closed_notice_is_a_new_one(
    desk: Desk, database: Database, clock: Clock
) -> None:
    first = desk.take(notice_of(A))
    close(database, first, clock)
    assert desk.take(notice_of(A)) != first


def test_a_mailbox_that_is_read_anew_brings_nothing_twice(
    desk: Desk, database: Database, clock: Clock
) -> None:
    first = desk.take(notice_of(A, reference="<1@example.org>"))
    close(database, first, clock)
    clock.forward(timedelta(days=29))
    assert desk.take(notice_of(A, reference="<1@example.org>")) == first


def test_another_sender_of_the_same_address_is_joined(desk: Desk, database: Database) -> None:
    first = desk.take(notice_of(A, B))
    second = desk.take(notice_of(B.replace("blog", "BLOG"), email="other@example.org"))
    assert row(database, second).joined_to == first
    assert row(database, desk.take(notice_of(A, B + "x", email="third@example.org"))).joined_to == ""


def test_a_notice_without_an_address_is_for_a_person(desk: Desk, database: Database) -> None:
    notice = row(database, desk.take(notice_of()))
    assert notice.state == NoticeState.PERSON
    assert notice.to_read


def test_a_notice_that_was_not_understood_whole_is_for_a_person(desk: Desk, database: Database) -> None:
    assert row(database, desk.take(notice_of(A, complete=False))).to_read


def test_several_writings_of_an_address_are_one(desk: Desk, database: Database) -> None:
    desk.take(notice_of(A, A.replace("https", "HTTPS"), B))
    with database.session() as session:
        assert session.scalars(select(NoticeAddress.url).order_by(NoticeAddress.id)).all() == [A, B]


def test_a_clock_that_is_ahead_moves_no_deadline(desk: Desk, database: Database, clock: Clock) -> None:
    notice = row(database, desk.take(notice_of(A, received_at=clock() + timedelta(days=400))))
    assert notice.deadline == clock() + timedelta(hours=24)


def test_a_sender_of_the_settings_is_marked(desk: Desk, database: Database) -> None:
    assert row(database, desk.take(notice_of(A, email="Hotline@example.org"))).trusted
    assert not row(database, desk.take(notice_of(B))).trusted


def test_of_two_at_once_one_is_the_notice(desk: Desk, database: Database) -> None:
    with ThreadPoolExecutor(4) as pool:
        numbers = set(pool.map(desk.take, [notice_of(A, reference="<1@example.org>")] * 8))
    assert len(numbers) == 1
    assert count(database, Notice) == 1


def test_five_thousand_addresses_are_taken(desk: Desk, database: Database) -> None:
    desk.take(notice_of(*(f"https://blog.example.org/{number}.jpg" for number in range(5000))))
    assert count(database, NoticeAddress) == 5000
