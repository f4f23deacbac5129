"""Remembers which customer got a hit, without the hash: rows hold it under a key of this installation.

A customer is a site of machine keys. One that asks again on the same day (UTC) for the same hash, or for
another hash of the same question, has one hit, with a count.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import chain

from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from upload_guard.keyring import Keyring
from upload_guard.moments import utc_now
from upload_guard.records import Signal
from upload_guard.storage.customer_tables import CustomerHit, CustomerHitDigest
from upload_guard.storage.database import Database

_PURPOSE = "customer hits"


@dataclass(frozen=True, slots=True)
class AnsweredHit:
    """What a customer asked about at once and was told is listed: hashes of one file, in one category."""

    signals: tuple[Signal, ...]
    category: str


@dataclass(frozen=True, slots=True)
class HitKeys:
    """The keys of hits: HMAC-SHA256 (RFC 2104), 32 bytes for each hash of any type."""

    keyring: Keyring = field(repr=False)
    _keys: tuple[bytes, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        previous = self.keyring.previous
        rings = (self.keyring, *([Keyring(previous)] if previous is not None else []))
        object.__setattr__(self, "_keys", tuple(ring.subkey(_PURPOSE) for ring in rings))

    def digest(self, signal: Signal) -> bytes:
        """Under which it is noted."""
        return self.digests(signal)[0]

    def digests(self, signal: Signal) -> tuple[bytes, ...]:
        """Under which it may have been, too: by the master key before, while that is being rotated."""
        named = f"{signal.type}:".encode() + signal.value
        return tuple(hmac.digest(key, named, "sha256") for key in self._keys)


@dataclass(frozen=True, slots=True)
class Hits:
    """Rows in `database`. Every method raises `StorageFailed`; a customer gets its answer all the same."""

    database: Database
    keys: HitKeys
    now: Callable[[], datetime] = field(default=utc_now)

    def note(self, site: str, answers: Sequence[AnsweredHit]) -> tuple[str, ...]:
        """Note what `site` was just told; an id for each, by which it can say what became of it.

        An answer needs one signal at least.
        """
        now = self.now()
        with self.database.session() as session:
            return tuple(self._note(session, site, answer, now) for answer in answers)

    def forget(self, before: datetime) -> int:
        """Delete what was last asked for before then; how many."""
        # No hit was asked for last before it was first: by that index, not all rows are gone through.
        old = (CustomerHit.asked_at < before) & (CustomerHit.last_asked_at < before)
        with self.database.session() as session:
            gone = session.execute(delete(CustomerHit).where(old))
            return int(gone.rowcount)  # type: ignore[attr-defined]

    def _note(self, session: Session, site: str, answer: AnsweredHit, now: datetime) -> str:
        asked = {self.keys.digest(signal): self.keys.digests(signal) for signal in answer.signals}
        known = _known(session, site, now.date(), chain.from_iterable(asked.values()))
        hit = min(known.values(), default="")
        if hit:
            session.execute(
                update(CustomerHit)
                .where(CustomerHit.id == hit)
                .values(times=CustomerHit.times + 1, last_asked_at=now)
            )
        else:
            hit = secrets.token_hex(16)
            session.add(_new(hit, site, answer.category, now))
        # What is not noted yet in either way.
        new = (digest for digest, either in asked.items() if known.keys().isdisjoint(either))
        session.add_all(
            CustomerHitDigest(site=site, digest=digest, day=now.date(), hit_id=hit) for digest in new
        )
        session.flush()
        return hit


def _known(session: Session, site: str, day: date, digests: Iterable[bytes]) -> dict[bytes, str]:
    """The hits of a day by these digests. Writing first: whoever notes the same waits here."""
    rows = session.execute(
        update(CustomerHitDigest)
        .where(
            CustomerHitDigest.site == site,
            CustomerHitDigest.day == day,
            CustomerHitDigest.digest.in_(tuple(digests)),
        )
        .values(site=site)
        .returning(CustomerHitDigest.digest, CustomerHitDigest.hit_id)
    )
    return {row.digest: row.hit_id for row in rows}


def _new(hit: str, site: str, category: str, now: datetime) -> CustomerHit:
    return CustomerHit(
        id=hit,
        site=site,
        day=now.date(),
        category=category[:64],
        asked_at=now,
        last_asked_at=now,
        times=1,
        outcome="",
        told_by="",
    )
