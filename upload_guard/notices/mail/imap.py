"""A mailbox by IMAP, under one deadline for a whole look. What was taken is moved, or marked by a keyword.

Whether a mail was looked at is of no matter: one that a person opened first is taken all the same.

Sources: RFC 3501 and 9051 (IMAP4), RFC 6851 (MOVE), RFC 4315 (UIDPLUS), RFC 4314 (ACL).
"""

from __future__ import annotations

import imaplib
import logging
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from socket import socket

from upload_guard.errors import TransportError
from upload_guard.mailing.faults import trust, unreached
from upload_guard.moments import utc_now
from upload_guard.notices.mail.mailboxes import Mail
from upload_guard.notices.mail.parts import MOST_BYTES
from upload_guard.upstreams.deadline import Deadline

log = logging.getLogger(__name__)

TAKEN = "UploadGuardTaken"
"""The keyword of what was taken, where it is not moved."""
_MOST_LITERAL = MOST_BYTES + 4096
# Of the time for a look: nothing is begun in it.
_LAST_PART = 0.2
_NUMBERS = re.compile(rb"\d+")


@dataclass(frozen=True, slots=True)
class ImapServer:
    """Where the mailbox is, and what opens it. `security`: "tls" (from the first byte), "starttls", "none".

    Without `done_folder` mails are marked where they lie.
    """

    host: str
    port: int
    security: str
    user: str = ""
    password: str = field(default="", repr=False)
    folder: str = "INBOX"
    done_folder: str = ""
    ca_file: Path | None = None
    seconds: float = 60.0


class ImapMailbox:
    """See `Mailbox`. Mails that could not be fetched are tried last: none holds up those behind it."""

    def __init__(self, server: ImapServer, now: Callable[[], datetime] = utc_now) -> None:
        self.server = server
        self._now = now
        self._failed: set[bytes] = set()

    def probe(self) -> str:
        """See `Mailbox`. The folder is opened as for a look (SELECT): read-only (EXAMINE), servers tell no
        flags. That makes no mail seen; IMAP4rev1 forgets which were recent.
        """
        with self._connected() as imap:
            imap.log_in()
            told = imap.try_folder()
            imap.logout()
        return told

    @contextmanager
    def opened(self) -> Iterator[Iterator[Mail]]:
        """See `Mailbox`."""
        with self._connected() as imap:
            imap.log_in()
            put_away = imap.choose_folder()
            yield self._mails(imap, put_away)
            imap.logout()

    @contextmanager
    def _connected(self) -> Iterator[_Watched]:
        with Deadline(self.server.seconds) as deadline, _faults_told(self.server, deadline):
            imap = _Watched(self.server, deadline)
            try:
                yield imap
            finally:
                with suppress(OSError, imaplib.IMAP4.error):
                    imap.shutdown()

    def _mails(self, imap: _Watched, put_away: Callable[[bytes], None]) -> Iterator[Mail]:
        there, refused = imap.untaken(), 0
        self._failed &= set(there)
        for number in sorted(there, key=lambda number: (number in self._failed, int(number))):
            if imap.is_nearly_late:
                return  # What is left is for the next look.
            # Until it has come: a server that breaks off at one mail has the others read first next time.
            self._failed.add(number)
            fetched = imap.fetch_mail(number)
            if fetched is None:
                log.warning("ALARM: %s does not give mail %s", self.server.host, number.decode())
                refused += 1
                continue
            self._failed.discard(number)
            raw, received_at = fetched
            yield Mail(raw, received_at or self._now(), partial(put_away, number))
        if refused:
            raise TransportError(f"{self.server.host} does not give {refused} mails")


