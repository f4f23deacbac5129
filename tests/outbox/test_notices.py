"""What administrators are told: in words, in their language, and nothing that belongs to nobody's mailbox."""

from __future__ import annotations

import email
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.message import Message as Mail

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.misbehaving import Connection, scripted, stay_silent
from tests.outbox.receiver import fail_with
from upload_guard.demo.servers import free_port
from upload_guard.errors import TransportError
from upload_guard.outbox.dutch import DUTCH
from upload_guard.outbox.english import ENGLISH
from upload_guard.outbox.messages import Message, MessageKind
from upload_guard.outbox.notices import (
    KINDS_BY_NAME,
    NoticeRoute,
    NoticeTransport,
    Target,
    target_of,
    without_our_secrets,
)
from upload_guard.outbox.routing import Noted
from upload_guard.outbox.wording import Words
from upload_guard.outbox_settings import NoticeSettings
from upload_guard.storage.database import Database
from upload_guard.storage.events import EventKind

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
ENTRY = "ab" * 32
SECRET = "sesame"  # noqa: S105
EVERY = frozenset(kind for kinds in KINDS_BY_NAME.values() for kind in kinds)


def route(words: Words = ENGLISH, review_url: str = "") -> NoticeRoute:
    hours = {EventKind.CASE_LATE: 20.0, EventKind.BYTES_EXPIRING: 72.0, EventKind.PRESERVATION_ENDING: 72.0}
    return NoticeRoute(("ops",), EVERY, words, timedelta(), hours, review_url)


def noted(kind: EventKind, case: str = "", site: str = "", **details: object) -> Noted:
    return Noted(kind, AT, case, site, details)


def told(database: Database, *events: Noted, by: NoticeRoute | None = None) -> dict[str, str]:
    with database.session() as session:
        (draft,) = (by or route()).drafts(session, events)
    return {name: str(draft.body[name]) for name in ("title", "text")}


def test_a_new_case_says_where_and_which_and_what_is_to_be_done(database: Database) -> None:
    notice = told(database, noted(EventKind.CASE_OPENED, "2345-6789-BCDF", "blog"))
    assert notice["title"] == "upload_guard: A new case is held"
    assert "Sites: blog\nCases: 2345-6789-BCDF\n" in notice["text"]


def test_many_are_counted_and_the_first_are_named(database: Database) -> None:
    events = [noted(EventKind.CASE_OPENED, f"case{number}", "blog") for number in range(25)]
    notice = told(database, *events)
    assert notice["title"] == "upload_guard: 25 new cases are held"
    assert "case9, and 15 more" in notice["text"]
    assert "case10" not in notice["text"]


def test_there_is_a_link_where_the_pages_have_an_address(database: Database) -> None:
    event = noted(EventKind.CASE_OPENED, "2345", "blog")
    assert "http" not in told(database, event)["text"]
    linked = told(database, event, by=route(review_url="https://guard.example.org/review"))
    assert linked["text"].endswith("\nReview: https://guard.example.org/review")


@pytest.mark.parametrize("words", [ENGLISH, DUTCH], ids=["en", "nl"])
@pytest.mark.parametrize("kind", sorted(EVERY))
def test_every_kind_has_words_in_every_language_and_no_hash_in_them(
    database: Database, kind: EventKind, words: Words
) -> None:
    event = noted(
        kind, "2345", "blog", list="icse", version=7, notice="N-1", recipient="blog", fault="x", value=ENTRY
    )
    for events in ([event], [event, event]):
        notice = told(database, *events, by=route(words))
        assert notice["title"].startswith("upload_guard: ")
        assert "{" not in notice["title"] + notice["text"]
        assert ENTRY[:8] not in notice["text"]


def test_both_languages_speak_of_the_same() -> None:
    assert DUTCH.said.keys() == ENGLISH.said.keys() == EVERY - {EventKind.DIGEST}
    for kind, english in ENGLISH.said.items():
        dutch = DUTCH.said[kind]
        for name in ("cases", "notices", "sites", "lists", "recipients", "hours", "count"):
            for part in ("one", "many", "text"):
                assert (f"{{{name}}}" in getattr(english, part)) == (f"{{{name}}}" in getattr(dutch, part))


def test_every_name_of_an_event_in_the_settings_is_known() -> None:
    assert set(NoticeSettings().events) == set(KINDS_BY_NAME)


