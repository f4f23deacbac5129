"""What is told of cases outside: that one was opened, where one stands, what was done about what it matched,
what people think of entries.

Every place that moves a case from one state to another says so here, in the same transaction.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from upload_guard.lists.feedback import Feedback, Opinion
from upload_guard.matching.delta import ListedValue
from upload_guard.quarantine.deciding.rulings import REOPENED, Ruling
from upload_guard.quarantine.rows import match_of
from upload_guard.quarantine.states import CaseState
from upload_guard.records import Match
from upload_guard.storage.events import Event, EventKind, note_event
from upload_guard.storage.tables import Case, Decision

_OPINIONS: dict[str, Opinion] = {
    Ruling.FALSE_POSITIVE: Opinion.NEGATIVE,
    Ruling.CONFIRMED: Opinion.POSITIVE,
}
HELD = "held"
"""What was done about a file when its case was opened."""


def tell_opened(session: Session, case: Case) -> None:
    """A case is there that was not."""
    note_event(session, Event(EventKind.CASE_OPENED, case.number, case.site))
    tell_done(session, case, HELD)


def tell_done(session: Session, case: Case, done: str) -> None:
    """Something was done about what the file of a case matched, if it matched anything.

    `done` is `HELD`, the word of a decision, or what a site did (`showing.outcomes.done_late`).
    """
    if case.matches:
        note_event(session, Event(EventKind.FOLLOWED_UP, case.number, case.site, {"done": done}))


def tell_changed(session: Session, case: Case) -> None:
    """It stands where its row says now."""
    state = CaseState(case.state).value
    note_event(session, Event(EventKind.CASE_CHANGED, case.number, case.site, {"state": state}))


def tell_decided(session: Session, case: Case, decision: str) -> None:
    """A person has decided so; to be called before the decision's own row is written."""
    tell_changed(session, case)
    tell_done(session, case, decision)
    opinion = _OPINIONS.get(decision)
    if opinion is None and decision == REOPENED and _last_decision(session, case) in _OPINIONS:
        opinion = Opinion.WITHDRAWN
    if opinion is not None:
        _tell_opinion(session, opinion, (one for one in map(match_of, case.matches) if not one.excused))


def tell_disputed(session: Session, case: Case, entries: Collection[ListedValue], opinion: Opinion) -> None:
    """Of entries that the case's file matched exactly."""
    matches = (one for one in map(match_of, case.matches) if _entry(one) in entries)
    _tell_opinion(session, opinion, matches)


def _tell_opinion(session: Session, opinion: Opinion, matches: Iterable[Match]) -> None:
    # Cases of early releases know no entry's value. Several views may have met one entry.
    for match in {_entry(one): one for one in matches if one.value}.values():
        said = Feedback(
            list_name=match.list_name,
            version=match.version,
            signal_type=match.signal_type,
            value=match.value,
            category=match.category,
            exact=match.exact,
            opinion=opinion,
            on=datetime.now(UTC).date(),
        )
        note_event(session, Event(EventKind.OPINION, details=said.row))


def _last_decision(session: Session, case: Case) -> str | None:
    newest = select(Decision.decision).where(Decision.case_id == case.id).order_by(Decision.id.desc())
    return session.scalar(newest.limit(1))


def _entry(match: Match) -> ListedValue:
    return match.list_name, match.signal_type, match.value
