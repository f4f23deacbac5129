"""What people ask for on the pages and takes longer than a page may: asked for in a row, done by a process.

A version of ten million entries takes minutes to compare or to build. Rows are the truth: whoever asked sees
there what came of it, and a process that was killed leaves a task that is known to be lost.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from upload_guard.errors import UsageError
from upload_guard.lists.lookup import found, refuse_no_way_back, version_of
from upload_guard.storage.database import Database, row_of
from upload_guard.storage.journal import Act, note_act
from upload_guard.storage.list_task_tables import ListTask
from upload_guard.storage.tables import HashList, ListVersion

KEPT_FOR = timedelta(days=90)
_FOLLOWS_WITHIN = timedelta(minutes=10)
LOST = "the process that did this was ended; see what acts now, and ask again"


class TaskAct(StrEnum):
    """`examine` has the gate say what a version would bring; `forecast` also what it would do to cases and to
    the uploads of the last days; `compare` tells how two versions differ."""

    ACTIVATE = "activate"
    ROLLBACK = "rollback"
    EXAMINE = "examine"
    FORECAST = "forecast"
    COMPARE = "compare"

    @property
    def changes(self) -> bool:
        """Whether uploads are judged otherwise afterwards."""
        return self in {TaskAct.ACTIVATE, TaskAct.ROLLBACK}


@dataclass(frozen=True, slots=True)
class Task:
    """One thing asked for. `outcome` is as whoever did it wrote it, `fault` says what went wrong."""

    number: int
    act: TaskAct
    list_name: str
    version: int
    against: int | None
    person: str
    asked_at: datetime
    begun_at: datetime | None
    ended_at: datetime | None
    fault: str
    outcome: Mapping[str, Any]

    @property
    def ended(self) -> bool:
        return self.ended_at is not None


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants done with a version of a list, beside another where two are compared."""

    act: TaskAct
    list_name: str
    version: int
    against: int | None = None