class _Watched(imaplib.IMAP4):
    """A connection that ends with the deadline, and takes no more at once than a mail may have."""

    def __init__(self, server: ImapServer, deadline: Deadline) -> None:
        self._server = server
        self._deadline = deadline
        self._context = trust(server.ca_file)
        super().__init__(server.host, server.port, timeout=deadline.left)

    def _create_socket(self, timeout: float | None) -> socket:  # noqa: ARG002 - as imaplib calls it
        connected = self._deadline.connect(self._server.host, self._server.port)
        if self._server.security == "tls":
            return self._context.wrap_socket(connected, server_hostname=self._server.host)
        return connected

    def read(self, size: int) -> bytes:
        if size > _MOST_LITERAL:
            raise self.abort(f"a literal of {size} bytes, where {_MOST_LITERAL} were asked for at most")
        return super().read(size)

    @property
    def is_nearly_late(self) -> bool:
        return self._deadline.left < self._server.seconds * _LAST_PART

    def log_in(self) -> None:
        """Never goes on in the clear where TLS was asked for."""
        if self._server.security == "starttls":
            if "STARTTLS" not in self.capabilities:
                raise TransportError(f"{self._server.host} offers no STARTTLS, so that nothing is told to it")
            self.starttls(self._context)
        if self._server.user:
            self._tell_password()
        # Many say what they can only to those whom they know.
        self.capabilities = tuple(str(self.capability()[1][-1], "ascii", "replace").upper().split())

    def _tell_password(self) -> None:
        try:
            self.login(self._server.user, self._server.password)
        except self.abort:
            raise
        except self.error:
            # Its words may repeat what it was told.
            raise TransportError(f"{self._server.host} does not know our password") from None

    def choose_folder(self) -> Callable[[bytes], None]:
        """Opens it; what puts a mail away by its number."""
        done = self._server.done_folder
        self._open_folder()
        if done:
            self.create(_quoted(done))  # Refused where it is there.
            return self._move
        self._refuse_without_keywords()
        return self._mark

    def try_folder(self) -> str:
        """Opens it; what a server says of whether mail can be put away, changing nothing.

        Raises `TransportError` where it says that it cannot.
        """
        folder, done = self._server.folder, self._server.done_folder
        self._open_folder()
        if not done:
            self._refuse_without_keywords()
            self._refuse_without_rights(folder, ("w",), "lets us mark no mail")
            return "mail can be marked as taken"
        rights = self._refuse_without_rights(folder, ("te", "d"), "lets us take no mail out")
        if self.status(_quoted(done), "(UIDNEXT)")[0] != "OK":
            return f"there is no {done!r} yet, which the first look makes, if it may"
        rights &= self._refuse_without_rights(done, ("i",), "lets us put no mail in")
        return f"{done!r} is there" + (", and mail can be moved into it" if rights else "")

    def _open_folder(self) -> None:
        folder = self._server.folder
        try:
            opened = self.select(_quoted(folder))
        except self.readonly:
            raise TransportError(
                f"{self._server.host} lets {folder!r} be read alone: no mail in it can be marked or moved"
            ) from None
        self._expect(opened, f"has no folder {folder!r} that could be opened")

    def _refuse_without_keywords(self) -> None:
        flags = b" ".join(flag for flag in self.response("PERMANENTFLAGS")[1] or () if flag)
        if rb"\*" not in flags and TAKEN.encode().lower() not in flags.lower():
            raise TransportError(f"{self._server.host} lets no mail be marked by a keyword: set done_folder")

    def _refuse_without_rights(self, folder: str, enough: tuple[str, ...], otherwise: str) -> bool:
        """Whether the server says that we have all rights of one of `enough` (RFC 4314; "d" is RFC 2086's).

        False where it does not tell: most have no access control lists.
        """
        if "ACL" not in self.capabilities:
            return False
        kind, data = self.myrights(_quoted(folder))
        if kind != "OK" or not data or not isinstance(data[-1], bytes):
            return False
        rights = data[-1].rpartition(b" ")[2].decode("ascii", "replace")
        if not any(set(one) <= set(rights) for one in enough):
            raise TransportError(
                f"{self._server.host} {otherwise}: {folder!r} gives us the rights {rights!r}"
            )
        return True

    def untaken(self) -> list[bytes]:
        """Numbers (UID) of all mails that were not taken, or thrown away."""
        asked = ["UNDELETED"] if self._server.done_folder else ["UNDELETED", "UNKEYWORD", TAKEN]
        found = self._expect(self.uid("SEARCH", *asked), "does not say what lies there")
        return list(dict.fromkeys(number for line in found if line for number in _NUMBERS.findall(line)))

    def fetch_mail(self, number: bytes) -> tuple[bytes, datetime | None] | None:
        """Its bytes, to a bound, and when it came in; None where the server does not give it."""
        # PEEK: a look by a machine leaves it as unseen as it was.
        asked = f"(UID INTERNALDATE BODY.PEEK[]<0.{MOST_BYTES + 1}>)"
        kind, data = self.uid("FETCH", number.decode(), asked)
        if kind != "OK":
            return None
        # Whatever changes meanwhile is told in between, of any mail.
        for at, item in enumerate(data):
            if not isinstance(item, tuple):
                continue
            behind = data[at + 1] if at + 1 < len(data) and isinstance(data[at + 1], bytes) else b""
            head = item[0] + b" " + behind
            if re.search(rb"\bUID %s\b" % number, head) and b"BODY[" in head.upper():
                return item[1], _moment_in(head)
        empty = re.compile(rb'\bUID %s\b.*BODY\[\](<0>)? (""|NIL)' % number, re.IGNORECASE)
        return (b"", None) if any(isinstance(item, bytes) and empty.search(item) for item in data) else None

    def _move(self, number: bytes) -> None:
        done, uid = _quoted(self._server.done_folder), number.decode()
        fault = f"does not move mail into {self._server.done_folder!r}"
        if "MOVE" in self.capabilities:
            self._expect(self.uid("MOVE", uid, done), fault)
            return
        self._expect(self.uid("COPY", uid, done), fault)
        self._expect(self.uid("STORE", uid, "+FLAGS.SILENT", r"(\Deleted)"), fault)
        # Without UIDPLUS it stays, struck out: a plain EXPUNGE takes what others struck out with it.
        if "UIDPLUS" in self.capabilities:
            self._expect(self.uid("EXPUNGE", uid), fault)

    def _mark(self, number: bytes) -> None:
        stored = self.uid("STORE", number.decode(), "+FLAGS.SILENT", f"({TAKEN})")
        self._expect(stored, "does not mark mail as taken")

    def _expect(self, answer: tuple[str, list[bytes | None]], otherwise: str) -> list[bytes | None]:
        kind, data = answer
        if kind != "OK":
            raise TransportError(f"{self._server.host} {otherwise}")
        return data


def _quoted(name: str) -> str:
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _moment_in(head: bytes) -> datetime | None:
    try:
        found = imaplib.Internaldate2tuple(head)
        return datetime.fromtimestamp(time.mktime(found), UTC) if found else None
    except (KeyError, OverflowError, ValueError, OSError):
        return None


@contextmanager
def _faults_told(server: ImapServer, deadline: Deadline) -> Iterator[None]:
    try:
        yield
    except (imaplib.IMAP4.error, OSError, ValueError) as error:
        if deadline.passed:
            raise TransportError(f"{server.host} took longer than {server.seconds:g} seconds") from None
        raise TransportError(unreached(server.host, server.port, error)) from None
