"""What customers of the check service have asked: by month for bills, by key and day to look into."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, select

from upload_guard.storage.database import Database
from upload_guard.storage.service_tables import CustomerQuota, KeyUse


@dataclass(frozen=True, slots=True)
class Used:
    """Numbers of checks: taken on, told to be listed, and turned away by the limits."""

    asked: int
    hits: int
    refused: int


@dataclass(frozen=True, slots=True)
class DayOfKey:
    """What one key asked through one door in one day (UTC)."""

    day: date
    site: str
    key_id: str
    door: str
    used: Used


@dataclass(frozen=True, slots=True)
class Month:
    """What one customer asked through one door in one month (UTC), such as "2026-11"."""

    month: str
    site: str
    door: str
    used: Used


def days_of_keys(database: Database, site: str, since: date) -> tuple[DayOfKey, ...]:
    """Of one customer, newest first. Raises `StorageFailed`."""
    asked = (
        select(KeyUse)
        .where(KeyUse.site == site, KeyUse.day >= since)
        .order_by(KeyUse.day.desc(), KeyUse.key_id, KeyUse.door)
    )
    with database.session() as session:
        return tuple(
            DayOfKey(row.day, row.site, row.key_id, row.door, Used(row.asked, row.hits, row.refused))
            for row in session.scalars(asked)
        )


def months(database: Database, since: date) -> tuple[Month, ...]:
    """Of all customers, newest first; that of `since` is whole, too. Raises `StorageFailed`."""
    month = func.strftime("%Y-%m", KeyUse.day)
    asked = (
        select(
            month,
            KeyUse.site,
            KeyUse.door,
            func.sum(KeyUse.asked),
            func.sum(KeyUse.hits),
            func.sum(KeyUse.refused),
        )
        .where(KeyUse.day >= since.replace(day=1))
        .group_by(month, KeyUse.site, KeyUse.door)
        .order_by(month.desc(), KeyUse.site, KeyUse.door)
    )
    with database.session() as session:
        return tuple(
            Month(name, site, door, Used(*counted)) for name, site, door, *counted in session.execute(asked)
        )


def used_today(database: Database, site: str, now: datetime) -> int:
    """Checks that count towards the customer's day. Raises `StorageFailed`."""
    with database.session() as session:
        row = session.get(CustomerQuota, site)
    return row.used if row is not None and row.day == now.date() else 0
