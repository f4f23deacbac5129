"""How often each list was right, as far as people have said."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from sqlalchemy import ColumnElement, ScalarSelect, func, select
from sqlalchemy.orm import Session

from upload_guard.lists.breaker.trips import IN_FORCE
from upload_guard.quarantine.states import UNDECIDED, CaseState
from upload_guard.statistics.case_lists import NO_LIST
from upload_guard.statistics.period import Period
from upload_guard.storage.database import Database
from upload_guard.storage.opinion_tables import BreakerTrip, EntryDispute
from upload_guard.storage.statistics_tables import CaseList
from upload_guard.storage.tables import Case, Decision, HashList

# By decision, the field that counts cases on which it was the last.
_FIELDS = {
    "false_positive": "false_positives",
    "confirmed": "confirmed",
    "released": "released",
    "escalated": "escalated",
}
_Count = tuple[str, str, int]
"""A list, a field of its record, and how many more."""


@dataclass(frozen=True, slots=True)
class ListRecord:
    """The cases that a list held when they came in, in a period, and where they stand now.

    `released` is without a word on whether the list was right, as after it was rolled back. The last three
    are of this moment: entries that two persons disputed, that one did, and that the flood breaker lowered.
    """

    name: str
    cases: int = 0
    false_positives: int = 0
    confirmed: int = 0
    released: int = 0
    escalated: int = 0
    expired: int = 0
    waiting: int = 0
    disputed: int = 0
    proposed: int = 0
    lowered: int = 0

    @property
    def decided(self) -> int:
        """Cases of which somebody said whether the list was right."""
        return self.false_positives + self.confirmed

    @property
    def share(self) -> float | None:
        """False positives among those decided; None where none is."""
        return self.false_positives / self.decided if self.decided else None


def records_by_list(database: Database, period: Period) -> tuple[ListRecord, ...]:
    """Every list there is, and those of before that held a case, by name. Raises `StorageFailed`."""
    with database.session() as session:
        counted = dict.fromkeys(session.scalars(select(HashList.name)), ListRecord(""))
        for name, field, count in (*_cases(session, period), *_disputes(session), *_lowered(session)):
            so_far = counted.get(name, ListRecord(""))
            counted[name] = replace(so_far, **{field: getattr(so_far, field) + count})
    return tuple(replace(record, name=name) for name, record in sorted(counted.items()))


def last_decision() -> ScalarSelect[str]:
    """What was decided last on a case, for a query that has `Case` in it."""
    newest_first = select(Decision.decision).where(Decision.case_id == Case.id).order_by(Decision.id.desc())
    return newest_first.limit(1).scalar_subquery()


def undecided_by_list(database: Database, name: str) -> int:
    """How many cases that the list held when they came in nobody has decided yet. Raises `StorageFailed`."""
    with database.session() as session:
        counted = (
            select(func.count())
            .select_from(CaseList)
            .join(Case, Case.id == CaseList.case_id)
            .where(CaseList.list_name == name, Case.state.in_(UNDECIDED))
        )
        return session.scalar(counted) or 0


def _cases(session: Session, period: Period) -> Iterator[_Count]:
    rows = session.execute(
        select(CaseList.list_name, Case.state, last_decision().label("decision"), func.count())
        .join(Case, Case.id == CaseList.case_id)
        .where(CaseList.list_name != NO_LIST, *came_within(period))
        .group_by(CaseList.list_name, Case.state, "decision")
    )
    for name, state, decision, count in rows:
        yield name, "cases", count
        yield name, _where(state, decision), count


def came_within(period: Period) -> tuple[ColumnElement[bool], ...]:
    """Cases of the period; one whose bytes are not safe yet is none."""
    when = Case.created_at >= period.begin, Case.created_at < period.end, Case.state != CaseState.STORING
    return (*when, Case.site == period.site) if period.site else when


def _where(state: str, decision: str | None) -> str:
    """The field of `ListRecord` that counts such a case. A word that is not known decides nothing."""
    settled = _FIELDS.get(decision or "")
    if settled and not (settled == "escalated" and state == CaseState.EXPIRED):
        return settled
    return "expired" if state == CaseState.EXPIRED else "waiting"


def _disputes(session: Session) -> Iterator[_Count]:
    agreed = EntryDispute.agreed_at.is_not(None)
    rows = session.execute(
        select(HashList.name, agreed, func.count())
        .join(HashList, HashList.id == EntryDispute.list_id)
        .where(EntryDispute.lifted_at.is_(None))
        .group_by(HashList.name, agreed)
    )
    for name, by_two, count in rows:
        yield name, "disputed" if by_two else "proposed", count


def _lowered(session: Session) -> Iterator[_Count]:
    rows = session.execute(
        select(HashList.name, func.count())
        .join(BreakerTrip, BreakerTrip.list_id == HashList.id)
        .where(BreakerTrip.state.in_(IN_FORCE))
        .group_by(HashList.name)
    )
    for name, count in rows:
        yield name, "lowered", count
