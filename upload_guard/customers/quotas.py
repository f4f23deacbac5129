"""How much each customer of the check service asks, and may ask: rows, so that all workers share them.

What is counted is a number of checks for each key, door and day; never what was asked about.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import cast

from sqlalchemy import Table, bindparam, insert, update
from sqlalchemy.dialects.sqlite import Insert
from sqlalchemy.dialects.sqlite import insert as insert_or
from sqlalchemy.orm import Session

from upload_guard.errors import QuotaSpent, RateLimited
from upload_guard.moments import utc_now
from upload_guard.storage.database import Database
from upload_guard.storage.service_tables import CustomerQuota, KeyUse


class Door(StrEnum):
    """Where a customer asks. What is asked at `eokm-test` touches no list and no quota."""

    EOKM = "eokm"
    EOKM_TEST = "eokm-test"
    HMA = "hma"
    BATCH = "batch"


@dataclass(frozen=True, slots=True)
class Quota:
    """Checks of all keys of a customer together: `per_day` (0: no end), `rate` a second, `burst` at once."""

    per_day: int
    rate: float
    burst: int


@dataclass(frozen=True, slots=True)
class Asker:
    """Whose key asks, and where."""

    site: str
    key_id: str
    door: Door


@dataclass(frozen=True, slots=True)
class Quotas:
    """Rows in `database`. Every method raises `StorageFailed`."""

    database: Database
    now: Callable[[], datetime] = field(default=utc_now)

    def charge(self, asking: Asker, quota: Quota, checks: int) -> None:
        """Take so many from the customer's quota; all or none.

        Raises `QuotaSpent` or `RateLimited`, and then they are counted as refused.
        """
        now = self.now()
        try:
            with self.database.session() as session:
                _take(session, asking.site, quota, checks, now)
                _count(session, asking, now.date(), asked=checks)
        except RateLimited:
            with self.database.session() as session:
                _count(session, asking, now.date(), refused=checks)
            raise

    def note(self, asking: Asker, checks: int) -> None:
        """Count checks that no quota is for."""
        with self.database.session() as session:
            _count(session, asking, self.now().date(), asked=checks)

    def note_hits(self, asking: Asker, hits: int) -> None:
        """Count those of the checks just charged that were told to be listed."""
        with self.database.session() as session:
            _count(session, asking, self.now().date(), hits=hits)


def _take(session: Session, site: str, quota: Quota, checks: int, now: datetime) -> None:
    rows = session.connection()
    # Writing first: whoever asks for the same customer waits here, and reads what this one left.
    before = rows.execute(_TOUCH, {"who": site}).first()
    day = _day_of(before.day, now.date()) if before else now.date()
    used = before.used if before and before.day == day else 0
    # A clock set back fills nothing and takes nothing away.
    waited = max(0.0, (now - before.filled_at).total_seconds()) if before else 0.0
    held = min(float(quota.burst), before.tokens + waited * quota.rate) if before else float(quota.burst)
    # More at once than the bucket ever holds takes a full one, and is made up for before anything else.
    tokens = min(checks, quota.burst)
    if quota.per_day and used + checks > quota.per_day:
        raise QuotaSpent(f"customer {site}: over customers.{site}.per_day", _until_tomorrow(now))
    if held < tokens:
        wait = max(1, math.ceil((tokens - held) / quota.rate))
        raise RateLimited(f"customer {site}: over customers.{site}.rate and burst", wait)
    left = {"day": day, "used": used + checks, "tokens": held - checks, "filled_at": now}
    if before is None:
        rows.execute(_BEGIN, {"site": site, **left})
    else:
        rows.execute(_LEAVE, {"who": site, **left})


def _day_of(before: date, today: date) -> date:
    """Clocks of two machines differ: around midnight none of them begins a day anew."""
    return before if today < before <= today + timedelta(days=1) else today


def _count(
    session: Session, asking: Asker, day: date, *, asked: int = 0, hits: int = 0, refused: int = 0
) -> None:
    row = {"day": day, "site": asking.site, "key_id": asking.key_id, "door": asking.door.value}
    session.connection().execute(_COUNT, {**row, "asked": asked, "hits": hits, "refused": refused})


def _counting() -> Insert:
    added = insert_or(_USES)
    numbers = ("asked", "hits", "refused")
    return added.on_conflict_do_update(
        index_elements=list(_USES.primary_key.columns),
        set_={name: _USES.c[name] + added.excluded[name] for name in numbers},
    )


# Made once: every check executes them, and to build them costs more than to execute them.
_QUOTAS, _USES = cast(Table, CustomerQuota.__table__), cast(Table, KeyUse.__table__)
_MINE = _QUOTAS.c.site == bindparam("who")
_LEFT = (_QUOTAS.c.day, _QUOTAS.c.used, _QUOTAS.c.tokens, _QUOTAS.c.filled_at)
_TOUCH = update(_QUOTAS).where(_MINE).values(site=bindparam("who")).returning(*_LEFT)
_LEAVE = update(_QUOTAS).where(_MINE).values({column: bindparam(column.name) for column in _LEFT})
_BEGIN = insert(_QUOTAS)
_COUNT = _counting()


def _until_tomorrow(now: datetime) -> int:
    """Seconds until the next day begins (UTC)."""
    midnight = datetime.combine(now.date() + timedelta(days=1), time(), now.tzinfo)
    return max(1, math.ceil((midnight - now).total_seconds()))
