"""The repeats of one picture, as a person sees them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from upload_guard.errors import NoSuchCase
from upload_guard.quarantine.states import SHOWN as _STATES
from upload_guard.quarantine.states import CaseState
from upload_guard.storage.database import Database
from upload_guard.storage.tables import Case

SHOWN = 200
"""So many members are listed one by one; the counts are of all."""
_PREFIX = 8
_ROUTES_OF = 1000


@dataclass(frozen=True, slots=True)
class Repeat:
    """One upload of a group. `sha256` is the first 8 hex digits of its file's digest."""

    number: str
    at: datetime
    site: str
    route: str
    sha256: str
    state: CaseState


@dataclass(frozen=True, slots=True)
class Group:
    """`lead` is the number of the first case. `members` stand newest first, at most `SHOWN` of them.

    `files` counts different files, `same_file` the cases of the file that was asked for; `sites` and `routes`
    are named in order, at most `SHOWN` each, routes of the newest thousand. `confirmed` is the newest other
    case of the same file that was confirmed, or empty.
    """

    lead: str
    members: tuple[Repeat, ...]
    count: int
    files: int
    same_file: int
    sites: tuple[str, ...]
    routes: tuple[str, ...]
    first: datetime
    last: datetime
    confirmed: str


@dataclass(frozen=True, slots=True)
class Place:
    """A route of a site, and how many uploads of a group came in there."""

    site: str
    route: str
    count: int


@dataclass(frozen=True, slots=True)
class Groups:
    """Rows in `database`. Each method raises `NoSuchCase` and `StorageFailed`."""

    database: Database

    def of(self, number: str) -> Group:
        """All that holds the picture of a case."""
        with self.database.session() as session:
            case = _found(session, number)
            ours = _in_group(case)
            count, files, first, last, lead = session.execute(
                select(
                    func.count(),
                    func.count(Case.sha256.distinct()),
                    func.min(Case.created_at),
                    func.max(Case.created_at),
                    func.min(Case.id),
                ).where(ours)
            ).one()
            newest = select(Case.id).where(ours).order_by(Case.id.desc())
            return Group(
                lead=session.scalars(select(Case.number).where(Case.id == lead)).one(),
                members=_repeats(session, session.scalars(newest.limit(SHOWN)).all()),
                count=count,
                files=files,
                same_file=_count(session, ours & (Case.sha256 == case.sha256)),
                sites=_named(session, Case.site, ours),
                # They are in no index, and a flood has many.
                routes=_named(session, Case.route, Case.id.in_(newest.limit(_ROUTES_OF))),
                first=first,
                last=last,
                confirmed=confirmed_before(session, case),
            )

    def places(self, number: str) -> tuple[Place, ...]:
        """Where uploads of the picture came in, most often first, at most `SHOWN` of them."""
        with self.database.session() as session:
            ours = _in_group(_found(session, number))
            counted = select(Case.site, Case.route, func.count()).where(ours).group_by(Case.site, Case.route)
            often = counted.order_by(func.count().desc(), Case.site, Case.route).limit(SHOWN)
            return tuple(Place(site, route, count) for site, route, count in session.execute(often))

    def by_day(self, number: str) -> tuple[tuple[date, int], ...]:
        """How many uploads of the picture came on each day (UTC) that had any, oldest first."""
        day = func.date(Case.created_at)
        with self.database.session() as session:
            ours = _in_group(_found(session, number))
            rows = session.execute(select(day, func.count()).where(ours).group_by(day).order_by(day))
            return tuple((date.fromisoformat(str(at)), count) for at, count in rows)


def confirmed_before(session: Session, case: Case) -> str:
    """The newest other case on which this very file was confirmed; empty where there is none."""
    same = (
        (Case.group_id == case.group_id) & (Case.sha256 == case.sha256) & (Case.state == CaseState.CONFIRMED)
    )
    newest = select(func.max(Case.id)).where(same, Case.id != case.id).scalar_subquery()
    return session.scalar(select(Case.number).where(Case.id == newest)) or ""


def _found(session: Session, number: str) -> Case:
    case = session.scalar(select(Case).where(Case.number == number, Case.state != CaseState.STORING))
    if case is None:
        raise NoSuchCase(f"no case {number[:32]!r}")
    return case


def _in_group(case: Case) -> ColumnElement[bool]:
    # By the states that there are, since the index begins with them.
    return (Case.group_id == case.group_id) & Case.state.in_(_STATES)


def _count(session: Session, which: ColumnElement[bool]) -> int:
    return session.scalar(select(func.count()).select_from(Case).where(which)) or 0


def _named(
    session: Session, column: InstrumentedAttribute[str], which: ColumnElement[bool]
) -> tuple[str, ...]:
    return tuple(session.scalars(select(column).where(which).distinct().order_by(column).limit(SHOWN)))


def _repeats(session: Session, ids: Sequence[int]) -> tuple[Repeat, ...]:
    """Newest first."""
    columns = Case.number, Case.created_at, Case.site, Case.route, Case.sha256, Case.state
    rows = session.execute(select(*columns).where(Case.id.in_(ids)).order_by(Case.id.desc()))
    return tuple(
        Repeat(number, at, site, route, sha256.hex()[:_PREFIX], CaseState(state))
        for number, at, site, route, sha256, state in rows
    )