# Targets -------------------------------------------------------------------------------------------


def test_a_target_has_a_name_that_tells_by_what_it_goes_and_nothing_else() -> None:
    address = f"mailtos://guard:{SECRET}@mail.example.org"
    target = target_of(address, b"key")
    assert target.name.startswith("mailtos-")
    assert SECRET not in repr(target)
    assert target_of(address, b"key") == target
    assert target_of(address, b"other").name != target.name


@dataclass
class Mailbox:
    """A real SMTP server's handler."""

    mails: list[Mail] = field(default_factory=list)
    address: str = ""

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        assert isinstance(envelope.content, bytes)
        self.mails.append(email.message_from_bytes(envelope.content))
        return "250 OK"


@contextmanager
def mail_server() -> Iterator[Mailbox]:
    mailbox = Mailbox()
    controller = Controller(mailbox, hostname="127.0.0.1", port=free_port())
    controller.start()
    where = f"127.0.0.1:{controller.port}"
    mailbox.address = f"mailto://{where}?from=guard@example.org&to=ops@example.org&mode=insecure"
    try:
        yield mailbox
    finally:
        controller.stop()


def send(address: str, title: str = "a title", text: str = "one\ntwo", seconds: float = 30.0) -> None:
    target = Target("ops", address)
    message = Message(1, "id", MessageKind.NOTICE, "ops", {"title": title, "text": text}, "claim")
    NoticeTransport({"ops": target}, seconds).send(message)


@pytest.mark.live
def test_a_mail_is_plain_text_as_it_was_written() -> None:
    with mail_server() as mailbox:
        send(mailbox.address, "2 nieuwe zaken", "Eén <b>regel</b>\n*nog een* & zo")
    (mail,) = mailbox.mails
    assert mail.get_content_type() == "text/plain"
    assert (mail["Subject"], mail["To"]) == ("2 nieuwe zaken", "ops@example.org")
    body = mail.get_payload(decode=True)
    assert isinstance(body, bytes)
    assert body.decode().replace("\r\n", "\n").strip() == "Eén <b>regel</b>\n*nog een* & zo"


@pytest.mark.live
def test_a_web_hook_of_another_service_gets_it_as_json() -> None:
    def answer(connection: Connection) -> None:
        connection.request()
        connection.answer(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

    with scripted(answer) as service:
        send(service.url.replace("http://", "json://"), "a title", "a text")
        got = json.loads(service.connections[0].last_body)
    assert (got["title"], got["message"]) == ("a title", "a text")


@pytest.mark.live
def test_a_target_that_is_down_is_tried_later_and_told_without_its_password() -> None:
    address = f"mailto://guard:{SECRET}@127.0.0.1:{free_port()}?from=a@example.org&to=b@example.org"
    with pytest.raises(TransportError) as raised:
        send(address)
    assert not raised.value.permanent
    assert "ops: " in str(raised.value)
    assert SECRET not in str(raised.value)


@pytest.mark.live
def test_a_service_that_refuses_is_tried_later() -> None:
    with scripted(fail_with("500 Oops")) as service, pytest.raises(TransportError) as raised:
        send(service.url.replace("http://", f"json://guard:{SECRET}@"))
    assert not raised.value.permanent
    assert SECRET not in str(raised.value)


@pytest.mark.live
def test_a_target_that_keeps_us_waiting_is_ended_when_time_is_up() -> None:
    begun = time.monotonic()
    with scripted(stay_silent) as service, pytest.raises(TransportError, match="within 3 seconds"):
        send(service.url.replace("http://", "json://") + "?rto=600", seconds=3)
    assert time.monotonic() - begun < 60


@pytest.mark.live
def test_an_address_that_is_none_is_given_up_at_once() -> None:
    with pytest.raises(TransportError, match="no target that Apprise knows") as raised:
        send(f"carrierpigeon://{SECRET}")
    assert raised.value.permanent
    assert SECRET not in str(raised.value)


def test_the_process_that_sends_knows_none_of_our_secrets() -> None:
    environment = {
        "UPLOAD_GUARD_KEYS__MASTER": SECRET,
        "upload_guard_notices__targets": SECRET,
        "PATH": "/bin",
    }
    assert without_our_secrets(environment) == {"PATH": "/bin"}
