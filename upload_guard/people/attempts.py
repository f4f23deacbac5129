"""How often a log-in may go wrong before nobody is listened to for a while, whatever worker is asked.

An attempt is counted before the password is looked at and taken back when it was right, so that a hundred
guesses at once are no more than five.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.orm import Session

from upload_guard.errors import LogInLocked
from upload_guard.moments import utc_now
from upload_guard.storage.database import Database
from upload_guard.storage.people_tables import LogInAttempts

# An office shares an address; a name belongs to one person.
_ADDRESS_TIMES = 4


@dataclass(frozen=True, slots=True)
class Limits:
    """After `failures` wrong passwords of one person within `lock_out`, none is heard for as long."""

    failures: int = 5
    lock_out: timedelta = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Who:
    """Under which name and from where somebody tries. `address` is empty where it cannot be told."""

    name: str
    address: str

    @property
    def counted(self) -> tuple[str, ...]:
        # A digest, for people type passwords into the field for names.
        mine = f"name:{hashlib.sha256(self.name.encode()).hexdigest()}"
        return (mine, f"from:{self.address}") if self.address else (mine,)


@dataclass(frozen=True, slots=True)
class Attempts:
    """Rows in `database`. Raises `StorageFailed` where rows cannot be had."""

    database: Database
    limits: Limits = Limits()
    now: Callable[[], datetime] = field(default=utc_now)

    def begin(self, who: Who) -> None:
        """Count an attempt. Raises `LogInLocked` where there were too many, and then it is not counted."""
        wait = self.wait(who)
        if not wait:
            with self.database.session() as session:
                wait = max(self._count(session, name) for name in who.counted)
        if wait:
            raise LogInLocked(f"a log-in from {who.address or 'somewhere'}, which is locked out", wait)

    def succeeded(self, who: Who) -> None:
        """The attempt just begun was right."""
        own, *places = who.counted
        with self.database.session() as session:
            session.execute(delete(LogInAttempts).where(LogInAttempts.name == own))
            for place in places:
                # Only this one: others may have guessed from there.
                session.execute(
                    update(LogInAttempts)
                    .where(LogInAttempts.name == place, LogInAttempts.failures > 0)
                    .values(failures=LogInAttempts.failures - 1, until=None)
                )

    def wait(self, who: Who) -> int:
        """Seconds for which nothing is heard from there. Only reads: who is locked out makes no work."""
        now = self.now()
        with self.database.session() as session:
            until: datetime | None = session.scalar(
                select(func.max(LogInAttempts.until)).where(LogInAttempts.name.in_(who.counted))
            )
        return 0 if until is None or until <= now else math.ceil((until - now).total_seconds())

    def _count(self, session: Session, name: str) -> int:
        """One more; seconds to wait where that is one too many."""
        now, limits, mine = self.now(), self.limits, LogInAttempts.name == name
        session.execute(delete(LogInAttempts).where(LogInAttempts.since < now - 2 * limits.lock_out))
        touched = session.execute(
            update(LogInAttempts)
            .where(mine)
            .values(name=name)
            .returning(LogInAttempts.failures, LogInAttempts.since, LogInAttempts.until)
        ).first()
        if touched is None:
            until = now + limits.lock_out if self._most(name) == 1 else None
            session.execute(insert(LogInAttempts).values(name=name, failures=1, since=now, until=until))
            return 0
        if touched.until is not None and touched.until > now:
            return _seconds(touched.until - now)
        recent = touched.until is None and now - touched.since < limits.lock_out
        failures, since = (touched.failures + 1, touched.since) if recent else (1, now)
        until = now + limits.lock_out if failures >= self._most(name) else None
        session.execute(update(LogInAttempts).where(mine).values(failures=failures, since=since, until=until))
        return 0

    def _most(self, name: str) -> int:
        return self.limits.failures * (_ADDRESS_TIMES if name.startswith("from:") else 1)


def _seconds(wait: timedelta) -> int:
    return math.ceil(wait.total_seconds())
