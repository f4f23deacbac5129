"""What became of hits, as customers tell it. Each speaks of its own; nothing that is told acts by itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from sqlalchemy import Select, select, tuple_, update
from sqlalchemy.orm import Session

from upload_guard.customers.hits import HitKeys
from upload_guard.customers.wire import HitOutcome, OutcomeTold
from upload_guard.moments import utc_now
from upload_guard.storage.customer_tables import CustomerHit, CustomerHitDigest
from upload_guard.storage.database import Database
from upload_guard.storage.journal import Act, note_act

CLOCKS_APART = timedelta(minutes=10)
"""So much earlier than the hit an outcome may be said to have happened: a customer's clock may be slow."""

_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class HitInfo:
    """A hit as people and its customer may see it. Times in UTC; see `CustomerHit`."""

    id: str
    site: str
    category: str
    asked_at: datetime
    last_asked_at: datetime
    times: int
    outcome: HitOutcome | None
    followed_at: datetime | None
    outcome_at: datetime | None


@dataclass(frozen=True, slots=True)
class Outcomes:
    """Rows in `database`. Every method raises `StorageFailed`."""

    database: Database
    keys: HitKeys
    now: Callable[[], datetime] = field(default=utc_now)

    def tell(self, site: str, told: Sequence[OutcomeTold], key_id: str) -> tuple[bool, ...]:
        """Write down what `site` did; for each whether it has such a hit. Told twice it is told once.

        A hash stands for the hits by it that are open, or for the newest where none is; never for one that
        came later than what is told of it. Raises `AuditBroken`.
        """
        now = self.now()
        with self.database.session() as session:
            return tuple(self._tell(session, site, one, key_id, now) for one in told)

    def open(self, site: str, limit: int, after: str = "") -> tuple[HitInfo, ...]:
        """Hits of `site` of which nothing was told, oldest first; those after the hit `after`, if given."""
        place = (CustomerHit.asked_at, CustomerHit.id)
        rows = select(CustomerHit).where(CustomerHit.site == site, CustomerHit.followed_at.is_(None))
        if after:
            begin = select(*place).where(CustomerHit.id == after, CustomerHit.site == site)
            rows = rows.where(tuple_(*place) > begin.scalar_subquery())
        return self._page(rows.order_by(*place), limit)

    def newest(self, site: str, limit: int) -> tuple[HitInfo, ...]:
        """The last hits of `site`, whatever became of them, newest first."""
        rows = select(CustomerHit).where(CustomerHit.site == site)
        return self._page(rows.order_by(CustomerHit.asked_at.desc(), CustomerHit.id), limit)

    def doubted(self, limit: int) -> tuple[HitInfo, ...]:
        """Hits that their customers hold for false positives, newest first; an opinion, and nothing more."""
        rows = select(CustomerHit).where(CustomerHit.outcome == HitOutcome.FALSE_POSITIVE.value)
        return self._page(rows.order_by(CustomerHit.asked_at.desc(), CustomerHit.id), limit)

    def _page(self, rows: Select[CustomerHit], limit: int) -> tuple[HitInfo, ...]:
        with self.database.session() as session:
            return tuple(map(_info, session.scalars(rows.limit(limit))))

    def _tell(self, session: Session, site: str, told: OutcomeTold, key_id: str, now: datetime) -> bool:
        # A moment at the ends of the calendar is in no other zone.
        at = max(min(told.at or now, now), _LONG_AGO)
        hits = self._named(session, site, told, at)
        for hit in hits:
            before = hit.outcome
            if _change(hit, told.outcome, max(at, hit.asked_at)):
                hit.told_at, hit.told_by = now, key_id
                said = {"site": site, "hit": hit.id, "outcome": told.outcome.value, "before": before}
                note_act(session, Act(f"key {key_id}", "hit.outcome", details=said))
        session.flush()
        return bool(hits)

    def _named(self, session: Session, site: str, told: OutcomeTold, at: datetime) -> Sequence[CustomerHit]:
        """Writing first, whoever asks and whatever for: nobody else changes these meanwhile."""
        mine = CustomerHit.site == site
        if told.hash is None:
            named = mine & (CustomerHit.id == told.hit)
        else:
            by_hash = select(CustomerHitDigest.hit_id).where(
                CustomerHitDigest.site == site,
                CustomerHitDigest.digest.in_(self.keys.digests(told.hash.signal())),
            )
            named = mine & CustomerHit.id.in_(by_hash) & (CustomerHit.asked_at <= at + CLOCKS_APART)
        touched = update(CustomerHit).where(named).values(site=site).returning(CustomerHit)
        hits = sorted(session.scalars(touched), key=lambda hit: hit.asked_at)
        return [hit for hit in hits if hit.followed_at is None] or hits[-1:]


def _change(hit: CustomerHit, outcome: HitOutcome, at: datetime) -> bool:
    """Whether that is news. Messages may come late and in any order: what was done last stands."""
    is_last = hit.outcome_at is None or at >= hit.outcome_at
    is_first = hit.followed_at is None or at < hit.followed_at
    if is_last and hit.outcome != outcome.value:
        hit.outcome, hit.outcome_at = outcome.value, at
    elif not is_first:
        return False
    if is_first:
        hit.followed_at = at
    return True


def _info(row: CustomerHit) -> HitInfo:
    return HitInfo(
        id=row.id,
        site=row.site,
        category=row.category,
        asked_at=row.asked_at,
        last_asked_at=row.last_asked_at,
        times=row.times,
        outcome=HitOutcome(row.outcome) if row.outcome else None,
        followed_at=row.followed_at,
        outcome_at=row.outcome_at,
    )
