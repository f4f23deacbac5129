"""Points in time whose distance does not depend on the wall clock, as long as the machine runs."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True, slots=True)
class Moment:
    """`seconds` since the start of the machine that is named `boot`, and `wall` in Unix seconds."""

    boot: str
    seconds: float
    wall: float

    def since(self, earlier: Moment) -> float:
        """Seconds from `earlier` to this; 0 where clocks contradict each other.

        By the wall clock only where the machine was started anew in between: a clock that is set by a day
        must not make anything a day older.
        """
        same_boot = bool(self.boot) and self.boot == earlier.boot
        return max(self.seconds - earlier.seconds if same_boot else self.wall - earlier.wall, 0.0)


def now() -> Moment:
    # Counts while the machine sleeps, which the monotonic clock of Linux does not.
    clock = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
    return Moment(_boot(), time.clock_gettime(clock), time.time())


def _boot() -> str:
    try:
        return _BOOT_ID.read_text(encoding="ascii").strip()
    except OSError:
        return ""
