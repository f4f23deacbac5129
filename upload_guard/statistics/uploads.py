"""Uploads that were checked, by day, by site and by what came of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement, func, select

from upload_guard.records import Action, Result
from upload_guard.statistics.period import Period
from upload_guard.storage.database import Database
from upload_guard.storage.statistics_tables import UploadStatistic

Of = TypeVar("Of", date, str)


@dataclass(frozen=True, slots=True)
class Uploads(Generic[Of]):
    """How many uploads of a day, or of a site, had which result, and what was done with them."""

    of: Of
    results: Counter[Result]
    actions: Counter[Action]

    @property
    def checked(self) -> int:
        """All of them, those among them that could not be read or checked."""
        return self.results.total()


@dataclass(frozen=True, slots=True)
class Unread:
    """Uploads that could not be read (`unscannable`) or not be checked (`unchecked`), by why."""

    result: Result
    reason: str
    uploads: int


def uploads_by_day(database: Database, period: Period) -> tuple[Uploads[date], ...]:
    """Every day of the period, oldest first. Raises `StorageFailed`."""
    with database.session() as session:
        rows = session.execute(
            select(
                UploadStatistic.day,
                UploadStatistic.result,
                UploadStatistic.action,
                func.sum(UploadStatistic.uploads),
            )
            .where(*_within(period))
            .group_by(UploadStatistic.day, UploadStatistic.result, UploadStatistic.action)
        ).all()
    return _gathered(period.days(), rows)


def uploads_by_site(database: Database, period: Period) -> tuple[Uploads[str], ...]:
    """Every site that had any, by name. Raises `StorageFailed`."""
    with database.session() as session:
        rows = session.execute(
            select(
                UploadStatistic.site,
                UploadStatistic.result,
                UploadStatistic.action,
                func.sum(UploadStatistic.uploads),
            )
            .where(*_within(period))
            .group_by(UploadStatistic.site, UploadStatistic.result, UploadStatistic.action)
        ).all()
    return _gathered(sorted({row[0] for row in rows}), rows)


def why_unread(database: Database, period: Period) -> tuple[Unread, ...]:
    """By result, the most frequent reason first. Raises `StorageFailed`."""
    counted = func.sum(UploadStatistic.uploads)
    with database.session() as session:
        rows = session.execute(
            select(UploadStatistic.result, UploadStatistic.reason, counted)
            .where(*_within(period), UploadStatistic.reason != "")
            .group_by(UploadStatistic.result, UploadStatistic.reason)
            .order_by(UploadStatistic.result.desc(), counted.desc(), UploadStatistic.reason)
        ).all()
    return tuple(Unread(Result(result), reason, uploads) for result, reason, uploads in rows)


def known_sites(database: Database, since: date) -> tuple[str, ...]:
    """Every site that an upload was counted of from `since` on, by name. Raises `StorageFailed`."""
    some = select(UploadStatistic.site).distinct().where(UploadStatistic.day >= since)
    with database.session() as session:
        names = session.scalars(some.order_by(UploadStatistic.site))
        return tuple(name for name in names if name)


def _gathered(which: Iterable[Of], rows: Iterable[Any]) -> tuple[Uploads[Of], ...]:
    found: dict[Of, Uploads[Of]] = {one: Uploads(one, Counter(), Counter()) for one in which}
    for of, result, action, uploads in rows:
        found[of].results[Result(result)] += uploads
        found[of].actions[Action.from_label(action)] += uploads
    return tuple(found.values())


def _within(period: Period) -> tuple[ColumnElement[bool], ...]:
    days = UploadStatistic.day.between(period.first, period.last)
    return (days, UploadStatistic.site == period.site) if period.site else (days,)
