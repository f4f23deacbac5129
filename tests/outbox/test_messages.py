"""Messages as rows: claimed by one, tried again after pauses that grow, given up after a bounded time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import pairwise

import pytest
from sqlalchemy import select

from tests.outbox.receiver import Clock
from upload_guard.errors import TransportError
from upload_guard.outbox.messages import (
    LONGEST_PAUSE,
    Draft,
    Message,
    MessageKind,
    MessageState,
    Outbox,
    pause_after,
    put,
)
from upload_guard.storage.outbox_tables import OutboxEvent, OutboxMessage

LEASE = timedelta(seconds=60)
DOWN = TransportError("nobody there")


def wait_for(outbox: Outbox, recipient: str = "blog", subject: str = "", **body: object) -> str:
    with outbox.database.session() as session:
        return put(session, Draft(MessageKind.WEBHOOK, recipient, body, subject), outbox.now())


def claim(outbox: Outbox) -> Message | None:
    return outbox.claim(MessageKind.WEBHOOK, LEASE)


def claimed(outbox: Outbox) -> Message:
    message = claim(outbox)
    assert message is not None
    return message


def state(outbox: Outbox, message_id: str) -> str:
    with outbox.database.session() as session:
        return session.scalars(select(OutboxMessage.state).where(OutboxMessage.id == message_id)).one()


def test_a_message_is_claimed_by_one_sender_only(outbox: Outbox) -> None:
    wait_for(outbox)
    assert claim(outbox) is not None
    assert claim(outbox) is None


def test_a_message_of_a_transaction_that_was_undone_is_none(outbox: Outbox) -> None:
    with outbox.database.session() as session:
        put(session, Draft(MessageKind.WEBHOOK, "blog", {}), outbox.now())
        session.rollback()
    assert claim(outbox) is None


def test_what_a_dead_sender_held_is_sent_by_another_under_the_same_id(outbox: Outbox, clock: Clock) -> None:
    wait_for(outbox, case="one")
    first = claimed(outbox)
    clock.pass_by(LEASE - timedelta(seconds=1))
    assert claim(outbox) is None
    clock.pass_by(timedelta(seconds=1))
    second = claimed(outbox)
    assert (second.id, second.body) == (first.id, {"case": "one"})
    assert second.claim != first.claim


def test_who_has_lost_a_message_to_another_settles_nothing(outbox: Outbox, clock: Clock) -> None:
    wait_for(outbox)
    first = claimed(outbox)
    clock.pass_by(LEASE)
    second = claimed(outbox)
    outbox.sent(first)
    assert state(outbox, second.id) == MessageState.WAITING
    outbox.failed(first, TransportError("no", permanent=True))
    assert state(outbox, second.id) == MessageState.WAITING
    outbox.sent(second)
    assert state(outbox, second.id) == MessageState.SENT


def test_what_was_sent_is_not_sent_again(outbox: Outbox, clock: Clock) -> None:
    wait_for(outbox)
    outbox.sent(claimed(outbox))
    clock.pass_by(timedelta(days=1))
    assert claim(outbox) is None


def test_a_recipient_that_fails_is_left_alone_and_others_are_not(outbox: Outbox) -> None:
    wait_for(outbox, "blog")
    wait_for(outbox, "blog")
    wait_for(outbox, "shop")
    outbox.failed(claimed(outbox), DOWN)
    assert claimed(outbox).recipient == "shop"
    assert claim(outbox) is None


def test_pauses_grow_up_to_a_bound_and_are_not_in_step() -> None:
    means = [sum((pause_after(n) for _ in range(400)), timedelta()) / 400 for n in (1, 2, 3, 4)]
    assert all(after > before * 1.7 for before, after in pairwise(means))
    assert len({pause_after(3) for _ in range(20)}) > 10
    assert max(pause_after(n) for n in (10, 50, 10_000)) <= LONGEST_PAUSE * 1.25


def test_pauses_begin_anew_once_it_can_be_reached(outbox: Outbox, clock: Clock) -> None:
    for _ in range(2):
        wait_for(outbox)
    for _ in range(6):
        outbox.failed(claimed(outbox), DOWN)
        clock.pass_by(LONGEST_PAUSE * 2)
    outbox.sent(claimed(outbox))
    outbox.failed(claimed(outbox), DOWN)
    clock.pass_by(timedelta(seconds=7))
    assert claim(outbox) is not None


def test_one_that_always_fails_does_not_hold_up_the_others(outbox: Outbox, clock: Clock) -> None:
    bad = wait_for(outbox, case="bad")
    outbox.failed(claimed(outbox), DOWN)
    good = wait_for(outbox, case="good")
    clock.pass_by(LONGEST_PAUSE)
    assert claimed(outbox).id == good
    assert claimed(outbox).id == bad


def test_it_is_given_up_after_a_bounded_time_and_administrators_hear_of_it(
    outbox: Outbox, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    message = wait_for(outbox)
    for _ in range(3):
        outbox.failed(claimed(outbox), DOWN)
        clock.pass_by(timedelta(hours=24))
    assert state(outbox, message) == MessageState.WAITING
    outbox.failed(claimed(outbox), DOWN)
    assert state(outbox, message) == MessageState.GIVEN_UP
    assert "ALARM: a webhook to blog was given up: nobody there" in caplog.text
    with outbox.database.session() as session:
        event = session.scalars(select(OutboxEvent)).one()
    assert (event.kind, event.details) == ("undelivered", {"kind": "webhook", "recipient": "blog"})


def test_it_is_given_up_at_once_where_sending_again_would_not_help(outbox: Outbox) -> None:
    message = wait_for(outbox)
    outbox.failed(claimed(outbox), TransportError("gone", permanent=True))
    assert state(outbox, message) == MessageState.GIVEN_UP


def test_what_was_given_up_can_be_tried_again(outbox: Outbox) -> None:
    message = wait_for(outbox)
    outbox.failed(claimed(outbox), TransportError("gone", permanent=True))
    assert outbox.try_again() == 1
    assert claimed(outbox).id == message


def test_a_newer_word_about_the_same_replaces_one_that_waits(outbox: Outbox) -> None:
    older = wait_for(outbox, subject="case", state="released")
    other = wait_for(outbox, subject="other")
    newer = wait_for(outbox, subject="case", state="open")
    assert state(outbox, older) == MessageState.SUPERSEDED
    assert {claimed(outbox).id, claimed(outbox).id} == {other, newer}


def test_what_is_being_sent_while_it_is_replaced_is_not_sent_again(outbox: Outbox, clock: Clock) -> None:
    wait_for(outbox, subject="case")
    under_way = claimed(outbox)
    newer = wait_for(outbox, subject="case")
    outbox.failed(under_way, DOWN)
    clock.pass_by(LONGEST_PAUSE)
    assert claimed(outbox).id == newer
    assert claim(outbox) is None


def test_what_waits_for_nobody_any_more_is_dropped(outbox: Outbox) -> None:
    kept, dropped = wait_for(outbox, "blog"), wait_for(outbox, "shop")
    with outbox.database.session() as session:
        outbox.drop_others(session, MessageKind.WEBHOOK, {"blog"})
    assert (state(outbox, kept), state(outbox, dropped)) == ("waiting", "dropped")


def test_what_was_settled_long_ago_is_forgotten_and_what_waits_is_not(outbox: Outbox, clock: Clock) -> None:
    wait_for(outbox, case="sent")
    outbox.sent(claimed(outbox))
    waiting = wait_for(outbox)
    clock.pass_by(timedelta(days=40))
    outbox.purge(timedelta(days=30))
    with outbox.database.session() as session:
        assert session.scalars(select(OutboxMessage.id)).all() == [waiting]


def test_of_many_senders_at_once_each_message_has_one(outbox: Outbox) -> None:
    ids = {wait_for(outbox) for _ in range(20)}
    with ThreadPoolExecutor(8) as pool:
        found = [one for one in pool.map(lambda _: claim(outbox), range(100)) if one is not None]
    assert sorted(message.id for message in found) == sorted(ids)
