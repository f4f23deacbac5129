"""An installation's persons with a clock that tests turn, and hashes that are quick to make."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from argon2 import PasswordHasher
from sqlalchemy import select

from tests.support import settings_in
from upload_guard.compose import open_database_of
from upload_guard.people.opening import Gate, open_gate
from upload_guard.people.passwords import Passwords
from upload_guard.settings import Settings
from upload_guard.storage.vault_tables import AuditRow

PASSWORD = "nine clouds over an old harbour"  # noqa: S105 - of nobody
QUICK = Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


@dataclass
class Clock:
    now: datetime = field(default_factory=lambda: datetime(2026, 11, 26, 9, 0, tzinfo=UTC))

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, **span: float) -> None:
        self.now += timedelta(**span)


@dataclass(frozen=True)
class Opened:
    """`gate` as the settings have it, over the clock."""

    settings: Settings
    gate: Gate
    clock: Clock

    def acts(self) -> list[tuple[str, str]]:
        """Who did what, oldest first."""
        with self.gate.people.database.session() as session:
            rows = session.scalars(select(AuditRow).order_by(AuditRow.sequence)).all()
        return [(row.person, row.act) for row in rows]


def opened(folder: Path, **review: object) -> Opened:
    settings = settings_in(folder, review=review)
    clock = Clock()
    gate = with_clock(open_gate(settings, open_database_of(settings)), clock)
    return Opened(settings, gate, clock)


def with_clock(gate: Gate, now: Callable[[], datetime], passwords: Passwords = QUICK) -> Gate:
    people = replace(gate.people, now=now, passwords=passwords)
    sessions, phones = replace(gate.sessions, now=now), replace(gate.phones, now=now)
    attempts = replace(gate.log_in.attempts, now=now)
    log_in = replace(
        gate.log_in, people=people, sessions=sessions, attempts=attempts, passwords=passwords, phones=phones
    )
    return Gate(people, sessions, phones, log_in)
