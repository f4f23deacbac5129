"""What all workers must know of requests just made: nonces, limits and lock-outs.

Database rows, since there is no Redis; one would be another `Ledger`.
"""

from __future__ import annotations

import logging
import math
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol, cast

from sqlalchemy import Table, bindparam, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from upload_guard.errors import RateLimited, Replayed
from upload_guard.moments import utc_now
from upload_guard.storage.database import Database
from upload_guard.storage.key_tables import LockOut, RateBucket, UsedNonce

log = logging.getLogger(__name__)

# One request in so many throws away what is out of date, so that each finds little of it.
_PRUNED_EVERY = 64


@dataclass(frozen=True, slots=True)
class KeyLimits:
    """`rate` requests a second and `burst` at once for each key; after `failures` bad signatures within
    `lock_out` one more from there is turned away unheard, for as long."""

    rate: float
    burst: int
    failures: int
    lock_out: timedelta


class Ledger(Protocol):
    """Shared by all workers."""

    def admit(self, key_id: str, nonce: str, until: datetime) -> None:
        """Note one request of a key. `nonce` is remembered until then; empty for a bearer token.

        Raises `Replayed` or `RateLimited`, and then nothing is noted.
        """

    def charge(self, key_id: str, requests: int) -> None:
        """Count as many more for one that asks as much; at most a whole burst. Raises `RateLimited`."""

    def note_failure(self, names: Iterable[str]) -> int:
        """Count a bad signature for each name; seconds for which one of them is locked out, or 0."""


@dataclass(frozen=True, slots=True)
class RowLedger:
    """A `Ledger` in the database. Raises `StorageFailed` where rows cannot be had."""

    database: Database
    limits: KeyLimits
    now: Callable[[], datetime] = field(default=utc_now)

    def admit(self, key_id: str, nonce: str, until: datetime) -> None:
        # Every path writes first: the rows are this transaction's own before it reads what it decides by.
        with self.database.session() as session:
            if nonce:
                _remember(session, key_id, nonce, until)
            self._take_tokens(session, key_id, 1)
            if secrets.randbelow(_PRUNED_EVERY) == 0:
                self._prune(session)

    def charge(self, key_id: str, requests: int) -> None:
        with self.database.session() as session:
            self._take_tokens(session, key_id, min(requests, self.limits.burst))

    def note_failure(self, names: Iterable[str]) -> int:
        counted = sorted(set(names))
        if wait := self._locked_for(counted):
            return wait
        with self.database.session() as session:
            return max((self._count(session, name) for name in counted), default=0)

    def _locked_for(self, names: list[str]) -> int:
        """Only reads: whoever is locked out can make no work for the disk."""
        now = self.now()
        with self.database.session() as session:
            until = session.scalar(select(func.max(LockOut.until)).where(LockOut.name.in_(names)))
        return math.ceil((until - now).total_seconds()) if until is not None and until > now else 0

    def _take_tokens(self, session: Session, key_id: str, count: int) -> None:
        now, limits, rows = self.now(), self.limits, session.connection()
        touched = rows.execute(_TOUCH, {"who": key_id}).first()
        if touched is None:
            rows.execute(_BEGIN, {"key_id": key_id, "tokens": limits.burst - count, "filled_at": now})
            return
        # A clock set back fills nothing and takes nothing away.
        waited = max(0.0, (now - touched.filled_at).total_seconds())
        tokens = min(float(limits.burst), touched.tokens + waited * limits.rate)
        if tokens < count:
            wait = max(1, math.ceil((count - tokens) / limits.rate))
            raise RateLimited(f"key {key_id}: over limits.rate and limits.burst", wait)
        rows.execute(_LEAVE, {"who": key_id, "tokens": tokens - count, "filled_at": now})

    def _count(self, session: Session, name: str) -> int:
        now, limits, mine = self.now(), self.limits, LockOut.name == name
        touched = session.execute(
            update(LockOut)
            .where(mine)
            .values(name=name)
            .returning(LockOut.failures, LockOut.since, LockOut.until)
        ).first()
        if touched is None:
            session.execute(insert(LockOut).values(name=name, failures=1, since=now))
            return 0
        recent = touched.until is None and now - touched.since < limits.lock_out
        failures = touched.failures + 1 if recent else 1
        since = touched.since if recent else now
        until = now + limits.lock_out if failures > limits.failures else None
        session.execute(update(LockOut).where(mine).values(failures=failures, since=since, until=until))
        if until is None:
            return 0
        log.warning("locked out until %s after %d bad signatures: %r", until, limits.failures, name)
        return math.ceil(limits.lock_out.total_seconds())

    def _prune(self, session: Session) -> None:
        now = self.now()
        session.execute(delete(UsedNonce).where(UsedNonce.expires_at < now))
        # A lock-out ends at most one `lock_out` after the count that led to it.
        session.execute(delete(LockOut).where(LockOut.since < now - 2 * self.limits.lock_out))


# Made once: every request executes them, and to build them costs more than to execute them.
_BUCKETS = cast(Table, RateBucket.__table__)
_MINE = _BUCKETS.c.key_id == bindparam("who")
_LEFT = (_BUCKETS.c.tokens, _BUCKETS.c.filled_at)
_TOUCH = update(_BUCKETS).where(_MINE).values(key_id=bindparam("who")).returning(*_LEFT)
_LEAVE = update(_BUCKETS).where(_MINE).values({column: bindparam(column.name) for column in _LEFT})
_BEGIN = insert(_BUCKETS)


def _remember(session: Session, key_id: str, nonce: str, until: datetime) -> None:
    try:
        session.execute(insert(UsedNonce).values(key_id=key_id, nonce=nonce, expires_at=until))
    except IntegrityError:
        raise Replayed(f"key {key_id}: a nonce came again") from None
