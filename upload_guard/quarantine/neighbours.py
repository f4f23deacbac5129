"""The cases before and after one among those that wait for a person, the longest waiting first."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select

from upload_guard.quarantine.states import UNDECIDED
from upload_guard.storage.database import Database
from upload_guard.storage.tables import Case


@dataclass(frozen=True, slots=True)
class Around:
    """Numbers of cases, empty where there is none. After the last one the first follows."""

    previous: str = ""
    following: str = ""
    waiting: int = 0


@dataclass(frozen=True, slots=True)
class Neighbours:
    """Rows in `database`. Raises `StorageFailed`."""

    database: Database

    def of(self, number: str) -> Around:
        """Around a case, whether it waits itself or not. `waiting` counts all that do."""
        waits = Case.state.in_(UNDECIDED) & (Case.number != number)
        with self.database.session() as session:
            here = session.scalar(select(Case.id).where(Case.number == number)) or 0
            before = select(Case.number).where(waits, Case.id < here).order_by(Case.id.desc()).limit(1)
            after = select(Case.number).where(waits, Case.id > here).order_by(Case.id).limit(1)
            first = select(Case.number).where(waits).order_by(Case.id).limit(1)
            return Around(
                previous=session.scalar(before) or "",
                following=session.scalar(after) or session.scalar(first) or "",
                waiting=session.scalar(select(func.count()).where(Case.state.in_(UNDECIDED))) or 0,
            )
