"""Tells administrators what happened, by whatever Apprise can reach; never an entry, a hash or a picture.

Of a kind of event at most one message goes out in a while, with how many there were.
"""

from __future__ import annotations

import hmac
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from sqlalchemy.orm import Session

from upload_guard.errors import TransportError
from upload_guard.loading import ENV_PREFIX
from upload_guard.outbox.digest import digest_notice
from upload_guard.outbox.messages import Draft, Message, MessageKind
from upload_guard.outbox.routing import Noted
from upload_guard.outbox.wording import Words
from upload_guard.storage.events import EventKind

KINDS_BY_NAME: Mapping[str, frozenset[EventKind]] = {
    "new_case": frozenset({EventKind.CASE_OPENED, EventKind.FOUND_LATE}),
    "breaker": frozenset({EventKind.BREAKER_TRIPPED}),
    "list_held": frozenset({EventKind.LIST_HELD}),
    "deadline": frozenset(
        {
            EventKind.CASE_LATE,
            EventKind.NOTICE_LATE,
            EventKind.OVERDUE,
            EventKind.BYTES_EXPIRING,
            EventKind.PRESERVATION_ENDING,
        }
    ),
    "appeal": frozenset({EventKind.APPEALED}),
    "audit": frozenset({EventKind.AUDIT_BROKEN}),
    "no_list": frozenset({EventKind.NO_LIST}),
    "report": frozenset({EventKind.REPORT_FAILED}),
    "undelivered": frozenset({EventKind.UNDELIVERED, EventKind.MAILBOX_SILENT}),
    "digest": frozenset({EventKind.DIGEST}),
}
"""What `[notices] events` calls them."""
_SECONDS = 60.0
_MOST_NAMED = 10


@dataclass(frozen=True, slots=True)
class Target:
    """Where notices go. `name` is how it is called here: rows and logs do not hold the address."""

    name: str
    url: str = field(repr=False)


def target_of(url: str, key: bytes) -> Target:
    """Its name is the same as long as its address is; `key` keeps it from telling anything of that."""
    scheme = "".join(char for char in url.partition("://")[0] if char.isalnum())
    return Target(f"{scheme[:20]}-{hmac.digest(key, url.encode(), 'sha256').hex()[:12]}", url)


@dataclass(frozen=True, slots=True)
class NoticeRoute:
    """Each event of `kinds` for each of `targets`, in words. `hours` are what texts call so, by kind."""

    targets: tuple[str, ...]
    kinds: frozenset[EventKind]
    words: Words
    pause: timedelta
    hours: Mapping[EventKind, float] = field(default_factory=dict)
    review_url: str = ""

    def drafts(self, session: Session, events: Sequence[Noted]) -> Iterator[Draft]:
        """See `Route`."""
        kind = events[0].kind
        title, text = (
            digest_notice(session, self.words.digest, events[-1].at, self._follow_up)
            if kind is EventKind.DIGEST
            else self._notice(events)
        )
        if self.review_url:
            text += "\n\n" + self.words.review.format(url=self.review_url)
        for name in self.targets:
            body = {"event": kind.value, "title": f"upload_guard: {title}", "text": text}
            yield Draft(MessageKind.NOTICE, name, body)

    @property
    def _follow_up(self) -> timedelta:
        return timedelta(hours=self.hours.get(EventKind.HIT_OPEN, 24))

    def _notice(self, events: Sequence[Noted]) -> tuple[str, str]:
        kind, count = events[0].kind, len(events)
        said = self.words.said[kind]
        hours = f"{self.hours.get(kind, 0):g}"
        title = (said.one if count == 1 else said.many).format(count=count, hours=hours)
        text = said.text.format(
            hours=hours,
            cases=self._named(event.case for event in events),
            sites=self._named(event.site for event in events),
            notices=self._named(str(event.details.get("notice", "")) for event in events),
            lists=self._named(_list_in(event) for event in events),
            recipients=self._named(str(event.details.get("recipient", "")) for event in events),
        )
        return title, text

    def _named(self, names: Iterator[str]) -> str:
        every = list(dict.fromkeys(name for name in names if name))
        rest = len(every) - _MOST_NAMED
        shown = ", ".join(every[:_MOST_NAMED])
        return f"{shown}, {self.words.more.format(count=rest)}" if rest > 0 else shown


def _list_in(event: Noted) -> str:
    name, number = event.details.get("list", ""), event.details.get("version", "")
    return f"{name} {number}".strip()


@dataclass(frozen=True, slots=True)
class NoticeTransport:
    """Sends by a process that has Apprise, and ends it when time is up."""

    targets: Mapping[str, Target]
    seconds: float = _SECONDS
    kind: MessageKind = MessageKind.NOTICE

    def send(self, message: Message) -> None:
        """See `Transport`."""
        target = self.targets.get(message.recipient)
        if target is None:
            raise TransportError(f"{message.recipient} is no target any more", permanent=True)
        self.tell(target, str(message.body["title"]), str(message.body["text"]))

    def tell(self, target: Target, title: str, text: str) -> None:
        """Raises `TransportError`."""
        asked = json.dumps({"target": target.url, "title": title, "text": text})
        try:
            done = subprocess.run(
                [sys.executable, "-m", "upload_guard.outbox.apprising"],
                input=asked,
                capture_output=True,
                text=True,
                timeout=self.seconds,
                check=True,
                env=without_our_secrets(os.environ),
            )
            said = json.loads(done.stdout)
        except subprocess.TimeoutExpired:
            raise TransportError(f"{target.name} did not take it within {self.seconds:g} seconds") from None
        except (subprocess.CalledProcessError, OSError, ValueError) as error:
            # Not its words: they may hold the address.
            raise TransportError(f"{target.name}: sending failed ({type(error).__name__})") from None
        if said["fault"]:
            raise TransportError(f"{target.name}: {said['fault']}", permanent=said["permanent"])


def without_our_secrets(environment: Mapping[str, str]) -> dict[str, str]:
    """An environment for a process that has no use for settings."""
    return {name: value for name, value in environment.items() if not name.upper().startswith(ENV_PREFIX)}
