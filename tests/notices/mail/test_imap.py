"""A mailbox by IMAP: read, handed over, and only then put away; a server that misbehaves loses no mail."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.misbehaving import Behaviour, Connection, scripted
from tests.notices.mail.imap_server import Imap, mail_house
from tests.notices.mail.odd_mails import ONE, mail
from tests.notices.mail.taker import Taker
from tests.sidecar.test_tls import write_certificate
from upload_guard.errors import StorageFailed, TransportError
from upload_guard.notices.mail.imap import TAKEN, ImapMailbox, ImapServer
from upload_guard.notices.mail.mailboxes import Fetcher
from upload_guard.notices.mail.parts import MOST_BYTES


def numbered(*numbers: int) -> list[bytes]:
    return [mail(f"see {ONE}", f"Subject: {number}") for number in numbers]


def fetcher(server: ImapServer, taker: Taker) -> Fetcher:
    return Fetcher("abuse", ImapMailbox(server), taker.take)


def test_each_mail_is_taken_once_and_marked_and_stays_unseen() -> None:
    imap, taker = Imap(), Taker()
    imap.deliver(*numbered(1, 2))
    with mail_house(imap) as server:
        assert fetcher(server, taker).run() == 2
        imap.deliver(*numbered(3))
        assert fetcher(server, taker).run() == 1
    assert taker.subjects == ["1", "2", "3"]
    assert taker.taken[0].received_at == datetime(2026, 3, 1, 12, tzinfo=UTC)
    assert [one.flags for one in imap.folders["INBOX"]] == [{TAKEN}] * 3


def test_one_that_a_person_opened_first_is_taken_and_one_struck_out_is_not() -> None:
    imap, taker = Imap(), Taker()
    imap.deliver(*numbered(1, 2))
    imap.folders["INBOX"][0].flags = {r"\Seen"}
    imap.folders["INBOX"][1].flags = {r"\Deleted"}
    with mail_house(imap) as server:
        assert fetcher(server, taker).run() == 1
    assert taker.subjects == ["1"]


@pytest.mark.parametrize(
    ("capabilities", "left"),
    [("IMAP4rev1 MOVE", []), ("IMAP4rev1 UIDPLUS", []), ("IMAP4rev1", [{r"\Deleted"}] * 2)],
    ids=["moves", "copies and expunges", "copies and strikes out"],
)
def test_taken_mail_goes_into_its_folder(capabilities: str, left: list[set[str]]) -> None:
    imap, taker = Imap(capabilities=capabilities), Taker()
    imap.deliver(*numbered(1, 2))
    with mail_house(imap, done_folder='Taken "by" us') as server:
        assert fetcher(server, taker).run() == 2
        assert fetcher(server, taker).run() == 0
    assert [one.flags for one in imap.folders["INBOX"]] == left
    assert [one.raw for one in imap.folders['Taken "by" us']] == numbered(1, 2)


def test_a_server_that_marks_nothing_needs_a_folder() -> None:
    imap = Imap(keywords=False)
    imap.deliver(*numbered(1))
    with mail_house(imap) as server:
        with pytest.raises(TransportError, match="set done_folder"):
            fetcher(server, Taker()).run()
        assert fetcher(replace(server, done_folder="Taken"), Taker()).run() == 1


def test_what_could_not_be_kept_is_not_marked() -> None:
    imap = Imap()
    imap.deliver(*numbered(1, 2))
    with mail_house(imap) as server:
        with pytest.raises(StorageFailed):
            fetcher(server, Taker(full_at=1)).run()
        later = Taker()
        assert fetcher(server, later).run() == 1
    assert later.subjects == ["2"]


def test_a_server_that_breaks_off_at_one_mail_gives_those_behind_it_the_next_time() -> None:
    imap, taker = Imap(breaks_off_at=1), Taker()
    imap.deliver(*numbered(1, 2, 3))
    with mail_house(imap) as server:
        one = fetcher(server, taker)
        for _ in range(2):
            with pytest.raises(TransportError, match="broke off"):
                one.run()
        assert taker.subjects == ["2", "3"]
        imap.breaks_off_at = 0
        assert one.run() == 1
    assert taker.subjects == ["2", "3", "1"]


def test_one_that_is_not_given_is_told_and_holds_up_none(caplog: pytest.LogCaptureFixture) -> None:
    imap, taker = Imap(refuses=1), Taker()
    imap.deliver(*numbered(1, 2))
    with mail_house(imap) as server, pytest.raises(TransportError, match="does not give 1 mails"):
        fetcher(server, taker).run()
    assert taker.subjects == ["2"]
    assert "ALARM" in caplog.text
    assert imap.folders["INBOX"][0].flags == set()


def test_what_is_told_of_other_mails_meanwhile_is_not_taken_for_the_one() -> None:
    chatter = b"* 2 EXISTS\r\n* 9 FETCH (UID 11 FLAGS (\\Seen))\r\n* 9 FETCH (UID 11 BODY[] {5}\r\nother)\r\n"
    imap, taker = Imap(chatter=chatter), Taker()
    imap.deliver(*numbered(1))
    with mail_house(imap) as server:
        assert fetcher(server, taker).run() == 1
    assert taker.subjects == ["1"]


def test_what_there_was_no_time_for_is_for_the_next_look(monkeypatch: pytest.MonkeyPatch) -> None:
    imap, taker = Imap(), Taker()
    imap.deliver(*numbered(1, 2))
    with mail_house(imap) as server:
        one = fetcher(server, taker)
        with monkeypatch.context() as late:
            late.setattr("upload_guard.notices.mail.imap._LAST_PART", 1.0)
            assert one.run() == 0
        assert one.run() == 2


def test_an_empty_mail_is_a_notice_too() -> None:
    imap, taker = Imap(), Taker()
    imap.deliver(b"")
    with mail_house(imap) as server:
        assert fetcher(server, taker).run() == 1
    assert not taker.taken[0].complete


def test_a_mail_beyond_the_bound_is_read_to_it() -> None:
    imap, taker = Imap(), Taker()
    imap.deliver(numbered(1)[0] + b"x" * (MOST_BYTES + 5))
    with mail_house(imap, seconds=30.0) as server:
        assert fetcher(server, taker).run() == 1
    assert (taker.subjects, taker.taken[0].complete) == (["1"], False)


def test_a_wrong_password_is_told_and_not_repeated() -> None:
    imap = Imap()
    with mail_house(imap, password="wrong") as server, pytest.raises(TransportError) as caught:  # noqa: S106
        fetcher(server, Taker()).run()
    assert "password" in str(caught.value)
    assert "wrong" not in str(caught.value)


def test_a_folder_that_is_not_there_is_told() -> None:
    with mail_house(Imap(), folder="Abuse") as server, pytest.raises(TransportError, match="'Abuse'"):
        fetcher(server, Taker()).run()


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_passwords_go_through_tls_with_a_certificate_that_we_trust(tmp_path: Path, security: str) -> None:
    certificate = write_certificate(tmp_path)
    imap, taker = Imap(certificate=certificate), Taker()
    imap.capabilities += " STARTTLS"
    imap.deliver(*numbered(1))
    with mail_house(imap, security) as server:
        with pytest.raises(TransportError, match="certificate"):
            fetcher(server, taker).run()
        assert not any("sesame" in line for line in imap.heard)
        assert fetcher(replace(server, ca_file=certificate[0]), taker).run() == 1


def test_a_server_without_starttls_hears_no_password() -> None:
    imap = Imap()
    with mail_house(imap, "starttls") as server, pytest.raises(TransportError):
        fetcher(server, Taker()).run()
    assert not any("sesame" in line for line in imap.heard)


@pytest.mark.parametrize(
    "imap",
    [
        Imap(seconds_a_line=0.3),
        Imap(literal=10**12),
        Imap(chatter=b"* OK and\r\n" * 10_000 + b"\xff\x00{\r\n"),
    ],
    ids=["it drips", "it promises a terabyte", "it talks nonsense"],
)
def test_a_server_that_misbehaves_holds_nobody_up_and_loses_nothing(imap: Imap) -> None:
    imap.deliver(*numbered(1))
    with mail_house(imap, seconds=1.0) as server:
        begun = time.monotonic()
        taker = Taker()
        try:
            fetcher(server, taker).run()
        except TransportError:
            assert not any(TAKEN in one.flags for one in imap.folders["INBOX"])
        else:
            assert len(taker.taken) == 1
        assert time.monotonic() - begun < 20


def hang_up(connection: Connection) -> None:
    connection.reset()


def say_nothing(connection: Connection) -> None:
    connection.socket.recv(1)


def speak_http(connection: Connection) -> None:
    connection.answer(b"HTTP/1.1 400 Bad Request\r\n\r\n")


@pytest.mark.parametrize("behaviour", [hang_up, say_nothing, speak_http], ids=lambda one: one.__name__)
def test_what_is_no_imap_server_is_told(behaviour: Behaviour) -> None:
    with scripted(behaviour) as script:
        server = ImapServer("127.0.0.1", int(script.url.rpartition(":")[2]), "none", seconds=0.5)
        with pytest.raises(TransportError):
            fetcher(server, Taker()).run()
