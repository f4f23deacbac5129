"""The least that the time can be: by it alone something expires, so that no wrong clock shreds early.

A machine's clock may be a day ahead, or be set forward while it runs, or be years off at its start. So a day
is taken off it, and from then on the time since the machine started counts, which nobody sets. Where the
clock is ahead of that, as after a month off, a day is taken on trust at a start, and the rest is followed at
no more than 24 times its pace: what was wrong for an hour has moved the time by a day, which was taken off.
All in rows, so that a restart of the process changes nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import delete, func, select

from upload_guard.moments import utc_now
from upload_guard.storage.database import Database
from upload_guard.storage.vault_tables import BootClock

MARGIN = timedelta(days=1)
_PACE = 24
# Machines without a battery start in 1970.
_EARLIEST = datetime(2026, 1, 1, tzinfo=UTC)
_FORGOTTEN_AFTER = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Running:
    """Names one start of a machine, and how many seconds ago that was."""

    boot: str
    seconds: float


def running() -> Running:
    """By what no setting of the clock changes: Linux's boot id and CLOCK_BOOTTIME, which counts sleep."""
    boot = Path("/proc/sys/kernel/random/boot_id")
    if not boot.exists():
        return Running("this machine", time.monotonic())
    return Running(boot.read_text().strip(), time.clock_gettime(time.CLOCK_BOOTTIME))


@dataclass(frozen=True, slots=True)
class HouseClock:
    """One row of `database` for each start of a machine."""

    database: Database
    wall: Callable[[], datetime] = field(default=utc_now)
    running: Callable[[], Running] = field(default=running)

    def least(self) -> datetime:
        """It never goes back. Raises `StorageFailed`."""
        now, said = self.running(), self.wall() - MARGIN
        with self.database.session() as session:
            row = session.get(BootClock, now.boot, with_for_update=True)
            if row is None:
                known = session.scalar(select(func.max(BootClock.least)))
                least = max(said, _EARLIEST) if known is None else max(known, min(said, known + MARGIN))
                row = BootClock(boot=now.boot, seconds=now.seconds, least=least)
                session.add(row)
                session.execute(delete(BootClock).where(BootClock.least < row.least - _FORGOTTEN_AFTER))
                return row.least
            passed = timedelta(seconds=max(0.0, now.seconds - row.seconds))
            behind = max(timedelta(), said - row.least - passed)
            row.least += passed + min(behind, passed * (_PACE - 1))
            row.seconds = now.seconds
            return row.least