@dataclass(frozen=True, slots=True)
class ListTasks:
    """Rows in `database`. Everything here raises `StorageFailed`."""

    database: Database

    def ask(self, wish: Wish, person: str) -> Task:
        """Have it done soon. One that is the same and has not ended is not asked for twice.

        Raises `ListError` where there is no such version, or no way back to it.
        """
        with self.database.session() as session:
            # Writing first: whoever asks at the same time waits here, and then sees what this one asked for.
            session.execute(update(HashList).values(name=HashList.name))
            hash_list = found(session, wish.list_name)
            version_of(hash_list, wish.version)
            if wish.act is TaskAct.ROLLBACK:
                refuse_no_way_back(hash_list, wish.version)
            if wish.act is TaskAct.COMPARE:
                version_of(hash_list, _other(wish))
            row = _unended(session, wish)
            if row is None:
                row = _row(wish, person)
                session.add(row)
                if wish.act.changes:
                    said: dict[str, str | int] = {"list": wish.list_name, "version": wish.version}
                    note_act(session, Act(person, f"list.asked.{wish.act}", details=said))
                session.flush()
            return _task(row)

    def waiting(self) -> bool:
        """Whether anything is to be done."""
        with self.database.session() as session:
            return session.scalar(select(ListTask.id).where(ListTask.ended_at.is_(None)).limit(1)) is not None

    def begin(self) -> Task | None:
        """The one that has waited longest, which is begun by this. For one process at a time."""
        with self.database.session() as session:
            oldest = select(ListTask).where(ListTask.ended_at.is_(None), ListTask.begun_at.is_(None))
            row = session.scalar(oldest.order_by(ListTask.id).limit(1))
            if row is None:
                return None
            row.begun_at = datetime.now(UTC)
            return _task(row)

    def end(self, task: Task, outcome: Mapping[str, Any], fault: str = "") -> None:
        """Write down what came of it."""
        with self.database.session() as session:
            row = session.get_one(ListTask, task.number)
            row.ended_at, row.outcome, row.fault = datetime.now(UTC), dict(outcome), fault

    def give_up_lost(self) -> int:
        """End what a killed process has left; how many. For one process at a time, before it begins."""
        with self.database.session() as session:
            begun = ListTask.ended_at.is_(None) & ListTask.begun_at.is_not(None)
            lost = session.scalars(select(ListTask).where(begun)).all()
            for row in lost:
                row.ended_at, row.fault = datetime.now(UTC), LOST
            session.execute(delete(ListTask).where(ListTask.ended_at < datetime.now(UTC) - KEPT_FOR))
            return len(lost)

    def give_up_oldest(self) -> None:
        """End the one that a process died over: it must not be tried for ever."""
        with self.database.session() as session:
            unended = select(ListTask).where(ListTask.ended_at.is_(None)).order_by(ListTask.id)
            row = session.scalar(unended.limit(1))
            if row is not None:
                row.ended_at, row.fault = datetime.now(UTC), LOST

    def one(self, number: int) -> Task:
        """Raises `UsageError` where there is none."""
        with self.database.session() as session:
            row = row_of(session, ListTask, number)
            if row is None:
                raise UsageError(f"nothing of the number {number} was asked for")
            return _task(row)

    def of_list(self, name: str, most: int = 10) -> tuple[Task, ...]:
        """The newest first."""
        with self.database.session() as session:
            rows = select(ListTask).where(ListTask.list_name == name).order_by(ListTask.id.desc())
            return tuple(_task(row) for row in session.scalars(rows.limit(most)))

    def newest(self, name: str, version: int, *acts: TaskAct) -> Task | None:
        """The last one that ended well, of those acts on that version."""
        with self.database.session() as session:
            ended = select(ListTask).where(
                ListTask.list_name == name,
                ListTask.number == version,
                ListTask.act.in_(acts),
                ListTask.ended_at.is_not(None),
                ListTask.fault == "",
            )
            row = session.scalar(ended.order_by(ListTask.id.desc()).limit(1))
            return _task(row) if row else None

    def ask_of_waiting_versions(self, person: str, now: datetime) -> None:
        """Have the gate say what it thinks of each list's newest version, where that does not act yet.

        Not of one that was only just imported: it may be about to follow by itself, past the gate.
        """
        newest = (
            select(ListVersion.list_id, func.max(ListVersion.number).label("number"))
            .group_by(ListVersion.list_id)
            .subquery()
        )
        asked = (ListTask.list_name == HashList.name) & (ListTask.number == newest.c.number)
        with self.database.session() as session:
            rows = session.execute(
                select(HashList.name, newest.c.number)
                .join(newest, newest.c.list_id == HashList.id)
                .join(
                    ListVersion,
                    (ListVersion.list_id == HashList.id) & (ListVersion.number == newest.c.number),
                )
                .where(
                    func.coalesce(HashList.active_number, 0) < newest.c.number,
                    ListVersion.imported_at <= now - _FOLLOWS_WITHIN,
                    ~select(ListTask.id).where(asked).exists(),
                )
            )
            session.add_all(_row(Wish(TaskAct.EXAMINE, name, number), person) for name, number in rows.all())


def _other(wish: Wish) -> int:
    if wish.against is None or wish.against == wish.version:
        raise UsageError("two different versions are needed to compare them")
    return wish.against


def _unended(session: Session, wish: Wish) -> ListTask | None:
    return session.scalar(
        select(ListTask).where(
            ListTask.act == wish.act.value,
            ListTask.list_name == wish.list_name,
            ListTask.number == wish.version,
            ListTask.against.is_(None) if wish.against is None else ListTask.against == wish.against,
            ListTask.ended_at.is_(None),
        )
    )


def _row(wish: Wish, person: str) -> ListTask:
    return ListTask(
        act=wish.act.value,
        list_name=wish.list_name,
        number=wish.version,
        against=wish.against,
        person=person[:64],
        asked_at=datetime.now(UTC),
        fault="",
        outcome={},
    )


def _task(row: ListTask) -> Task:
    return Task(
        number=row.id,
        act=TaskAct(row.act),
        list_name=row.list_name,
        version=row.number,
        against=row.against,
        person=row.person,
        asked_at=row.asked_at,
        begun_at=row.begun_at,
        ended_at=row.ended_at,
        fault=row.fault,
        outcome=row.outcome,
    )
