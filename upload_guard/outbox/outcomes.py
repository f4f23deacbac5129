"""Tells check services what became of what they found, where they want to hear it; nothing of the upload.

A message names the hash that the service was asked for, what was done, and when.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from sqlalchemy import select
from sqlalchemy.orm import Session

from upload_guard.customers.wire import HitOutcome, NamedHash, OutcomeTold
from upload_guard.errors import TransportError, UpstreamError, UpstreamMissing
from upload_guard.late.entries import LATE_ROUTE
from upload_guard.outbox.excepted import EXCEPTED
from upload_guard.outbox.messages import Draft, Message, MessageKind
from upload_guard.outbox.routing import Noted
from upload_guard.quarantine.deciding.rulings import REOPENED, Ruling
from upload_guard.quarantine.rows import match_of
from upload_guard.quarantine.showing.outcomes import LateAction, done_late
from upload_guard.quarantine.telling import HELD
from upload_guard.records import Match
from upload_guard.storage.events import EventKind
from upload_guard.storage.tables import Case, Decision

log = logging.getLogger(__name__)

# What was held never came to anybody: once that is settled, it is removed. Of a release without a word on
# whether the service was right nothing is told, nor of what a site left in place.
_OF_CASES: Mapping[str, HitOutcome] = {
    HELD: HitOutcome.QUARANTINED,
    REOPENED: HitOutcome.QUARANTINED,
    Ruling.CONFIRMED: HitOutcome.REMOVED,
    Ruling.FALSE_POSITIVE: HitOutcome.FALSE_POSITIVE,
    Ruling.ESCALATED: HitOutcome.ESCALATED,
}
_OF_SITES: Mapping[str, HitOutcome] = {
    done_late(LateAction.REMOVED): HitOutcome.REMOVED,
    done_late(LateAction.HIDDEN): HitOutcome.QUARANTINED,
    done_late(LateAction.GONE): HitOutcome.NOT_FOUND,
}
_HOLDS = frozenset({HitOutcome.QUARANTINED, HitOutcome.REMOVED})


@dataclass(frozen=True, slots=True)
class OutcomeRoute:
    """A message for each hash by which one of `upstreams` had found the file of a case."""

    upstreams: frozenset[str]
    kinds: frozenset[EventKind] = frozenset({EventKind.FOLLOWED_UP})
    pause: timedelta = timedelta()

    def drafts(self, session: Session, events: Sequence[Noted]) -> Iterator[Draft]:
        """See `Route`."""
        if not self.upstreams:
            return
        for event in events:
            case = session.scalar(select(Case).where(Case.number == event.case))
            if case is not None and (outcome := _outcome(session, case, event.details["done"])):
                yield from self._of(case, outcome, event.at)

    def _of(self, case: Case, outcome: HitOutcome, at: datetime) -> Iterator[Draft]:
        matches = (one for one in map(match_of, case.matches) if self._concerns(one))
        for kind, value, name in {(one.signal_type, one.value.hex(), one.list_name) for one in matches}:
            told = OutcomeTold(hash=NamedHash(type=kind, value=value), outcome=outcome, at=at)
            body = told.model_dump(mode="json", exclude_none=True)
            # Of many uploads of one file the newest counts, and earlier acts stand beside later ones.
            yield Draft(MessageKind.OUTCOME, name, body, subject=f"{kind} {value} {outcome}")

    def _concerns(self, match: Match) -> bool:
        return match.list_name in self.upstreams and len(match.value) == match.signal_type.size


def _outcome(session: Session, case: Case, done: str) -> HitOutcome | None:
    if done == EXCEPTED:
        decided = select(Decision.decision).where(Decision.case_id == case.id).order_by(Decision.id.desc())
        is_wrong = session.scalar(decided.limit(1)) == Ruling.FALSE_POSITIVE
        return HitOutcome.FALSE_POSITIVE if is_wrong else None
    outcome = _OF_CASES.get(done)
    # A file that had passed is on its site still, whatever is held of it here.
    if outcome in _HOLDS and case.route.startswith(LATE_ROUTE):
        return None
    return outcome or _OF_SITES.get(done)


class TakesOutcomes(Protocol):
    """A check service that wants to hear what became of its hits."""

    def tell(self, told: OutcomeTold, seconds: float) -> bool:
        """Whether it knows such a hit. Raises `UpstreamError`."""
        ...


@dataclass(frozen=True, slots=True)
class OutcomeTransport:
    """`takers` by upstream."""

    takers: Mapping[str, TakesOutcomes]
    seconds: float = 30.0
    kind: MessageKind = MessageKind.OUTCOME

    def send(self, message: Message) -> None:
        """See `Transport`. A service that knows no such hit, or no longer, has heard it all the same."""
        taker = self.takers.get(message.recipient)
        if taker is None:
            raise TransportError(f"{message.recipient} takes no outcomes any more", permanent=True)
        told = OutcomeTold.model_validate(message.body)
        try:
            known = taker.tell(told, self.seconds)
        except UpstreamError as error:
            # It has no such address: it is no upload_guard, or one of an earlier release.
            raise TransportError(str(error), permanent=isinstance(error, UpstreamMissing)) from error
        if not known:
            log.info("%s knows no hit of ours that was %s", message.recipient, told.outcome)
