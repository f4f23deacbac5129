"""A site that takes webhooks as docs/webhooks.md says, and that can be told to misbehave; a clock to set."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.misbehaving import Behaviour, Connection
from upload_guard.signing import Credentials, Request, parse


def answer(status: str, headers: str = "") -> bytes:
    return f"HTTP/1.1 {status}\r\n{headers}Content-Length: 0\r\n\r\n".encode()


@dataclass
class Clock:
    """Stands still until it is moved."""

    at: datetime = datetime(2026, 3, 1, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.at

    def pass_by(self, time: timedelta) -> None:
        self.at += time


@dataclass
class Inbox:
    """`deliveries` are the ids of all that came with a good signature, `events` what they told, by id."""

    key: Credentials
    deliveries: list[str] = field(default_factory=list)
    events: dict[str, dict[str, Any]] = field(default_factory=dict)
    forged: int = 0

    def note(self, connection: Connection) -> None:
        head = connection.requests[-1][0]
        line, _, _ = head.partition("\r\n")
        method, target, _ = line.split()
        found = re.search(r"^authorization: (.*)$", head, re.IGNORECASE | re.MULTILINE)
        signed = parse(found[1].strip()) if found else None
        right = (
            signed is not None
            and signed.key_id == self.key.key_id
            and signed.is_right(self.key.secret, Request(method, target))
            and signed.digest == hashlib.sha256(connection.last_body).hexdigest()
        )
        if not right:
            self.forged += 1
            return
        event = json.loads(connection.last_body)
        self.deliveries.append(event["id"])
        self.events.setdefault(event["id"], event)

    def take(self, connection: Connection) -> None:
        while connection.request():
            self.note(connection)
            connection.answer(answer("204 No Content"))

    def take_too_slowly(self, connection: Connection) -> None:
        """It has the event; its answer comes when nobody waits for it any more."""
        connection.request()
        self.note(connection)
        connection.socket.recv(1)
        connection.answer(answer("204 No Content"))

    def take_and_drip(self, connection: Connection) -> None:
        connection.request()
        self.note(connection)
        for byte in answer("204 No Content") * 100:
            connection.answer(bytes([byte]))
            connection.socket.settimeout(0.2)
            try:
                if not connection.socket.recv(1):
                    return
            except TimeoutError:
                continue


def fail_with(status: str, headers: str = "") -> Behaviour:
    def behave(connection: Connection) -> None:
        while connection.request():
            connection.answer(answer(status, headers))

    return behave
