"""Table E, row 21: a site that is told of its cases, and everything that can be wrong with it.

Whatever happens on the way, it gets each event, and by its id each once.
"""

from __future__ import annotations

import os
import signal
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from tests.misbehaving import Behaviour, Connection, reset_after_the_request, scripted
from tests.outbox.receiver import Clock, Inbox, fail_with
from tests.sidecar.test_tls import write_certificate
from tests.support import eventually, fork
from upload_guard.moments import utc_now
from upload_guard.outbox.messages import LONGEST_PAUSE, MessageState, Outbox
from upload_guard.outbox.routing import Router
from upload_guard.outbox.sending import Sender
from upload_guard.outbox.webhooks import Webhook, WebhookRoute, WebhookTransport
from upload_guard.storage.events import Event, EventKind, note_event
from upload_guard.storage.outbox_tables import OutboxMessage
from upload_guard.upstreams.client import host

PATIENT, HASTY = 30.0, 1.0
PATH = "/wp-json/upload-guard/v1/event?to=blog"


@dataclass(frozen=True)
class House:
    """What sends, and the site that is sent to."""

    outbox: Outbox
    inbox: Inbox

    def happens(self, case: str = "2345-6789-BCDF", state: str = "released", site: str = "blog") -> None:
        with self.outbox.database.session() as session:
            note_event(session, Event(EventKind.CASE_CHANGED, case, site, {"state": state}))
        Router(self.outbox.database, [WebhookRoute(frozenset({"blog"}))], self.outbox.now).run()

    def sender(self, url: str, seconds: float = PATIENT) -> Sender:
        hooks = {"blog": Webhook(f"{url}{PATH}", seconds=seconds)}
        return Sender(self.outbox, WebhookTransport(hooks, lambda _site: self.inbox.key))

    def send(self, url: str) -> int:
        return self.sender(url).run()

    def rows(self) -> list[OutboxMessage]:
        with self.outbox.database.session() as session:
            return list(session.scalars(select(OutboxMessage).order_by(OutboxMessage.number)))

    def states(self) -> list[str]:
        return [row.state for row in self.rows()]


@pytest.fixture
def house(outbox: Outbox, inbox: Inbox) -> House:
    return House(outbox, inbox)


def test_a_site_is_told_which_case_changed_and_where_it_stands_and_nothing_else(house: House) -> None:
    house.happens()
    with scripted(house.inbox.take) as site:
        assert house.send(site.url) == 1
    (event,) = house.inbox.events.values()
    assert set(event) == {"id", "event", "site", "case", "state", "at"}
    assert (event["event"], event["case"], event["state"]) == ("case.changed", "2345-6789-BCDF", "released")
    assert datetime.now(UTC) - datetime.fromisoformat(event["at"]) < timedelta(minutes=5)
    assert house.states() == [MessageState.SENT]


def test_it_is_signed_with_the_key_that_the_site_knows(house: House) -> None:
    house.happens()
    forged = replace(house.inbox.key, secret="another one")  # noqa: S106
    other = House(house.outbox, replace(house.inbox, key=forged))
    with scripted(house.inbox.take) as site:
        other.send(site.url)
        assert (house.inbox.events, house.inbox.forged) == ({}, 1)
        house.happens()
        house.send(site.url)
    assert len(house.inbox.events) == 1


def test_a_site_that_does_not_listen_is_told_nothing(house: House) -> None:
    house.happens(site="shop")
    assert house.rows() == []


def down(connection: Connection) -> None:
    connection.reset()


def talk_nonsense(connection: Connection) -> None:
    connection.request()
    connection.answer(b"hello\r\n\r\n")


def never_end_the_head(connection: Connection) -> None:
    connection.request()
    connection.answer(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 9999)


MISBEHAVIOURS: dict[str, Behaviour] = {
    "down": down,
    "resets after the request": reset_after_the_request,
    "500": fail_with("500 Oops"),
    "503": fail_with("503 Later", "Retry-After: 1\r\n"),
    "404, its plug-in is off": fail_with("404 Nothing Here"),
    "401": fail_with("401 Who"),
    "redirects": fail_with("302 Found", "Location: http://127.0.0.1:9/\r\n"),
    "no HTTP": talk_nonsense,
    "endless head": never_end_the_head,
}


@pytest.mark.parametrize("behaviour", MISBEHAVIOURS.values(), ids=MISBEHAVIOURS)
def test_e21_a_site_that_fails_is_told_later_and_once(
    house: House, clock: Clock, behaviour: Behaviour
) -> None:
    house.happens()
    with scripted(behaviour, behaviour, house.inbox.take) as site:
        for _ in range(2):
            assert house.send(site.url) == 0
            assert house.states() == [MessageState.WAITING]
            assert house.send(site.url) == 0
            clock.pass_by(LONGEST_PAUSE * 2)
        assert house.send(site.url) == 1
        assert len(site.connections) == 3
    assert len(house.inbox.events) == len(house.inbox.deliveries) == 1


@pytest.mark.parametrize("slow", ["take_too_slowly", "take_and_drip"])
def test_e21_a_site_that_took_it_but_answers_when_we_have_gone_drops_the_second_one(
    house: House, clock: Clock, slow: str
) -> None:
    house.happens()
    with scripted(getattr(house.inbox, slow), house.inbox.take) as site:
        begun = time.monotonic()
        assert house.sender(site.url, HASTY).run() == 0
        assert time.monotonic() - begun < PATIENT
        assert eventually(lambda: house.inbox.deliveries)
        clock.pass_by(LONGEST_PAUSE * 2)
        assert house.send(site.url) == 1
    assert len(house.inbox.deliveries) == 2
    assert len(house.inbox.events) == 1


