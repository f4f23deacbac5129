"""How often one network may come in an hour, whatever worker is asked."""

from __future__ import annotations

import hmac
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import delete, insert, select, update

from upload_guard.errors import RateLimited
from upload_guard.moments import utc_now
from upload_guard.storage.database import Database
from upload_guard.storage.public_tables import PublicVisit

_HOUR = timedelta(hours=1)
# Behind a proxy that tells no addresses all strangers are one, and one must not shut all others out so soon.
_SHARED_TIMES = 20


class Visit(StrEnum):
    """What somebody came for."""

    LOOK = "look"
    SEND = "send"


@dataclass(frozen=True, slots=True)
class Visits:
    """Rows in `database`, by digests under `key` that say no address. `most` visits of a kind in an hour."""

    database: Database
    key: bytes = field(repr=False)
    most: dict[Visit, int]
    now: Callable[[], datetime] = field(default=utc_now)

    def count(self, network: str, visit: Visit) -> None:
        """Count one of `network`, empty where that cannot be told. Raises `RateLimited`, `StorageFailed`.

        One that is turned away is not counted and writes nothing.
        """
        who = hmac.digest(self.key, network.encode(), "sha256")
        most = self.most[visit] * (1 if network else _SHARED_TIMES)
        mine = (PublicVisit.who == who) & (PublicVisit.kind == visit.value)
        now = self.now()
        with self.database.session() as session:
            before = session.execute(select(PublicVisit.times, PublicVisit.since).where(mine)).first()
        if before and before.times >= most and now - before.since < _HOUR:
            raise RateLimited(f"{visit}: over {most} in an hour from one place", _left(before.since, now))
        with self.database.session() as session:
            session.execute(delete(PublicVisit).where(PublicVisit.since <= now - _HOUR))
            counted = session.execute(
                update(PublicVisit)
                .where(mine)
                .values(times=PublicVisit.times + 1)
                .returning(PublicVisit.times)
            ).scalar()
            if counted is None:
                session.execute(insert(PublicVisit).values(who=who, kind=visit.value, times=1, since=now))
            elif counted > most:
                # Others came at the same moment.
                raise RateLimited(f"{visit}: over {most} in an hour from one place")


def _left(since: datetime, now: datetime) -> int:
    return max(1, math.ceil((since + _HOUR - now).total_seconds()))
