"""Letters by the outbox: one that could not be sent is tried again as the same one, and none goes round."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from tests.mailing.post import PostBox, post_office
from tests.outbox.receiver import Clock
from upload_guard.keyring import Keyring
from upload_guard.mailing.letters import Letter
from upload_guard.mailing.mailer import Mailer, MailServer
from upload_guard.outbox.letters import LetterTransport, letter_draft
from upload_guard.outbox.messages import MessageState, Outbox, put
from upload_guard.outbox.sending import Sender
from upload_guard.storage.outbox_tables import OutboxMessage
from upload_guard.vault.rewrap import Rewrap

KEYRING = Keyring(b"k" * 32)
LETTER = Letter("ann@example.net", "We have it", "Dear Ann")


def write(outbox: Outbox, letter: Letter = LETTER) -> None:
    with outbox.database.session() as session:
        put(session, letter_draft(KEYRING, letter), outbox.now())


def send(outbox: Outbox, server: MailServer, keyring: Keyring = KEYRING) -> int:
    transport = LetterTransport(
        Mailer(server),
        keyring,
        "Abuse desk <abuse@example.org>",
        "abuse@example.org",
        frozenset({"abuse@example.org"}),
        5.0,
    )
    return Sender(outbox, transport).run()


def rows(outbox: Outbox) -> list[OutboxMessage]:
    with outbox.database.session() as session:
        return list(session.scalars(select(OutboxMessage)))


def test_a_letter_arrives_and_its_row_never_named_anybody(outbox: Outbox) -> None:
    box = PostBox()
    write(outbox)
    with post_office(box) as server:
        assert send(outbox, server) == 1
    (mail,) = box.mails
    assert (mail["To"], mail.get_content().strip()) == ("ann@example.net", "Dear Ann")
    (row,) = rows(outbox)
    assert row.state == MessageState.SENT
    assert "ann" not in f"{row.recipient} {row.body} {row.fault}"


def test_it_is_tried_again_under_the_same_message_id(outbox: Outbox, clock: Clock) -> None:
    write(outbox)
    first, second = PostBox(refuses_data="451 later"), PostBox()
    with post_office(first) as server:
        assert send(outbox, server) == 0
    assert rows(outbox)[0].state == MessageState.WAITING
    clock.pass_by(timedelta(minutes=1))
    with post_office(second) as server:
        assert send(outbox, server) == 1
    assert second.mails[0]["Message-ID"] == f"<{rows(outbox)[0].id}@example.org>"


@pytest.mark.parametrize("address", ["abuse@example.org", "Abuse@Example.ORG"])
def test_none_goes_to_ourselves(outbox: Outbox, address: str) -> None:
    box = PostBox()
    write(outbox, Letter(address, "x", "x"))
    with post_office(box) as server:
        assert send(outbox, server) == 0
    assert box.mails == []
    assert rows(outbox)[0].state == MessageState.GIVEN_UP


def test_one_that_waits_while_the_master_key_is_replaced_still_arrives(outbox: Outbox) -> None:
    new, box = Keyring(b"n" * 32, previous=KEYRING.master), PostBox()
    write(outbox)
    assert Rewrap(outbox.database, new).left() == 1
    assert Rewrap(outbox.database, new).run() == 1
    assert Rewrap(outbox.database, new).left() == 0
    with post_office(box) as server:
        assert send(outbox, server, Keyring(new.master)) == 1
    assert box.mails[0]["To"] == "ann@example.net"


def test_one_that_opens_no_more_is_given_up(outbox: Outbox) -> None:
    write(outbox)
    with post_office(PostBox()) as server:
        assert send(outbox, server, Keyring(b"l" * 32)) == 0
    assert rows(outbox)[0].state == MessageState.GIVEN_UP
