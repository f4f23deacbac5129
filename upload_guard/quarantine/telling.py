"""What is told of cases outside: that one was opened, where one stands, what was done about what it matched,
what people think of entries.

Every place that moves a case from one state to another says so here, in the same transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from datetime import UTC, datetime

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session, aliased

from upload_guard.lists.feedback import Feedback, Opinion
from upload_guard.lists.opinions import agreed_and_not_lifted
from upload_guard.matching.delta import ListedValue
from upload_guard.quarantine.deciding.rulings import REOPENED, Ruling
from upload_guard.quarantine.rows import match_of
from upload_guard.quarantine.states import CaseState
from upload_guard.records import Match
from upload_guard.storage.events import Event, EventKind, note_event
from upload_guard.storage.opinion_tables import EntryDispute
from upload_guard.storage.tables import Case, Decision, HashList

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
        others = _decided_so(session, Case.sha256 == case.sha256, Case.id != case.id)
        _tell_opinion(session, _judged(case), lambda match: _what_is_left(session, match, others))
    if opinion is not None:
        _tell_opinion(session, _judged(case), lambda _match: opinion)


def tell_disputed(session: Session, case: Case, entries: Collection[ListedValue]) -> None:
    """That two persons found these entries wrong, which the case's file matched exactly."""
    matches = (one for one in map(match_of, case.matches) if _entry(one) in entries)
    _tell_opinion(session, matches, lambda _match: Opinion.DISPUTED)


def tell_lifted(session: Session, case: Case, entries: Collection[ListedValue]) -> None:
    """That they took it back; what was decided of that file is said again."""
    matches = (one for one in map(match_of, case.matches) if _entry(one) in entries)
    decided = _decided_so(session, Case.sha256 == case.sha256)
    _tell_opinion(session, matches, lambda match: _what_is_left(session, match, decided))


def _judged(case: Case) -> Iterator[Match]:
    """The matches that a decision on the case speaks of."""
    return (one for one in map(match_of, case.matches) if not one.excused)


def _decided_so(session: Session, *which: ColumnElement[bool]) -> Sequence[tuple[Case, Opinion]]:
    """Cases on which a decision stands that is an opinion, the newest decision first."""
    later = aliased(Decision)
    since = select(later.id).where(later.case_id == Decision.case_id, later.id > Decision.id)
    rows = session.execute(
        select(Case, Decision.decision)
        .join(Decision, Decision.case_id == Case.id)
        .where(~since.exists(), *which)
        .order_by(Decision.id.desc())
    )
    return [(case, _OPINIONS[decision]) for case, decision in rows if decision in _OPINIONS]


def _what_is_left(session: Session, match: Match, decided: Iterable[tuple[Case, Opinion]]) -> Opinion:
    """What is still thought of an entry when one opinion is taken back: a dispute, or a word on the file."""
    disputed = (
        select(EntryDispute.id)
        .join(HashList, HashList.id == EntryDispute.list_id)
        .where(
            HashList.name == match.list_name,
            EntryDispute.signal_type == match.signal_type.value,
            EntryDispute.value == match.value,
            agreed_and_not_lifted(),
        )
    )
    if session.scalar(disputed.limit(1)) is not None:
        return Opinion.DISPUTED
    standing = (
        opinion for case, opinion in decided if any(_entry(one) == _entry(match) for one in _judged(case))
    )
    return next(standing, Opinion.WITHDRAWN)


def _tell_opinion(session: Session, matches: Iterable[Match], thought: Callable[[Match], Opinion]) -> None:
    # Cases of early releases know no entry's value. Several views may have met one entry.
    for match in {_entry(one): one for one in matches if one.value}.values():
        said = Feedback(
            list_name=match.list_name,
            version=match.version,
            signal_type=match.signal_type,
            value=match.value,
            category=match.category,
            exact=match.exact,
            opinion=thought(match),
            on=datetime.now(UTC).date(),
        )
        note_event(session, Event(EventKind.OPINION, details=said.row))


def _last_decision(session: Session, case: Case) -> str | None:
    newest = select(Decision.decision).where(Decision.case_id == case.id).order_by(Decision.id.desc())
    return session.scalar(newest.limit(1))


def _entry(match: Match) -> ListedValue:
    return match.list_name, match.signal_type, match.value
