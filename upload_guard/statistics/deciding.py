"""How long people took to decide, against the norm of a day; and what has waited longer than that."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import Integer, ScalarSelect, cast, func, select

from upload_guard.quarantine.deciding.reevaluation import BY_POLICY
from upload_guard.quarantine.states import UNDECIDED, CaseState
from upload_guard.statistics.by_list import came_within
from upload_guard.statistics.period import Period
from upload_guard.storage.database import Database
from upload_guard.storage.tables import Case, Decision

NORM = timedelta(hours=24)
"""Within this a person should have decided."""
_FINAL = ("false_positive", "released", "confirmed")
_WAITS = frozenset({*UNDECIDED, CaseState.ESCALATED})


@dataclass(frozen=True, slots=True)
class Week:
    """The cases that came in one week, by the Monday it began. Times are whole minutes.

    `within` are those decided within the norm; `due` those decided at all, and those that have waited longer.
    Cases that rules released by themselves are in none of these, but in `by_rules`. `median` and `ninetieth`
    are of the decided: the least time within which so many percent of them were; None where there is none.
    """

    monday: date
    cases: int
    decided: int
    within: int
    due: int
    by_rules: int
    median: timedelta | None
    ninetieth: timedelta | None

    @property
    def share(self) -> float | None:
        """Of those due, decided within the norm; None where none is due."""
        return self.within / self.due if self.due else None

    @property
    def waiting(self) -> int:
        return self.cases - self.decided - self.by_rules


@dataclass(frozen=True, slots=True)
class Overdue:
    """Cases that have waited longer than the norm at this moment, and since when the oldest has."""

    cases: int
    oldest: datetime | None


@dataclass(frozen=True, slots=True)
class _Group:
    """Cases of a week that are alike: `minutes` until the decision, None where there was none."""

    minutes: int | None
    by_rules: bool
    overdue: bool


def times_by_week(database: Database, period: Period, now: datetime) -> tuple[Week, ...]:
    """The weeks in which cases came, oldest first; counted by the database. Raises `StorageFailed`."""
    decided = _decided_at()
    # The Monday before, or of, that day.
    monday = func.date(Case.created_at, "weekday 0", "-6 days").label("monday")
    minutes = cast((func.strftime("%s", decided) - func.strftime("%s", Case.created_at)) / 60, Integer)
    by_rules = Case.state == CaseState.RELEASED
    overdue = Case.created_at < now - NORM
    weeks: dict[str, Counter[_Group]] = {}
    with database.session() as session:
        rows = session.execute(
            select(
                monday,
                minutes.label("minutes"),
                by_rules.label("by_rules"),
                overdue.label("overdue"),
                func.count(),
            )
            .where(*came_within(period))
            .group_by("monday", "minutes", "by_rules", "overdue")
            .order_by("monday")
        )
        for week, after, released, late, count in rows:
            group = _Group(after, after is None and bool(released), bool(late))
            weeks.setdefault(week, Counter())[group] += count
    return tuple(_week(date.fromisoformat(monday), groups) for monday, groups in weeks.items())


def overdue_now(database: Database, site: str, now: datetime) -> Overdue:
    """Of one site, or of all where it is empty. Raises `StorageFailed`."""
    with database.session() as session:
        late = select(func.count(), func.min(Case.created_at)).where(
            Case.state.in_(_WAITS), Case.created_at < now - NORM
        )
        if site:
            late = late.where(Case.site == site)
        count, oldest = session.execute(late).one()
    return Overdue(count, oldest)


def _decided_at() -> ScalarSelect[datetime]:
    """When a person first said what a case is. What was escalated is not decided by that."""
    return (
        select(func.min(Decision.made_at))
        .where(Decision.case_id == Case.id, Decision.decision.in_(_FINAL), Decision.made_by != BY_POLICY)
        .scalar_subquery()
    )


def _week(monday: date, groups: Counter[_Group]) -> Week:
    times: Counter[int] = Counter()
    for group, count in groups.items():
        if group.minutes is not None:
            times[group.minutes] += count
    norm = NORM // timedelta(minutes=1)
    late = sum(
        n for group, n in groups.items() if group.minutes is None and group.overdue and not group.by_rules
    )
    return Week(
        monday=monday,
        cases=groups.total(),
        decided=times.total(),
        within=sum(count for after, count in times.items() if after <= norm),
        due=times.total() + late,
        by_rules=sum(count for group, count in groups.items() if group.by_rules),
        median=percentile(times, 50),
        ninetieth=percentile(times, 90),
    )


def percentile(times: Mapping[int, int], percent: int) -> timedelta | None:
    """By nearest rank: the least time within which so many percent were decided, and none in between two.

    `times` counts cases by minutes; None where it counts none.
    """
    rank, seen = -(-sum(times.values()) * percent // 100), 0
    for minutes, count in sorted(times.items()):
        seen += count
        if seen >= rank:
            return timedelta(minutes=minutes)
    return None