def test_e21_nothing_listens_at_all(house: House, clock: Clock) -> None:
    house.happens()
    with scripted(house.inbox.take) as site:
        url = site.url
    assert house.send(url) == 0
    assert "cannot be reached" in house.rows()[0].fault
    clock.pass_by(timedelta(hours=73))
    assert house.send(url) == 0
    assert house.states() == [MessageState.GIVEN_UP]


@pytest.mark.parametrize("status", ["410 Gone", "400 Bad Request", "422 What"])
def test_a_site_that_wants_no_more_of_it_is_not_asked_again(house: House, status: str) -> None:
    house.happens()
    with scripted(fail_with(status)) as site:
        house.send(site.url)
    assert house.states() == [MessageState.GIVEN_UP]


def test_no_redirect_is_followed(house: House) -> None:
    house.happens()
    with scripted(house.inbox.take) as elsewhere:
        with scripted(fail_with("307 There", f"Location: {elsewhere.url}/\r\n")) as site:
            house.send(site.url)
        assert elsewhere.connections == []
    assert "redirects (status 307), which is not followed" in house.rows()[0].fault


def test_a_secret_in_the_address_is_in_no_fault(house: House) -> None:
    house.happens()
    with scripted(fail_with("500 Oops")) as site:
        house.send(site.url)
    assert "to=blog" not in house.rows()[0].fault
    assert host(site.url) in house.rows()[0].fault


def test_a_site_without_a_key_is_told_when_it_has_one(house: House, clock: Clock) -> None:
    house.happens()
    with scripted(house.inbox.take) as site:
        without = WebhookTransport({"blog": Webhook(site.url, seconds=PATIENT)}, lambda _site: None)
        assert Sender(house.outbox, without).run() == 0
        clock.pass_by(LONGEST_PAUSE)
        assert house.send(site.url) == 1


def test_a_hundred_cases_for_a_site_that_is_down_are_one_attempt_at_a_time(
    house: House, clock: Clock
) -> None:
    with house.outbox.database.session() as session:
        for number in range(100):
            note_event(
                session, Event(EventKind.CASE_CHANGED, f"case {number}", "blog", {"state": "released"})
            )
    Router(house.outbox.database, [WebhookRoute(frozenset({"blog"}))], house.outbox.now).run()
    with scripted(fail_with("500 Oops"), fail_with("500 Oops"), house.inbox.take) as site:
        for attempts in (1, 2):
            house.send(site.url)
            assert len(site.heads) == attempts
            clock.pass_by(LONGEST_PAUSE)
        assert house.send(site.url) == 100
    assert len(house.inbox.events) == 100


def test_of_a_case_that_changed_twice_only_the_newest_word_is_sent(house: House) -> None:
    house.happens(state="released")
    house.happens(state="open")
    with scripted(house.inbox.take) as site:
        assert house.send(site.url) == 1
    assert [event["state"] for event in house.inbox.events.values()] == ["open"]


@pytest.mark.live
def test_e21_four_senders_at_once_send_each_event_once(house: House) -> None:
    house = House(replace(house.outbox, now=utc_now), house.inbox)
    for number in range(40):
        house.happens(f"case {number}")
    with scripted(house.inbox.take) as site:
        children = []
        for _ in range(4):
            if not (child := fork()):
                signal.alarm(60)
                try:
                    house.send(site.url)
                finally:
                    os._exit(0)
            children.append(child)
        for child in children:
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert len(house.inbox.deliveries) == len(house.inbox.events) == 40
    assert set(house.states()) == {MessageState.SENT}


@pytest.mark.live
def test_e21_a_sender_that_is_killed_has_its_message_sent_by_the_next_and_taken_once(house: House) -> None:
    house = House(replace(house.outbox, now=utc_now), house.inbox)
    house.happens()
    with scripted(house.inbox.take_too_slowly, house.inbox.take) as site:
        sender = house.sender(site.url)
        child = fork()
        if not child:
            try:
                hook = Webhook(f"{site.url}{PATH}", seconds=60)
                Sender(house.outbox, replace(sender.transport, hooks={"blog": hook})).run()
            finally:
                os._exit(1)
        assert eventually(lambda: house.inbox.deliveries)
        os.kill(child, signal.SIGKILL)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
        # While its lease lasts nobody else sends it.
        assert sender.run() == 0
        later = Clock(datetime.now(UTC) + timedelta(minutes=5))
        assert replace(sender, outbox=replace(house.outbox, now=later)).run() == 1
    assert len(house.inbox.deliveries) == 2
    assert len(house.inbox.events) == 1


def test_the_certificate_of_a_site_is_looked_at(house: House, clock: Clock, tmp_path: Path) -> None:
    house.happens()
    authority, key = write_certificate(tmp_path)
    with scripted(house.inbox.take, certificate=(authority, key)) as site:
        assert house.send(site.url) == 0
        assert "no certificate of that name by an issuer we trust" in house.rows()[0].fault
        clock.pass_by(LONGEST_PAUSE)
        hooks = {"blog": Webhook(site.url, ca_file=authority, seconds=PATIENT)}
        assert Sender(house.outbox, WebhookTransport(hooks, lambda _site: house.inbox.key)).run() == 1
