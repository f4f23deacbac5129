"""Reports by mail: what was approved arrives, byte by byte, and what is sent twice can be told."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from tests.mailing.post import PostBox, post_office
from tests.reports.known import facts
from upload_guard.errors import TransportError
from upload_guard.mailing.mailer import Mailer, MailServer
from upload_guard.reports.mails.arf import Arf
from upload_guard.reports.mails.sender import SmtpSender
from upload_guard.reports.papers import Format, Progress, Sent
from upload_guard.reports.sheets.text import TextFormat
from upload_guard.reports.sheets.wording import Language

TO = "hotline@example.net"


@dataclass
class Tray:
    """Mail as it would leave."""

    mails: list[bytes] = field(default_factory=list)
    envelopes: list[tuple[str, str]] = field(default_factory=list)

    def send(self, mail: bytes, sender: str, to: str) -> None:
        self.mails.append(mail)
        self.envelopes.append((sender, to))


def by(tray: Tray, to: str = TO, language: Language = "en") -> SmtpSender:
    return SmtpSender(tray, "Example Hosting <abuse@example.org>", to, language)


@pytest.fixture(scope="module")
def box() -> PostBox:
    return PostBox()


@pytest.fixture(scope="module")
def server(box: PostBox) -> Iterator[MailServer]:
    with post_office(box) as running:
        yield running


def test_a_paper_that_is_a_mail_is_sent_as_it_was_approved() -> None:
    tray, paper = Tray(), Arf().write(facts())
    by(tray).send(paper, {}, lambda _: None)
    (mail,) = tray.mails
    assert mail.endswith(paper.content)
    head = mail.removesuffix(paper.content).decode()
    assert head.startswith(f"To: {TO}\r\nDate: ")
    assert "\r\nAuto-Submitted: auto-generated\r\n" in head
    assert tray.envelopes == [("abuse@example.org", TO)]


@pytest.mark.parametrize("written", [TextFormat(), Arf()], ids=lambda one: one.name)
def test_it_arrives_at_a_real_server(box: PostBox, server: MailServer, written: Format) -> None:
    box.mails.clear()
    paper = written.write(facts())
    sent = SmtpSender(Mailer(server), "abuse@example.org", TO).send(paper, {}, lambda _: None)
    (mail,) = box.mails
    assert (mail["To"], mail["From"], mail["Message-ID"]) == (TO, mail["From"], sent.reference)
    attached = [part.get_content() for part in mail.iter_attachments()]
    if written.name == "text":
        assert attached == [paper.content.decode()]
        assert mail["Subject"] == "Report RP-0001"


def test_what_was_taken_is_not_sent_again_and_what_may_have_been_keeps_its_id() -> None:
    tray, paper, noted = Tray(), TextFormat().write(facts()), list[Progress]()
    first = by(tray).send(paper, {}, noted.append)
    assert by(tray).send(paper, noted[-1], noted.append) == first
    assert len(tray.mails) == 1
    assert by(tray).send(paper, {}, noted.append) == first
    assert by(tray, "police@example.net").send(paper, {}, noted.append) != first
    assert not first.acknowledged
    assert isinstance(first, Sent)


@pytest.mark.parametrize(("language", "word"), [("en", "withdrawn"), ("nl", "ingetrokken")])
def test_it_is_taken_back_by_another_mail_that_says_why(language: Language, word: str) -> None:
    tray, paper, noted = Tray(), TextFormat().write(facts()), list[Progress]()
    sent = by(tray, language=language).send(paper, {}, noted.append)
    by(tray, language=language).withdraw(paper, noted[-1], "the file was another")
    mail = tray.mails[-1].decode()
    assert word in mail
    assert "the file was another" in mail
    assert f"In-Reply-To: {sent.reference}" in mail
    assert f"Message-ID: {sent.reference}" not in mail


def test_what_was_never_sent_is_not_taken_back() -> None:
    tray = Tray()
    by(tray).withdraw(TextFormat().write(facts()), {}, "a slip")
    assert tray.mails == []


def test_a_recipient_that_is_no_address_is_told_for_good() -> None:
    tray = Tray()
    with pytest.raises(TransportError) as caught:
        by(tray, "a@b\r\nBcc: eve@example.com").send(TextFormat().write(facts()), {}, lambda _: None)
    assert caught.value.permanent
    assert tray.mails == []
