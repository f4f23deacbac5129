"""A stand-in IMAP server on loopback, written from the wire format of RFC 3501 (9051), that can misbehave.

It knows as much of the protocol as a mailbox is read by.
"""

from __future__ import annotations

import re
import shlex
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.misbehaving import Connection, scripted
from upload_guard.notices.mail.imap import ImapServer

INTERNALDATE = "01-Mar-2026 12:00:00 +0000"


@dataclass
class Stored:
    uid: int
    raw: bytes
    flags: set[str] = field(default_factory=set)


@dataclass
class Imap:
    """The mailboxes of one person. Options are what it does not know, or does wrong."""

    password: str = "sesame"  # noqa: S105
    capabilities: str = "IMAP4rev1 MOVE UIDPLUS"
    keywords: bool = True
    read_only: bool = False
    rights: dict[str, str] = field(default_factory=dict)
    folders: dict[str, list[Stored]] = field(default_factory=lambda: {"INBOX": []})
    breaks_off_at: int = 0
    refuses: int = 0
    seconds_a_line: float = 0.0
    literal: int = 0
    chatter: bytes = b""
    certificate: tuple[Path, Path] | None = None
    heard: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def deliver(self, *raws: bytes, folder: str = "INBOX") -> None:
        for raw in raws:
            there = self.folders.setdefault(folder, [])
            there.append(Stored(len(there) + 1, raw))

    def serve(self, connection: Connection) -> None:
        connection.answer(b"* OK [CAPABILITY %s] ready\r\n" % self.capabilities.encode())
        stream = connection.socket.makefile("rb")
        while line := stream.readline():
            time.sleep(self.seconds_a_line)
            tag, _, rest = line.decode().strip().partition(" ")
            words = shlex.split(rest)
            self.heard.append(rest)
            name = " ".join(words[:2] if words[0].upper() == "UID" else words[:1]).upper()
            handler: Callable[..., str] | None = getattr(self, f"_{name.lower().replace(' ', '_')}", None)
            with self.lock:
                said = handler(connection, *words[name.count(" ") + 1 :]) if handler else "BAD what"
            if said == "RESET":
                connection.reset()
                return
            connection.answer(f"{tag} {said}\r\n".encode())
            if name == "STARTTLS" and self.certificate:
                stream.close()
                connection.secure(*self.certificate)
                stream = connection.socket.makefile("rb")
            if name == "LOGOUT":
                return

    def _capability(self, connection: Connection) -> str:
        connection.answer(f"* CAPABILITY {self.capabilities}\r\n".encode())
        return "OK done"

    def _starttls(self, connection: Connection) -> str:
        return "OK go on" if self.certificate else "BAD no"

    def _login(self, connection: Connection, user: str, password: str) -> str:
        return "OK in" if password == self.password else f"NO {password} is not it"

    def _select(self, connection: Connection, folder: str) -> str:
        if folder not in self.folders:
            return "NO no such folder"
        self.selected = folder
        flags = r"\Deleted \Seen" + (r" \*" if self.keywords else "")
        connection.answer(
            f"* {len(self.folders[folder])} EXISTS\r\n* OK [PERMANENTFLAGS ({flags})] so\r\n".encode()
        )
        return "OK [READ-ONLY] selected" if self.read_only else "OK [READ-WRITE] selected"

    def _status(self, connection: Connection, folder: str, items: str) -> str:
        if folder not in self.folders:
            return "NO no such folder"
        connection.answer(f'* STATUS "{folder}" {items[:-1]} 7)\r\n'.encode())
        return "OK done"

    def _myrights(self, connection: Connection, folder: str) -> str:
        if folder not in self.rights:
            return "NO of no such folder"
        connection.answer(f'* MYRIGHTS "{folder}" {self.rights[folder]}\r\n'.encode())
        return "OK done"

    def _create(self, connection: Connection, folder: str) -> str:
        if folder in self.folders:
            return "NO [ALREADYEXISTS] it is there"
        self.folders[folder] = []
        return "OK made"

    def _uid_search(self, connection: Connection, *keys: str) -> str:
        unwanted = {r"\Deleted"} | {keys[at + 1] for at, key in enumerate(keys) if key == "UNKEYWORD"}
        found = [str(mail.uid) for mail in self.folders[self.selected] if not mail.flags & unwanted]
        connection.answer(f"* SEARCH {' '.join(found)}\r\n".encode())
        return "OK found"

    def _uid_fetch(self, connection: Connection, uid: str, *items: str) -> str:
        if self.breaks_off_at == int(uid):
            return "RESET"
        if self.refuses == int(uid):
            return "NO [SERVERBUG] not this one"
        found = re.search(r"BODY\.PEEK\[\]<0\.(\d+)>", " ".join(items))
        assert found, "only a bounded look leaves a mail unseen"
        connection.answer(self.chatter)
        for mail in self._mails(uid):
            raw = mail.raw[: int(found[1])]
            size = self.literal or len(raw)
            head = f'* 1 FETCH (UID {uid} INTERNALDATE "{INTERNALDATE}" BODY[]<0> {{{size}}}\r\n'
            connection.answer(head.encode() + raw + b")\r\n")
        return "OK fetched"

    def _uid_store(self, connection: Connection, uid: str, how: str, *flags: str) -> str:
        for mail in self._mails(uid):
            mail.flags |= set(" ".join(flags).replace("\\\\", "\\").strip("()").split())
        # What the shell's rules make of a flag's backslash.
        for mail in self._mails(uid):
            mail.flags = {r"\Deleted" if flag == "Deleted" else flag for flag in mail.flags}
        return "OK stored"

    def _uid_copy(self, connection: Connection, uid: str, folder: str) -> str:
        if folder not in self.folders:
            return "NO [TRYCREATE]"
        self.deliver(*[mail.raw for mail in self._mails(uid)], folder=folder)
        return "OK copied"

    def _uid_move(self, connection: Connection, uid: str, folder: str) -> str:
        said = self._uid_copy(connection, uid, folder)
        if said.startswith("OK"):
            self._remove(uid)
        return said

    def _uid_expunge(self, connection: Connection, uid: str) -> str:
        self._remove(uid)
        return "OK gone"

    def _expunge(self, connection: Connection) -> str:
        raise AssertionError("it takes what others struck out")

    def _logout(self, connection: Connection) -> str:
        connection.answer(b"* BYE\r\n")
        return "OK"

    def _mails(self, uid: str) -> list[Stored]:
        return [mail for mail in self.folders[self.selected] if mail.uid == int(uid)]

    def _remove(self, uid: str) -> None:
        kept = [mail for mail in self.folders[self.selected] if mail.uid != int(uid)]
        self.folders[self.selected] = kept


@contextmanager
def mail_house(imap: Imap, security: str = "none", **own: object) -> Iterator[ImapServer]:
    """It runs; what reaches it."""
    certificate = imap.certificate if security == "tls" else None
    with scripted(imap.serve, certificate=certificate) as script:
        port = int(script.url.rpartition(":")[2])
        options: dict[str, object] = {"user": "abuse@example.org", "password": imap.password, "seconds": 30.0}
        yield ImapServer("127.0.0.1", port, security, **(options | own))  # type: ignore[arg-type]
