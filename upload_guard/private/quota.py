"""How many evaluations a machine key may have in a day, counted for all workers: a list could be found out by
asking for one guess after another.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import delete, insert, select, update

from upload_guard.errors import QuotaSpent
from upload_guard.moments import utc_now
from upload_guard.storage.database import Database
from upload_guard.storage.private_tables import PrivateEvaluation

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Quota:
    """Rows in `database`; raises `StorageFailed` where they cannot be had. Days are those of UTC."""

    database: Database
    per_day: int
    now: Callable[[], datetime] = field(default=utc_now)

    def take(self, key_id: str, count: int) -> int:
        """Note so many evaluations of a key; how many are left. Raises `QuotaSpent`, with nothing noted."""
        now = self.now()
        today = (PrivateEvaluation.key_id == key_id) & (PrivateEvaluation.day == now.date())
        with self.database.session() as session:
            # Writing first holds the row for this transaction.
            used = session.scalar(
                update(PrivateEvaluation)
                .where(today)
                .values(used=PrivateEvaluation.used + count)
                .returning(PrivateEvaluation.used)
            )
            if used is None:
                used = count
                session.execute(insert(PrivateEvaluation).values(key_id=key_id, day=now.date(), used=used))
                session.execute(delete(PrivateEvaluation).where(PrivateEvaluation.day < now.date() - _DAY))
            if used > self.per_day:
                raise QuotaSpent(
                    f"key {key_id}: over private.evaluations_per_day ({self.per_day})", _until_tomorrow(now)
                )
        return self.per_day - used

    def left(self, key_id: str) -> int:
        with self.database.session() as session:
            used = session.scalar(
                select(PrivateEvaluation.used).where(
                    PrivateEvaluation.key_id == key_id, PrivateEvaluation.day == self.now().date()
                )
            )
        return max(0, self.per_day - (used or 0))


def _until_tomorrow(now: datetime) -> int:
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0) + _DAY
    return max(1, round((midnight - now).total_seconds()))
