"""Hands mail to a server, under one deadline for all of it. Sources: RFC 5321, 3207 and 8314."""

from __future__ import annotations

import smtplib
import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from upload_guard.errors import TransportError
from upload_guard.mail_settings import MailSettings
from upload_guard.mailing.faults import trust, unreached
from upload_guard.upstreams.deadline import Deadline

_REFUSED = range(500, 600)


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where mail goes, and what opens it. `security` is "tls" (from the first byte), "starttls" or "none"."""

    host: str
    port: int
    security: str
    user: str = ""
    password: str = field(default="", repr=False)
    ca_file: Path | None = None
    seconds: float = 30.0


class TakesMail(Protocol):
    """Whatever mail can be handed to."""

    def send(self, mail: bytes, sender: str, to: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Mailer:
    """By one connection a mail: there are few."""

    server: MailServer

    def send(self, mail: bytes, sender: str, to: str) -> None:
        """Returns once the server has taken it; `sender` and `to` are bare addresses, of the envelope.

        Raises `TransportError`; `permanent` where the server takes no such mail, or none for that recipient.
        Its words are not repeated: they may hold the address.
        """
        with self._greeted() as smtp:
            smtp.sendmail(sender, [to], mail, smtp.options_for(sender + to))

    def probe(self) -> None:
        """Whether mail could be handed over: logs in, and sends nothing. Raises `TransportError`."""
        with self._greeted() as smtp:
            smtp.ehlo_or_helo_if_needed()

    @contextmanager
    def _greeted(self) -> Iterator[_Watched]:
        with Deadline(self.server.seconds) as deadline, self._faults_told(deadline):
            smtp = _Watched(self.server, deadline)
            with closing(smtp):
                smtp.greet()
                yield smtp
                # What was asked is done, however the server takes leave.
                with suppress(smtplib.SMTPException, OSError):
                    smtp.quit()

    @contextmanager
    def _faults_told(self, deadline: Deadline) -> Iterator[None]:
        host = self.server.host
        try:
            yield
        except smtplib.SMTPRecipientsRefused as error:
            code = next(iter(error.recipients.values()), (0, b""))[0]
            raise TransportError(
                f"{host} does not take mail for this recipient ({code})", permanent=code in _REFUSED
            ) from None
        except smtplib.SMTPDataError as error:
            code = error.smtp_code
            raise TransportError(f"{host} did not take it ({code})", permanent=code in _REFUSED) from None
        except smtplib.SMTPAuthenticationError as error:
            raise TransportError(f"{host} does not know our password ({error.smtp_code})") from None
        except smtplib.SMTPResponseException as error:
            raise TransportError(f"{host} did not take it ({error.smtp_code})") from None
        except smtplib.SMTPNotSupportedError:
            raise TransportError(f"{host} cannot do what this mail or our settings need") from None
        except (smtplib.SMTPException, OSError, UnicodeError) as error:
            if deadline.passed:
                raise TransportError(f"{host} took longer than {self.server.seconds:g} seconds") from None
            raise TransportError(unreached(host, self.server.port, error)) from None


def mailer_of(own: MailSettings) -> Mailer:
    """By the server of `[mail]`."""
    return Mailer(
        MailServer(
            host=own.server,
            port=own.port_or_usual,
            security=own.security,
            user=own.user,
            password=own.password.get_secret_value(),
            ca_file=own.ca_file,
            seconds=own.timeout,
        )
    )


class _Watched(smtplib.SMTP):
    """A connection that ends with the deadline, however slowly the other side drips."""

    def __init__(self, server: MailServer, deadline: Deadline) -> None:
        self._server = server
        self._deadline = deadline
        self._context = trust(server.ca_file)
        super().__init__(server.host, server.port, timeout=deadline.left)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:  # noqa: ARG002 - as smtplib calls it
        connected = self._deadline.connect(host, port)
        if self._server.security == "tls":
            return self._context.wrap_socket(connected, server_hostname=host)
        return connected

    def greet(self) -> None:
        """Until mail may be handed over. Never goes on in the clear where TLS was asked for."""
        if self._server.security == "starttls":
            self._expect("starttls", "offers no STARTTLS, so that nothing is told to it")
            self.starttls(context=self._context)
        if self._server.user:
            self._expect("auth", "takes no user and password")
            self.login(self._server.user, self._server.password)

    def _expect(self, extension: str, otherwise: str) -> None:
        self.ehlo_or_helo_if_needed()
        if not self.has_extn(extension):
            raise TransportError(f"{self._server.host} {otherwise}")

    def options_for(self, addresses: str) -> tuple[str, ...]:
        """Of MAIL FROM. Raises `SMTPNotSupportedError` where the server takes ASCII only (RFC 6531)."""
        if addresses.isascii():
            return ()
        self.ehlo_or_helo_if_needed()
        if not self.has_extn("smtputf8"):
            raise smtplib.SMTPNotSupportedError
        self.command_encoding = "utf-8"
        return ("SMTPUTF8", "BODY=8BITMIME")
