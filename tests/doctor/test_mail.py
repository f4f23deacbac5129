"""What the doctor says of mail: that it is well, or what is wrong with it, and no secret in any of it."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import AuthResult

from tests.mailing.post import PostBox, post_office
from tests.misbehaving import Connection, scripted
from tests.notices.mail.imap_server import Imap, Stored, mail_house
from tests.notices.mail.odd_mails import mail
from tests.sidecar.test_tls import write_certificate
from upload_guard.demo.servers import free_port
from upload_guard.doctor.mail import mail_steps
from upload_guard.doctor.steps import State, Step
from upload_guard.settings import Settings

ODD = "s\u00e9same"
SECRET, WRONG = "sesame", "simsalabim"
SENDER = "abuse@example.org"
HERE = {"server": "127.0.0.1", "security": "none", "timeout": 30.0}


def steps(**sections: object) -> dict[str, Step]:
    """What is said, by name; the passwords are in none of it."""
    found = {one.name: one for one in mail_steps(Settings.model_validate(sections))}
    said = repr(found)
    assert SECRET not in said
    assert WRONG not in said
    return found


def broken(step: Step) -> str:
    assert step.said.state is State.BROKEN, step
    assert "docs/mail.md" in step.said.advice
    return step.said.told


def going_out(port: int, **own: object) -> Step:
    return steps(mail=HERE | {"port": port, "sender": SENDER} | own)["mail"]


def coming_in(**own: object) -> Step:
    return steps(mailboxes={"abuse": HERE | {"user": SENDER, "password": SECRET} | own})["mailbox abuse"]


def only_the_secret(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
    return AuthResult(success=data.password == SECRET.encode(), handled=False)


@pytest.fixture(scope="module")
def office() -> Iterator[tuple[PostBox, int]]:
    """A mail server that lets in whoever knows the secret."""
    box = PostBox()
    with post_office(box, authenticator=only_the_secret, auth_require_tls=False) as server:
        yield box, server.port


def test_where_no_mail_is_configured_both_say_why_they_are_skipped() -> None:
    found = steps()
    assert {name: one.said.state for name, one in found.items()} == {
        "mail": State.SKIPPED,
        "mailboxes": State.SKIPPED,
    }
    assert "no server" in found["mail"].said.told
    assert "mailboxes.NAME" in found["mailboxes"].said.told


# Going out ----------------------------------------------------------------------------------------


def test_a_mail_server_that_lets_us_in_is_sent_nothing(office: tuple[PostBox, int]) -> None:
    box, port = office
    step = going_out(port, user="guard", password=SECRET)
    assert step.said.state is State.OK, step
    assert "by password" in step.said.told
    assert (box.mails, box.envelopes) == ([], [])


def test_a_password_that_a_mail_server_refuses_is_told(office: tuple[PostBox, int]) -> None:
    assert "does not know our password" in broken(going_out(office[1], user="guard", password=WRONG))


def test_a_password_that_is_not_ascii_is_told_without_a_character_of_it(office: tuple[PostBox, int]) -> None:
    step = going_out(office[1], user="guard", password=ODD)
    assert "in ASCII alone" in broken(step)
    assert "\\xe9" not in ascii(step)
    with mail_house(Imap()) as server:
        step = coming_in(port=server.port, password=ODD)
    assert "in ASCII alone" in broken(step)
    assert "\\xe9" not in ascii(step)


def test_what_is_no_name_of_a_server_is_told() -> None:
    host = "mail..example.org"
    assert "no name of a server" in broken(going_out(25, server=host, security="tls"))
    assert "no name of a server" in broken(coming_in(server=host, security="tls"))


def test_a_mail_server_without_starttls_is_told_no_password(office: tuple[PostBox, int]) -> None:
    told = broken(going_out(office[1], user="guard", password=SECRET, security="starttls"))
    assert "offers no STARTTLS" in told


def test_a_mail_server_that_nobody_logs_in_to_takes_no_password() -> None:
    with post_office(PostBox()) as server:
        assert "takes no user" in broken(going_out(server.port, user="guard", password=SECRET))
        assert "nobody logs in" in going_out(server.port).said.told


def test_a_mail_server_that_hangs_is_left_when_time_is_up() -> None:
    def say_nothing(connection: Connection) -> None:
        connection.socket.recv(1)

    with scripted(say_nothing) as script:
        port = int(script.url.rpartition(":")[2])
        assert "longer than 0.3 seconds" in broken(going_out(port, timeout=0.3))


def test_where_nothing_listens_that_is_told() -> None:
    port = free_port()
    assert f"nothing listens at port {port}" in broken(going_out(port))
    assert f"nothing listens at port {port}" in broken(coming_in(port=port))


def test_a_name_that_does_not_exist_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> list[object]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    step = going_out(25, server="mial.example.org", security="tls")
    assert broken(step) == "mial.example.org: no name server gives an address for it"


@pytest.mark.parametrize("name", ["none.pem", "no.pem", "."], ids=["not-there", "no-certificate", "a-folder"])
def test_an_authority_that_cannot_be_read_is_told_and_not_taken_for_the_server(
    tmp_path: Path, name: str
) -> None:
    (tmp_path / "no.pem").write_text("no certificate\n")
    file = str(tmp_path / name)
    assert "ca_file cannot be read" in broken(going_out(25, ca_file=file))
    assert "ca_file cannot be read" in broken(coming_in(ca_file=file))


def test_a_firewall_that_lets_nobody_out_is_not_taken_for_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(*_: object, **__: object) -> socket.socket:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(socket, "create_connection", forbidden)
    assert "cannot be reached at port 25 (Operation not permitted)" in broken(going_out(25))


def test_a_port_without_tls_is_told_apart_from_a_wrong_certificate(office: tuple[PostBox, int]) -> None:
    port = office[1]
    assert f"speaks no TLS with us at port {port}" in broken(going_out(port, security="tls"))


# Coming in ----------------------------------------------------------------------------------------


def test_a_mailbox_is_opened_and_no_mail_is_read_or_marked() -> None:
    imap = Imap()
    imap.deliver(mail("see https://blog.example.org/a.jpg", "Subject: 1"))
    with mail_house(imap) as server:
        step = coming_in(port=server.port, done_folder="Done")
    assert step.said.state is State.OK, step
    assert "'INBOX'" in step.said.told
    asked = {line.split()[0] for line in imap.heard}
    assert asked == {"CAPABILITY", "LOGIN", "SELECT", "STATUS", "LOGOUT"}
    assert (list(imap.folders), imap.folders["INBOX"][0].flags) == (["INBOX"], set())
    assert "no 'Done' yet" in step.said.told


ACL = "IMAP4rev1 MOVE UIDPLUS ACL"
BOTH: dict[str, list[Stored]] = {"INBOX": [], "Done": []}


@pytest.mark.parametrize(
    ("imap", "done", "told"),
    [
        (Imap(), "", "mail can be marked as taken"),
        (Imap(folders=BOTH | {}), "Done", "'Done' is there; nothing"),
        (
            Imap(
                capabilities=ACL, folders={"INBOX": [], "Done": []}, rights={"INBOX": "lrste", "Done": "li"}
            ),
            "Done",
            "mail can be moved into it",
        ),
        (Imap(capabilities=ACL, rights={"INBOX": "lrd"}), "Done", "no 'Done' yet"),
        (Imap(capabilities=ACL), "", "mail can be marked as taken"),
    ],
    ids=["marked", "may-be-moved", "moved", "made", "silent-of-rights"],
)
def test_what_a_server_tells_of_putting_mail_away_is_said(imap: Imap, done: str, told: str) -> None:
    with mail_house(imap) as server:
        step = coming_in(port=server.port, done_folder=done)
    assert step.said.state is State.OK, step
    assert told in step.said.told


@pytest.mark.parametrize(
    ("imap", "done", "told"),
    [
        (Imap(keywords=False), "", "set done_folder"),
        (Imap(read_only=True), "", "be read alone"),
        (Imap(read_only=True), "Done", "be read alone"),
        (Imap(capabilities=ACL, rights={"INBOX": "lrs"}), "", "lets us mark no mail"),
        (Imap(capabilities=ACL, rights={"INBOX": "lrst"}), "Done", "lets us take no mail out"),
        (
            Imap(capabilities=ACL, folders=BOTH | {}, rights={"INBOX": "lrd", "Done": "lr"}),
            "Done",
            "lets us put no mail in",
        ),
    ],
    ids=[
        "no-keywords",
        "read-only-marking",
        "read-only-moving",
        "no-write",
        "no-taking-out",
        "no-putting-in",
    ],
)
def test_a_mailbox_in_which_no_mail_can_be_put_away_is_told(imap: Imap, done: str, told: str) -> None:
    with mail_house(imap) as server:
        assert told in broken(coming_in(port=server.port, done_folder=done))


def test_a_password_that_a_mailbox_refuses_is_told() -> None:
    with mail_house(Imap()) as server:
        assert "does not know our password" in broken(coming_in(port=server.port, password=WRONG))


def test_a_folder_that_is_not_there_is_told() -> None:
    with mail_house(Imap()) as server:
        assert "no folder 'Abuse'" in broken(coming_in(port=server.port, folder="Abuse"))


def test_a_mailbox_that_hangs_is_left_when_time_is_up() -> None:
    with mail_house(Imap(seconds_a_line=0.5)) as server:
        assert "longer than 0.3 seconds" in broken(coming_in(port=server.port, timeout=0.3))


def test_a_certificate_of_nobody_is_told_and_hears_no_password(tmp_path: Path) -> None:
    certificate = write_certificate(tmp_path)
    imap = Imap(certificate=certificate)
    with mail_house(imap, "tls") as server:
        assert "certificate" in broken(coming_in(port=server.port, security="tls"))
        assert imap.heard == []
        trusting = coming_in(port=server.port, security="tls", ca_file=str(certificate[0]))
    assert "by TLS" in trusting.said.told


def test_a_mailbox_without_starttls_hears_no_password() -> None:
    imap = Imap()
    with mail_house(imap) as server:
        told = broken(coming_in(port=server.port, security="starttls"))
    assert "offers no STARTTLS" in told
    assert not any("LOGIN" in line for line in imap.heard)


def test_a_maildir_is_looked_at_and_left_as_it_is(tmp_path: Path) -> None:
    for name in ("new", "cur"):
        (tmp_path / name).mkdir()
    (tmp_path / "new" / "1.host").write_bytes(b"Subject: 1\r\n\r\nx")
    step = steps(mailboxes={"dsa": {"maildir": str(tmp_path)}})["mailbox dsa"]
    assert step.said.state is State.OK, step
    assert sorted(one.name for one in tmp_path.rglob("*")) == ["1.host", "cur", "new"]


def test_a_maildir_that_is_none_is_told(tmp_path: Path) -> None:
    (tmp_path / "new").touch()
    found = steps(mailboxes={"dsa": {"maildir": str(tmp_path)}, "gone": {"maildir": str(tmp_path / "no")}})
    assert "new: Not a directory" in broken(found["mailbox dsa"])
    assert "No such file" in broken(found["mailbox gone"])


def test_one_mailbox_that_is_broken_does_not_hide_another() -> None:
    with mail_house(Imap()) as server:
        own = HERE | {"port": server.port, "user": SENDER}
        found = steps(mailboxes={"a": own | {"password": WRONG}, "b": own | {"password": SECRET}})
    assert [found[f"mailbox {name}"].said.state for name in "ab"] == [State.BROKEN, State.OK]
