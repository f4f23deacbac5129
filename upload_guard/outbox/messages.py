"""Messages as rows: put, claimed by one sender at a time, settled. At least once, with an id that stays.

Whoever claims a message holds it for a lease; only a sender that died lets that run out, and then another
sends the message again under the same id. A recipient that fails is left alone for a while that grows.
"""

from __future__ import annotations

import logging
import random
import secrets
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Select, delete, or_, select, update
from sqlalchemy.orm import Session

from upload_guard.errors import TransportError
from upload_guard.moments import utc_now
from upload_guard.storage.database import Database
from upload_guard.storage.events import Event, EventKind, note_event
from upload_guard.storage.outbox_tables import OutboxMessage, OutboxRecipient

log = logging.getLogger(__name__)

FIRST_PAUSE = timedelta(seconds=5)
LONGEST_PAUSE = timedelta(minutes=15)
_JITTER = 0.25


class MessageKind(StrEnum):
    """By which way it goes."""

    WEBHOOK = "webhook"
    NOTICE = "notice"
    FEEDBACK = "feedback"
    OUTCOME = "outcome"
    LETTER = "letter"


class MessageState(StrEnum):
    """`superseded`: a newer one about the same took its place; `dropped`: its recipient is none any more, or
    what it says holds no more."""

    WAITING = "waiting"
    SENT = "sent"
    GIVEN_UP = "given_up"
    SUPERSEDED = "superseded"
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True)
class Draft:
    """A message to be put. `body` is plain JSON; a newer one of the same `subject`, if any, replaces it."""

    kind: MessageKind
    recipient: str
    body: Mapping[str, Any]
    subject: str = ""


@dataclass(frozen=True, slots=True)
class Message:
    """One that its holder may send, as long as its lease lasts."""

    number: int
    id: str
    kind: MessageKind
    recipient: str
    body: Mapping[str, Any]
    claim: str


def put(session: Session, draft: Draft, now: datetime) -> str:
    """Have it sent once this transaction is committed; its id."""
    if draft.subject:
        older = (
            (OutboxMessage.kind == draft.kind.value)
            & (OutboxMessage.recipient == draft.recipient)
            & (OutboxMessage.subject == draft.subject)
            & _waiting()
        )
        session.execute(
            update(OutboxMessage).where(older).values(state=MessageState.SUPERSEDED.value, settled_at=now)
        )
    row = OutboxMessage(
        id=secrets.token_hex(16),
        kind=draft.kind.value,
        recipient=draft.recipient,
        subject=draft.subject,
        body=dict(draft.body),
        state=MessageState.WAITING.value,
        made_at=now,
        attempts=0,
        fault="",
    )
    session.add(row)
    return row.id


def pause_after(failures: int) -> timedelta:
    """How long a recipient is left alone after so many failures in a row: doubling, bounded, not in step."""
    pause: timedelta = min(FIRST_PAUSE * 2 ** min(failures - 1, 20), LONGEST_PAUSE)
    jitter: float = random.uniform(1 - _JITTER, 1 + _JITTER)  # noqa: S311 - no secret
    return pause * jitter


