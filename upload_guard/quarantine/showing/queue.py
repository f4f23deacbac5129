"""The queue: what has to be decided, one row for each picture, found by indexes however much there is.

A row stands for those cases of its group that the filter lets through. The deadline of a case is counted from
when the upload came.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, distinct, func, or_, select
from sqlalchemy.orm import Session

from upload_guard.errors import UsageError
from upload_guard.quarantine.cases import count_by_state
from upload_guard.quarantine.showing.entries import EntryName, first_entries
from upload_guard.quarantine.states import SHOWN, UNDECIDED, CaseState
from upload_guard.storage.database import Database
from upload_guard.storage.group_tables import CaseEntry
from upload_guard.storage.statement_tables import APPEAL_WAITS, Appeal
from upload_guard.storage.tables import Case

PAGE = 50
_MOST_CHOICES = 2000
_MOST_NUMBERS = 1000


class Order(Enum):
    """Which stands first: what is due first, or what came last."""

    DEADLINE = "deadline"
    NEWEST = "newest"


@dataclass(frozen=True, slots=True)
class Filter:
    """What is empty lets everything through. `entry` is an entry's number, `number` how a case's begins.

    `appealed`: an appeal on it waits for a person.
    """

    states: frozenset[CaseState] = UNDECIDED
    site: str = ""
    list_name: str = ""
    category: str = ""
    result: str = ""
    entry: int | None = None
    late: bool = False
    number: str = ""
    appealed: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """One row. `number` and what belongs to one case is that of the first case which the filter lets through.

    `count` cases of `files` different files from `sites` sites; the first and the last of them came at those
    times. `entry` is one that holds the first case, `confirm_by` who has proposed to confirm it.
    """

    number: str
    state: CaseState
    result: str
    action: str
    reason: str
    list_name: str
    category: str
    site: str
    media_type: str
    size: int
    first: datetime
    last: datetime
    deadline: datetime
    late: bool
    count: int
    files: int
    sites: int
    entry: EntryName | None
    confirm_by: str


@dataclass(frozen=True, slots=True)
class QueuePage:
    """`next` is what to give as `after` for the lines after these, empty at the end."""

    lines: tuple[Line, ...]
    next: str


@dataclass(frozen=True, slots=True)
class Size:
    """How much a filter lets through."""

    groups: int
    cases: int


@dataclass(frozen=True, slots=True)
class Choices:
    """What undecided cases have, to choose from."""

    sites: tuple[str, ...]
    lists: tuple[str, ...]
    categories: tuple[str, ...]
    results: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Queue:
    """Rows in `database`; a case should be decided `within` so long. Raises `StorageFailed`."""

    database: Database
    within: timedelta

    def page(
        self, which: Filter, order: Order = Order.DEADLINE, after: str = "", size: int = PAGE
    ) -> QueuePage:
        """Some lines. Raises `UsageError` for an `after` that no page gave."""
        moment = func.min(Case.created_at) if order is Order.DEADLINE else func.max(Case.created_at)
        with self.database.session() as session:
            lets = self._lets_through(session, which)
            groups = select(Case.group_id, moment).where(*lets).group_by(Case.group_id)
            if after:
                groups = groups.having(_beyond(moment, order, *_read(after)))
            found = session.execute(_ordered(groups, moment, order).limit(size + 1)).all()
            shown = found[:size]
            lines = self._lines(session, [group for group, _ in shown], lets)
        return QueuePage(lines, _written(*shown[-1]) if len(found) > size else "")

    def size(self, which: Filter) -> Size:
        """How much there is in all."""
        with self.database.session() as session:
            lets = self._lets_through(session, which)
            counted = select(func.count(distinct(Case.group_id)), func.count()).where(*lets)
            return Size(*session.execute(counted).one())

    def counts(self) -> Mapping[CaseState, int]:
        """Cases by state; each is named."""
        return count_by_state(self.database)

    def late(self) -> int:
        """How many cases are undecided though their time is up."""
        return self.size(Filter(late=True)).cases

    def choices(self) -> Choices:
        """What to filter by."""
        some = select(Case.site, Case.list_name, Case.category, Case.result).where(Case.state.in_(UNDECIDED))
        with self.database.session() as session:
            rows = session.execute(some.distinct().limit(_MOST_CHOICES)).all()
        sites, lists, categories, results = ({row[at] for row in rows} - {""} for at in range(4))
        return Choices(*(tuple(sorted(values)) for values in (sites, lists, categories, results)))

    def _lets_through(self, session: Session, which: Filter) -> list[ColumnElement[bool]]:
        states = which.states & (UNDECIDED if which.late else SHOWN)
        lets: list[ColumnElement[bool]] = [Case.state.in_(states)]
        for column, value in (
            (Case.site, which.site),
            (Case.list_name, which.list_name),
            (Case.category, which.category),
            (Case.result, which.result),
        ):
            if value:
                lets.append(column == value)
        if which.late:
            lets.append(Case.created_at <= datetime.now(UTC) - self.within)
        if which.entry is not None:
            lets.append(Case.id.in_(select(CaseEntry.case_id).where(CaseEntry.entry_id == which.entry)))
        if which.appealed:
            lets.append(Case.number.in_(select(Appeal.case_number).where(Appeal.state == APPEAL_WAITS)))
        if number := which.number.strip().upper():
            lets.append(Case.id.in_(_numbered(session, number)))
        return lets

    def _lines(
        self, session: Session, groups: Sequence[int], lets: list[ColumnElement[bool]]
    ) -> tuple[Line, ...]:
        if not groups:
            return ()
        told = select(
            Case.group_id,
            func.min(Case.id).label("first_id"),
            func.min(Case.created_at).label("first"),
            func.max(Case.created_at).label("last"),
            func.count().label("cases"),
            func.count(distinct(Case.site)).label("sites"),
            func.count(distinct(Case.sha256)).label("files"),
        ).where(Case.group_id.in_(groups), *lets)
        rows = {row.group_id: row for row in session.execute(told.group_by(Case.group_id))}
        of_case = select(Case).where(Case.id.in_([row.first_id for row in rows.values()]))
        cases = {case.group_id: case for case in session.scalars(of_case)}
        entries = first_entries(session, {case.id: case.list_name for case in cases.values()})
        # One may have been decided since the groups were read.
        return tuple(
            self._line(cases[group], rows[group], entries.get(cases[group].id))
            for group in groups
            if group in cases
        )

    def _line(self, case: Case, row: Row[*tuple[Any, ...]], entry: EntryName | None) -> Line:
        deadline = row.first + self.within
        return Line(
            number=case.number,
            state=CaseState(case.state),
            result=case.result,
            action=case.action,
            reason=case.reason,
            list_name=case.list_name,
            category=case.category,
            site=case.site,
            media_type=case.media_type,
            size=case.size,
            first=row.first,
            last=row.last,
            deadline=deadline,
            late=case.state in UNDECIDED and deadline <= datetime.now(UTC),
            count=row.cases,
            files=row.files,
            sites=row.sites,
            entry=entry,
            confirm_by=case.confirm_by or "",
        )


def _ordered(groups: Select[Any, Any], moment: ColumnElement[datetime], order: Order) -> Select[Any, Any]:
    if order is Order.DEADLINE:
        return groups.order_by(moment, Case.group_id)
    return groups.order_by(moment.desc(), Case.group_id.desc())


def _beyond(moment: ColumnElement[datetime], order: Order, at: datetime, group: int) -> ColumnElement[bool]:
    if order is Order.DEADLINE:
        return or_(moment > at, (moment == at) & (Case.group_id > group))
    return or_(moment < at, (moment == at) & (Case.group_id < group))


def _written(group: int, at: datetime) -> str:
    return f"{at.isoformat()}~{group}"


def _read(after: str) -> tuple[datetime, int]:
    at, _, group = after.partition("~")
    try:
        moment, number = datetime.fromisoformat(at), int(group)
    except ValueError:
        raise UsageError(f"{after[:64]!r} names no place in the queue") from None
    if moment.tzinfo is None or not 0 <= number < 1 << 63:
        raise UsageError(f"{after[:64]!r} names no place in the queue")
    return moment, number


def _numbered(session: Session, number: str) -> Sequence[int]:
    """The rows of cases whose number begins so, by a range of its index, which LIKE would not use."""
    begins = select(Case.id).where(Case.number >= number, Case.number < number + "\U0010ffff")
    return session.scalars(begins.order_by(Case.number).limit(_MOST_NUMBERS)).all()
