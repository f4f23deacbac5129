"""Sends what waits, one message after another, by one way."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from upload_guard.errors import TransportError
from upload_guard.outbox.messages import Message, MessageKind, Outbox

log = logging.getLogger(__name__)


class Transport(Protocol):
    """One way for messages to go."""

    @property
    def kind(self) -> MessageKind:
        """Which messages go by it."""
        ...

    @property
    def seconds(self) -> float:
        """What one message may take, whatever the other side does."""
        ...

    def send(self, message: Message) -> None:
        """Returns once it has arrived. Raises `TransportError` where it has not, or nobody knows."""
        ...


@dataclass(frozen=True, slots=True)
class Sender:
    """Of one kind of message, in as many processes as there are: a message is claimed by one of them."""

    outbox: Outbox
    transport: Transport

    def run(self) -> int:
        """Send all whose time has come; how many arrived. Raises `StorageFailed`."""
        arrived = 0
        while message := self.outbox.claim(self.transport.kind, self._lease):
            arrived += self._send(message)
        return arrived

    @property
    def _lease(self) -> timedelta:
        # Only who died holds a message for longer than it can take to send it.
        return timedelta(seconds=3 * self.transport.seconds + 5)

    def _send(self, message: Message) -> bool:
        try:
            self.transport.send(message)
        except TransportError as error:
            log.warning("a %s to %s has not arrived: %s", message.kind, message.recipient, error)
            self.outbox.failed(message, error)
            return False
        except Exception as error:
            log.exception("a %s to %s failed, by an error of our own", message.kind, message.recipient)
            self.outbox.failed(message, TransportError(f"an error of our own: {type(error).__name__}"))
            return False
        self.outbox.sent(message)
        return True
