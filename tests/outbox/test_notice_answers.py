"""Tests of letters to those who told of a file."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from tests.notices.tellers import Clock as Moment
from tests.notices.tellers import notice_of
from upload_guard.keyring import Keyring
from upload_guard.notices.answering import Answer
from upload_guard.notices.desk import Desk
from upload_guard.notices.settling import stand
from upload_guard.notices.states import AddressState
from upload_guard.outbox.messages import Draft, MessageKind
from upload_guard.outbox.notice_answers import NoticeAnswers
from upload_guard.outbox.routing import Router
from upload_guard.storage.database import Database
from upload_guard.storage.notice_tables import Notice, NoticeAddress
from upload_guard.storage.outbox_tables import OutboxMessage

URL = "https://blog.example.org/media/a.jpg"


def letter(to: str, answer: Answer, reference: str) -> Draft:
    body = {"subject": answer.subject, "text": answer.text, "reference": reference}
    return Draft(MessageKind.LETTER, to, body)


@pytest.fixture
def moment() -> Moment:
    return Moment()


@pytest.fixture
def desk(database: Database, moment: Moment) -> Desk:
    return Desk(database, Keyring(bytes(32)), "blog", now=moment)


def route(database: Database, moment: Moment, receipts: bool = True, a_day: int = 20) -> list[OutboxMessage]:
    answers = NoticeAnswers(Keyring(bytes(32)), letter, receipts=receipts, a_day=a_day, now=moment)
    Router(database, (answers,), moment).run()
    with database.session() as session:
        return list(session.scalars(select(OutboxMessage).order_by(OutboxMessage.number)))


def settle(database: Database, number: str, state: AddressState, moment: Moment) -> None:
    with database.session() as session:
        notice = session.scalars(select(Notice).where(Notice.number == number)).one()
        for address in session.scalars(select(NoticeAddress)):
            address.state = state.value
        stand(session, notice, moment())


def row(database: Database, number: str) -> Notice:
    with database.session() as session:
        return session.scalars(select(Notice).where(Notice.number == number)).one()


def test_a_sender_gets_a_receipt_that_answers_the_mail(
    desk: Desk, database: Database, moment: Moment
) -> None:
    number = desk.take(notice_of(URL, reference="<1@example.org>"))
    (message,) = route(database, moment)
    assert (message.kind, message.recipient) == ("letter", "teller@example.org")
    assert number in message.body["subject"]
    assert message.body["reference"] == "<1@example.org>"
    assert row(database, number).receipt_at == moment()


def test_nothing_that_was_written_comes_back(desk: Desk, database: Database, moment: Moment) -> None:
    number = desk.take(notice_of(URL, reasons="buy our pills"))
    settle(database, number, AddressState.NOT_OURS, moment)
    said = " ".join(message.body["text"] for message in route(database, moment))
    assert "pills" not in said
    assert "blog.example.org" not in said


def test_the_sender_is_told_what_became_of_it(desk: Desk, database: Database, moment: Moment) -> None:
    number = desk.take(notice_of(URL, language="nl"))
    route(database, moment)
    settle(database, number, AddressState.REMOVED, moment)
    answer = route(database, moment)[-1]
    assert "1. het bestand is weggehaald" in answer.body["text"]
    assert row(database, number).answered_at == moment()


@pytest.mark.parametrize("mute", [{"may_answer": False}, {"email": ""}])
def test_a_machine_or_nobody_gets_no_letter(
    desk: Desk, database: Database, moment: Moment, mute: dict[str, bool | str]
) -> None:
    number = desk.take(notice_of(URL, **mute))  # type: ignore[arg-type]
    assert not route(database, moment)
    assert row(database, number).receipt_at is None


def test_without_receipts_nobody_gets_any(desk: Desk, database: Database, moment: Moment) -> None:
    desk.take(notice_of(URL))
    assert not route(database, moment, receipts=False)


def test_an_address_that_others_write_into_mails_gets_few(
    desk: Desk, database: Database, moment: Moment
) -> None:
    for number in range(5):
        desk.take(notice_of(f"{URL}?{number}", reasons=str(number)))
    assert len(route(database, moment, a_day=3)) == 3
    desk.take(notice_of(URL, reasons="once more"))
    assert len(route(database, moment, a_day=3)) == 3