@dataclass(frozen=True, slots=True)
class Outbox:
    """Rows in `database`. `patience` is for how long a message is tried. Raises `StorageFailed`."""

    database: Database
    patience: timedelta
    now: Callable[[], datetime] = field(default=utc_now)

    def claim(self, kind: MessageKind, lease: timedelta) -> Message | None:
        """One to be sent now by the caller alone; None where there is none."""
        now, claim = self.now(), secrets.token_hex(16)
        with self.database.session() as session:
            while (number := session.scalar(_next(kind, now))) is not None:
                claimed = session.execute(
                    update(OutboxMessage)
                    .where(OutboxMessage.number == number, _free(now))
                    .values(claimed_by=claim, claimed_until=now + lease, attempts=OutboxMessage.attempts + 1)
                )
                # Otherwise another was faster, and there may be more.
                if claimed.rowcount:  # type: ignore[attr-defined]
                    row = session.get_one(OutboxMessage, number)
                    return Message(row.number, row.id, kind, row.recipient, dict(row.body), claim)
        return None

    def sent(self, message: Message) -> None:
        """It has arrived, and its recipient can be reached."""
        with self.database.session() as session:
            session.execute(
                update(OutboxMessage).where(_mine(message)).values(**self._settled(MessageState.SENT))
            )
            session.execute(delete(OutboxRecipient).where(_its_recipient(message)))

    def failed(self, message: Message, error: TransportError) -> None:
        """It has not, or nobody knows: tried again after a pause, for as long as that may help."""
        now, fault = self.now(), str(error)[:255]
        given_back = {"claimed_by": None, "claimed_until": None, "fault": fault}
        with self.database.session() as session:
            # Writing first: whoever fails at the same time waits here. Nothing where a newer one replaced it.
            made_at = session.scalar(
                update(OutboxMessage)
                .where(_mine(message))
                .values(**given_back)
                .returning(OutboxMessage.made_at)
            )
            if not error.permanent:
                _note_failure(session, message, fault, now)
            if made_at is not None and (error.permanent or made_at + self.patience <= now):
                self._give_up(session, message, fault)

    def drop_others(self, session: Session, kind: MessageKind, recipients: Collection[str]) -> None:
        """Whatever waits for anybody else: settings name them no more."""
        others = (OutboxMessage.kind == kind.value) & OutboxMessage.recipient.not_in(recipients) & _waiting()
        session.execute(update(OutboxMessage).where(others).values(**self._settled(MessageState.DROPPED)))
        session.execute(
            delete(OutboxRecipient).where(
                OutboxRecipient.kind == kind.value, OutboxRecipient.name.not_in(recipients)
            )
        )

    def drop_overtaken(self, kind: MessageKind, is_overtaken: Callable[[Session, str], bool]) -> int:
        """Drop those of a kind that wait, and nobody sends now, whose subject is so; how many."""
        free = _free(self.now()) & (OutboxMessage.kind == kind.value) & (OutboxMessage.subject != "")
        with self.database.session() as session:
            subjects = session.scalars(select(OutboxMessage.subject).where(free).distinct()).all()
            over = [subject for subject in subjects if is_overtaken(session, subject)]
            dropped = session.execute(
                update(OutboxMessage)
                .where(free, OutboxMessage.subject.in_(over))
                .values(**self._settled(MessageState.DROPPED))
            )
            return int(dropped.rowcount)  # type: ignore[attr-defined]

    def try_again(self) -> int:
        """Send what was given up once more, and everything at once; how many were given up."""
        with self.database.session() as session:
            again = session.execute(
                update(OutboxMessage)
                .where(OutboxMessage.state == MessageState.GIVEN_UP.value)
                .values(state=MessageState.WAITING.value, made_at=self.now(), settled_at=None)
            )
            session.execute(delete(OutboxRecipient))
            return int(again.rowcount)  # type: ignore[attr-defined]

    def purge(self, kept: timedelta) -> None:
        """Forget what was settled so long ago."""
        with self.database.session() as session:
            session.execute(delete(OutboxMessage).where(OutboxMessage.settled_at < self.now() - kept))

    def _settled(self, state: MessageState) -> dict[str, Any]:
        return {
            "state": state.value,
            "settled_at": self.now(),
            "claimed_by": None,
            "claimed_until": None,
        }

    def _give_up(self, session: Session, message: Message, fault: str) -> None:
        this = OutboxMessage.number == message.number
        session.execute(update(OutboxMessage).where(this).values(**self._settled(MessageState.GIVEN_UP)))
        log.warning(
            "ALARM: a %s to %s was given up: %s; see 'upload-guard outbox list'",
            message.kind,
            message.recipient,
            fault,
        )
        # Whoever cannot be sent a notice cannot be sent one about it either.
        if message.kind is not MessageKind.NOTICE:
            said = {"kind": message.kind.value, "recipient": message.recipient}
            note_event(session, Event(EventKind.UNDELIVERED, details=said))


def _next(kind: MessageKind, now: datetime) -> Select[int]:
    """The number of a message whose recipient is not paused. One that fails each time holds up no other."""
    paused = select(OutboxRecipient.name).where(
        OutboxRecipient.kind == kind.value, OutboxRecipient.paused_until > now
    )
    return (
        select(OutboxMessage.number)
        .where(_free(now), OutboxMessage.kind == kind.value, OutboxMessage.recipient.not_in(paused))
        .order_by(OutboxMessage.attempts, OutboxMessage.number)
        .limit(1)
    )


def _note_failure(session: Session, message: Message, fault: str, now: datetime) -> None:
    row = session.get(OutboxRecipient, (message.kind.value, message.recipient))
    if row is None:
        row = OutboxRecipient(
            kind=message.kind.value, name=message.recipient, failures=0, failing_since=now, paused_until=now
        )
        session.add(row)
    row.failures += 1
    row.paused_until, row.fault = now + pause_after(row.failures), fault


def _waiting() -> ColumnElement[bool]:
    return OutboxMessage.state == MessageState.WAITING.value


def _free(now: datetime) -> ColumnElement[bool]:
    return _waiting() & or_(OutboxMessage.claimed_until.is_(None), OutboxMessage.claimed_until <= now)


def _mine(message: Message) -> ColumnElement[bool]:
    return (OutboxMessage.number == message.number) & (OutboxMessage.claimed_by == message.claim) & _waiting()


def _its_recipient(message: Message) -> ColumnElement[bool]:
    return (OutboxRecipient.kind == message.kind.value) & (OutboxRecipient.name == message.recipient)
