"""Letters to those who told of a file: a receipt when it comes in, an answer when all of it is settled."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from upload_guard.errors import SealBroken
from upload_guard.keyring import Keyring
from upload_guard.moments import utc_now
from upload_guard.notices.answering import Answer, outcome, receipt
from upload_guard.notices.incoming import Channel
from upload_guard.notices.sealed import Written, open_written
from upload_guard.notices.states import AddressState
from upload_guard.outbox.messages import Draft
from upload_guard.outbox.routing import Noted
from upload_guard.storage.events import EventKind
from upload_guard.storage.notice_tables import Notice, NoticeAddress
from upload_guard.storage.outbox_tables import OutboxMessage

log = logging.getLogger(__name__)

_A_DAY = timedelta(days=1)

Draw = Callable[[str, Answer, str], Draft]
"""A letter to an address, with the sender's own reference."""


@dataclass(frozen=True, slots=True)
class NoticeAnswers:
    """A `Route`. `draw` makes letters; `contact` stands in answers; `receipts` sends any at all.

    Anybody can put anybody's address into a mail, so one address gets at most `a_day` letters in a day.
    """

    keyring: Keyring
    draw: Draw
    receipts: bool = True
    contact: str = ""
    language: str = "en"
    a_day: int = 20
    now: Callable[[], datetime] = field(default=utc_now)
    kinds: frozenset[EventKind] = frozenset({EventKind.NOTICE_RECEIVED, EventKind.NOTICE_CLOSED})
    pause: timedelta = timedelta()

    def drafts(self, session: Session, events: Sequence[Noted]) -> Iterator[Draft]:
        """See `Route`."""
        drawn: dict[str, int] = {}
        for event in events:
            draft = self._draft(session, event)
            if draft is None:
                continue
            already = drawn.get(draft.recipient, 0) + self._sent(session, draft.recipient)
            if already >= self.a_day:
                log.warning("notice %s is not answered: its sender had %d", event.details["notice"], already)
                continue
            drawn[draft.recipient] = drawn.get(draft.recipient, 0) + 1
            self._note(session, event)
            yield draft

    def _draft(self, session: Session, event: Noted) -> Draft | None:
        notice = _row(session, event)
        if notice is None or not self.receipts:
            return None
        try:
            written = open_written(self.keyring, notice.number, notice.sealed)
        except SealBroken as fault:
            log.warning("notice %s cannot be answered: %s", notice.number, fault)
            return None
        if not written.told.email or not written.may_answer:
            return None
        answer = self._answer(session, event.kind, notice, written)
        reference = written.reference if notice.channel == Channel.MAIL else ""
        return self.draw(written.told.email, answer, reference)

    def _answer(self, session: Session, kind: EventKind, notice: Notice, written: Written) -> Answer:
        language = written.language or self.language
        states = session.scalars(
            select(NoticeAddress.state)
            .where(NoticeAddress.notice_id == notice.id, NoticeAddress.derived.is_(False))
            .order_by(NoticeAddress.id)
        ).all()
        if kind is EventKind.NOTICE_RECEIVED:
            return receipt(language, notice.number, len(states), notice.deadline)
        became = [AddressState(state) for state in states]
        return outcome(language, notice.number, notice.received_at, became, self.contact)

    def _sent(self, session: Session, recipient: str) -> int:
        lately = select(func.count()).where(
            OutboxMessage.recipient == recipient, OutboxMessage.made_at > self.now() - _A_DAY
        )
        return session.scalar(lately) or 0

    def _note(self, session: Session, event: Noted) -> None:
        notice = _row(session, event)
        if notice is not None and event.kind is EventKind.NOTICE_RECEIVED:
            notice.receipt_at = self.now()
        elif notice is not None:
            notice.answered_at = self.now()


def _row(session: Session, event: Noted) -> Notice | None:
    return session.scalar(select(Notice).where(Notice.number == event.details["notice"]))
