"""Handing mail over: what a server may answer, and what it may do instead."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from dataclasses import replace
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import AuthResult

from tests.mailing.post import PostBox, post_office
from tests.misbehaving import Behaviour, Connection, scripted
from tests.sidecar.test_tls import write_certificate
from upload_guard.errors import TransportError
from upload_guard.mailing.mailer import Mailer, MailServer


def mail() -> EmailMessage:
    one = EmailMessage()
    one["Subject"] = "A trial"
    one.set_content("Nothing happened.")
    return one


def hand_over(server: MailServer) -> None:
    Mailer(server).send(mail().as_bytes(), "abuse@example.org", "ann@example.net")


def fault_of(server: MailServer) -> TransportError:
    with pytest.raises(TransportError) as caught:
        hand_over(server)
    assert "example.net" not in str(caught.value)
    return caught.value


def test_it_arrives_under_the_envelope_that_it_was_given() -> None:
    box = PostBox()
    with post_office(box) as server:
        hand_over(server)
    assert box.envelopes == [("abuse@example.org", ["ann@example.net"])]
    assert box.mails[0]["Subject"] == "A trial"


@pytest.mark.parametrize(
    ("answers", "permanent"),
    [
        ({"refuses_recipient": "550 5.1.1 no ann@example.net here"}, True),
        ({"refuses_recipient": "450 4.2.1 later"}, False),
        ({"refuses_data": "554 5.7.1 no"}, True),
        ({"refuses_data": "451 4.3.0 later"}, False),
    ],
    ids=["no such recipient", "recipient later", "not this mail", "mail later"],
)
def test_a_refusal_is_final_where_the_server_says_so(answers: dict[str, str], permanent: bool) -> None:
    with post_office(PostBox(**answers)) as server:  # type: ignore[arg-type]
        assert fault_of(server).permanent is permanent


def contexts(folder: Path) -> tuple[Path, ssl.SSLContext]:
    certificate, key = write_certificate(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return certificate, context


def check(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
    return AuthResult(success=(data.login, data.password) == (b"guard", b"sesame"), handled=False)


def test_starttls_comes_before_the_password(tmp_path: Path) -> None:
    certificate, context = contexts(tmp_path)
    box = PostBox()
    options = {"tls_context": context, "authenticator": check, "auth_required": True}
    with post_office(box, **options) as plain:
        server = replace(plain, security="starttls", user="guard", password="sesame", ca_file=certificate)  # noqa: S106
        hand_over(server)
        assert len(box.mails) == 1
        assert "password" in str(fault_of(replace(server, password="simsalabim")))  # noqa: S106
        assert "certificate" in str(fault_of(replace(server, ca_file=None)))
    assert len(box.mails) == 1


def test_a_server_without_starttls_is_told_neither_password_nor_mail() -> None:
    box = PostBox()
    with post_office(box) as server:
        fault_of(replace(server, security="starttls", user="guard", password="sesame"))  # noqa: S106
    assert box.mails == []


def test_tls_from_the_first_byte(tmp_path: Path) -> None:
    certificate, key = write_certificate(tmp_path)
    heard: list[bytes] = []

    def speak(connection: Connection) -> None:
        connection.answer(b"220 hello\r\n")
        while line := connection.socket.recv(4096):
            heard.append(line)
            connection.answer(b"354 go on\r\n" if line.lower().startswith(b"data") else b"250 fine\r\n")

    with scripted(speak, certificate=(certificate, key)) as script:
        port = int(script.url.rpartition(":")[2])
        server = MailServer("127.0.0.1", port, "tls", ca_file=certificate, seconds=30)
        hand_over(server)
        assert "certificate" in str(fault_of(replace(server, ca_file=None)))
    assert any(b"Nothing happened." in line for line in heard)


def drip(connection: Connection) -> None:
    for _ in range(1000):
        connection.answer(b"220-and another thing\r\n")
        time.sleep(0.05)


def say_nothing(connection: Connection) -> None:
    connection.socket.recv(1)


def hang_up(connection: Connection) -> None:
    connection.answer(b"220 hello\r\n")
    connection.reset()


def speak_http(connection: Connection) -> None:
    connection.answer(b"HTTP/1.1 400 Bad Request\r\n\r\n")


@pytest.mark.parametrize("behaviour", [drip, say_nothing, hang_up, speak_http], ids=lambda one: one.__name__)
def test_a_server_that_misbehaves_holds_nobody_up_and_it_is_tried_again(behaviour: Behaviour) -> None:
    with scripted(behaviour) as script:
        begun = time.monotonic()
        server = MailServer("127.0.0.1", int(script.url.rpartition(":")[2]), "none", seconds=0.4)
        assert not fault_of(server).permanent
        assert time.monotonic() - begun < 20


def test_a_name_server_that_hangs_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = threading.Event()

    def hanging(*_: object, **__: object) -> list[object]:
        answers.wait(60)
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", hanging)
    fault = fault_of(MailServer("mail.example.org", 25, "none", seconds=0.2))
    assert not answers.is_set()
    answers.set()
    assert "longer than 0.2 seconds" in str(fault)
