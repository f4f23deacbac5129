"""The day in figures, for a mail once a day. Figures only: no entry, no hash, no picture."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from upload_guard.outbox.messages import MessageState
from upload_guard.outbox.wording import DigestWords
from upload_guard.quarantine.states import CaseState
from upload_guard.storage.customer_tables import CustomerHit
from upload_guard.storage.database import counts_of
from upload_guard.storage.opinion_tables import BreakerTrip
from upload_guard.storage.outbox_tables import OutboxMessage
from upload_guard.storage.tables import Case, Decision, HashList, ListActivation, ListVersion

NORM = timedelta(hours=24)
UNDECIDED = (CaseState.OPEN, CaseState.RELEASE_PROPOSED, CaseState.ESCALATED)
"""What still waits for somebody, be it somebody else than at first."""
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class CustomerFigures:
    """Hits of those whose check service this is: of the day, and `open` and `late` of all that are kept."""

    hits: int
    followed: int
    open: int
    late: int


@dataclass(frozen=True, slots=True)
class Figures:
    """Of the day before `at`; `oldest` is a case's number and since when it waits.

    `customers` is None where nobody who asks this installation had a hit.
    """

    at: datetime
    opened: int
    by_state: Mapping[str, int]
    oldest: tuple[str, datetime] | None
    late: int
    decisions: Mapping[str, int]
    imported: tuple[tuple[str, int], ...]
    activated: tuple[tuple[str, int, str], ...]
    lowered: int
    given_up: int
    customers: CustomerFigures | None

    @property
    def undecided(self) -> int:
        return sum(self.by_state.get(state, 0) for state in UNDECIDED)


def figures_at(session: Session, at: datetime, follow_up: timedelta = NORM) -> Figures:
    """As the rows have them. Within `follow_up` customers should have done something about a hit."""
    since = at - _DAY
    undecided = Case.state.in_(UNDECIDED)
    stored = Case.state != CaseState.STORING
    oldest = select(Case.number, Case.created_at).where(undecided).order_by(Case.created_at).limit(1)
    found = session.execute(oldest).first()
    return Figures(
        at=at,
        opened=_count(session, stored, Case.created_at > since),
        by_state=_by_state(session),
        oldest=(found.number, found.created_at) if found else None,
        late=_count(session, undecided, Case.created_at <= at - NORM),
        decisions=_decisions(session, since),
        imported=_imported(session, since),
        activated=_activated(session, since),
        lowered=_count(session, BreakerTrip.state == "tripped"),
        given_up=_count(session, OutboxMessage.state == MessageState.GIVEN_UP.value),
        customers=_of_customers(session, at, follow_up),
    )


def _count(session: Session, *conditions: ColumnElement[bool]) -> int:
    return session.scalar(select(func.count()).where(*conditions)) or 0


def _of_customers(session: Session, at: datetime, follow_up: timedelta) -> CustomerFigures | None:
    if session.scalar(select(CustomerHit.id).limit(1)) is None:
        return None
    is_open = CustomerHit.followed_at.is_(None)
    return CustomerFigures(
        hits=_count(session, CustomerHit.asked_at > at - _DAY),
        followed=_count(session, CustomerHit.told_at > at - _DAY),
        open=_count(session, is_open),
        late=_count(session, is_open, CustomerHit.asked_at <= at - follow_up),
    )


def _by_state(session: Session) -> Mapping[str, int]:
    stored = select(Case.state, func.count()).where(Case.state != CaseState.STORING).group_by(Case.state)
    return counts_of(session, stored)


def _decisions(session: Session, since: datetime) -> Mapping[str, int]:
    made = select(Decision.decision, func.count()).where(Decision.made_at > since).group_by(Decision.decision)
    return counts_of(session, made)


def _imported(session: Session, since: datetime) -> tuple[tuple[str, int], ...]:
    rows = session.execute(
        select(HashList.name, ListVersion.number)
        .join(ListVersion, ListVersion.list_id == HashList.id)
        .where(ListVersion.imported_at > since)
        .order_by(ListVersion.imported_at)
    )
    return tuple((row.name, row.number) for row in rows)


def _activated(session: Session, since: datetime) -> tuple[tuple[str, int, str], ...]:
    rows = session.execute(
        select(HashList.name, ListActivation.number, ListActivation.way)
        .join(ListActivation, ListActivation.list_id == HashList.id)
        .where(ListActivation.activated_at > since)
        .order_by(ListActivation.activated_at)
    )
    return tuple((row.name, row.number, row.way) for row in rows)


def digest_notice(
    session: Session, words: DigestWords, at: datetime, follow_up: timedelta = NORM
) -> tuple[str, str]:
    """Its title and its text. `follow_up` as in `figures_at`."""
    figures = figures_at(session, at, follow_up)
    return words.title.format(undecided=figures.undecided), "\n".join(_lines(figures, words))


def _lines(figures: Figures, words: DigestWords) -> Iterable[str]:
    yield words.since.format(since=f"{figures.at - _DAY:%Y-%m-%d %H:%M}")
    yield ""
    yield f"{words.opened}: {figures.opened}"
    yield f"{words.undecided}: {figures.undecided}"
    yield f"{words.late}: {figures.late}"
    yield f"{words.oldest}: {_oldest(figures) or words.none}"
    yield f"{words.by_state}: {_listed(figures.by_state, words.states) or words.none}"
    yield f"{words.decided}: {_listed(figures.decisions, words.decisions) or words.none}"
    yield f"{words.lowered}: {figures.lowered}"
    yield f"{words.given_up}: {figures.given_up}"
    if figures.customers is not None:
        of = figures.customers
        yield words.customers.format(hits=of.hits, followed=of.followed, open=of.open, late=of.late)
    yield ""
    changes = [words.imported.format(name=name, number=number) for name, number in figures.imported]
    changes += [
        words.acts.format(name=name, number=number, way=words.ways.get(way, way))
        for name, number, way in figures.activated
    ]
    yield f"{words.lists}: {'' if changes else words.none}".rstrip()
    yield from (f"  {change}" for change in changes)


def _oldest(figures: Figures) -> str:
    if figures.oldest is None:
        return ""
    number, since = figures.oldest
    return f"{number} ({(figures.at - since).total_seconds() / 3600:.0f} h)"


def _listed(counts: Mapping[str, int], names: Mapping[str, str]) -> str:
    return ", ".join(f"{names.get(word, word)} {count}" for word, count in sorted(counts.items()))
