"""Mailboxes: what lies in one is read, handed over, and only then put where it is not read again."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from upload_guard.notices.incoming import Incoming
from upload_guard.notices.mail.reading import read_mail

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Mail:
    """One that lies there. `raw` may end one byte behind what is read of a mail: then there was more."""

    raw: bytes = field(repr=False)
    received_at: datetime
    put_away: Callable[[], None]


class Mailbox(Protocol):
    """Somewhere that mail lies."""

    def opened(self) -> AbstractContextManager[Iterator[Mail]]:
        """Every mail in it, oldest first, one after another. One that cannot be read holds up none of them,
        and stays. Raises `TransportError` behind the last that can be read, if there were others.
        """
        ...

    def probe(self) -> str:
        """Whether it can be opened, and what can be told of putting mail away, in words. Reads no mail and
        changes none. Raises `TransportError`, also where it is certain that mail cannot be put away.
        """
        ...


@dataclass(frozen=True, slots=True)
class Fetcher:
    """Hands each mail to `take`, which says under which number it is kept. `own` are our own addresses."""

    name: str
    mailbox: Mailbox
    take: Callable[[Incoming], str]
    own: frozenset[str] = frozenset()

    def run(self) -> int:
        """How many were taken. Killed half way, a mail may be taken twice, and never not at all.

        Raises `TransportError` and `StorageFailed`; what was taken before stays taken.
        """
        taken = 0
        with self.mailbox.opened() as mails:
            for mail in mails:
                number = self.take(read_mail(mail.raw, mail.received_at, self.own))
                mail.put_away()
                taken += 1
                log.info("mailbox %s: a mail is notice %s", self.name, number)
        return taken
