"""Tells those who supply a list, and want to hear it, what people here think of its entries."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy.orm import Session

from upload_guard.errors import TransportError, UploadGuardError
from upload_guard.lists.feedback import TakesFeedback, feedback_of
from upload_guard.outbox.messages import Draft, Message, MessageKind
from upload_guard.outbox.routing import Noted
from upload_guard.storage.events import EventKind


@dataclass(frozen=True, slots=True)
class FeedbackRoute:
    """A message for the exchange of each list that takes any; a newer opinion replaces one that waits."""

    lists: frozenset[str]
    kinds: frozenset[EventKind] = frozenset({EventKind.OPINION})
    pause: timedelta = timedelta()

    def drafts(self, session: Session, events: Sequence[Noted]) -> Iterator[Draft]:  # noqa: ARG002 - as routes are
        """See `Route`."""
        wanted = (event.details for event in events if event.details["list"] in self.lists)
        # Of many cases that met one entry the newest word counts.
        newest = {f"{said['list']} {said['type']} {said['value']}": said for said in wanted}
        for subject, said in newest.items():
            yield Draft(MessageKind.FEEDBACK, said["list"], said, subject)


@dataclass(frozen=True, slots=True)
class FeedbackTransport:
    """`takers` by list."""

    takers: Mapping[str, TakesFeedback]
    seconds: float = 30.0
    kind: MessageKind = MessageKind.FEEDBACK

    def send(self, message: Message) -> None:
        """See `Transport`."""
        taker = self.takers.get(message.recipient)
        if taker is None:
            raise TransportError(f"{message.recipient} takes no feedback any more", permanent=True)
        try:
            taker.take(feedback_of(message.body))
        except UploadGuardError as error:
            raise TransportError(str(error)) from error
