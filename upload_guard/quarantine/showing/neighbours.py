"""The cases before and after one in the queue: a line is a picture, and the longest waiting stands first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Subquery, func, select
from sqlalchemy.orm import Session

from upload_guard.errors import NoSuchCase
from upload_guard.quarantine.states import UNDECIDED
from upload_guard.storage.database import Database
from upload_guard.storage.tables import Case


@dataclass(frozen=True, slots=True)
class Around:
    """Numbers of cases, each the first of its picture that waits; empty where there is none.

    After the last picture the first one follows. `waiting` counts all cases that wait.
    """

    previous: str = ""
    following: str = ""
    waiting: int = 0


@dataclass(frozen=True, slots=True)
class Neighbours:
    """Rows in `database`. Each method raises `NoSuchCase` and `StorageFailed`."""

    database: Database

    def of(self, number: str) -> Around:
        """Around the picture of a case, whether it waits itself or not."""
        with self.database.session() as session:
            case = _found(session, number)
            since, lines = _waits_since(session, case), _lines(case)
            first, group = lines.c.first, lines.c.group_id
            before = (first < since) | ((first == since) & (group < case.group_id))
            last_first = select(lines.c.lead).order_by(first.desc(), group.desc()).limit(1)
            first_first = select(lines.c.lead).order_by(first, group).limit(1)
            following = session.scalar(first_first.where(~before)) or session.scalar(first_first)
            return Around(
                previous=_number(session, session.scalar(last_first.where(before))),
                following=_number(session, following),
                waiting=session.scalar(select(func.count()).where(Case.state.in_(UNDECIDED))) or 0,
            )

    def next_after(self, number: str) -> str:
        """What to look at when a case is decided: what still waits of its picture, else the next picture."""
        with self.database.session() as session:
            case = _found(session, number)
            same = select(Case.number).where(
                Case.group_id == case.group_id, Case.id != case.id, Case.state.in_(UNDECIDED)
            )
            rest = session.scalar(same.order_by(Case.id).limit(1))
        return rest or self.of(number).following


def _found(session: Session, number: str) -> Case:
    case = session.scalar(select(Case).where(Case.number == number))
    if case is None:
        raise NoSuchCase(f"no case {number[:32]!r}")
    return case


def _lines(case: Case) -> Subquery:
    """The other pictures that wait: since when, and their first cases."""
    return (
        select(Case.group_id, func.min(Case.created_at).label("first"), func.min(Case.id).label("lead"))
        .where(Case.state.in_(UNDECIDED), Case.group_id != case.group_id)
        .group_by(Case.group_id)
        .subquery()
    )


def _waits_since(session: Session, case: Case) -> datetime:
    waiting = select(func.min(Case.created_at)).where(
        Case.group_id == case.group_id, Case.state.in_(UNDECIDED)
    )
    return session.scalar(waiting) or case.created_at


def _number(session: Session, case_id: int | None) -> str:
    return session.scalar(select(Case.number).where(Case.id == case_id)) or "" if case_id else ""
