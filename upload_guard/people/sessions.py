"""Who is logged in, in rows: every worker and every machine knows it, and it ends everywhere at once.

The browser has an opaque token of 256 bits, the row only its SHA-256. Each step of a log-in gives a new one.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import delete, insert, select, update

from upload_guard.moments import utc_now
from upload_guard.people.noting import note_even_so
from upload_guard.people.roles import Person, Rights, Role
from upload_guard.storage.database import Database
from upload_guard.storage.journal import Act
from upload_guard.storage.people_tables import PersonRow, ReviewSession

# Between password and code; and how coarsely it is noted that somebody is still there.
_HALF_WAY = timedelta(minutes=10)
_SEEN_EVERY = timedelta(minutes=1)


class Needs(StrEnum):
    """What a session still takes before it opens anything, in the order in which it is asked for."""

    CODE = "code"
    """A code of the phone, or one to recover with."""
    PASSWORD = "password"  # noqa: S105 - what is needed
    """Another password than the one that somebody else gave them."""
    ENROLMENT = "enrolment"
    """A phone that shows codes."""
    NOTHING = ""


@dataclass(frozen=True, slots=True)
class SessionEnds:
    """After `idle` without a request, and `whole` after the log-in whatever happens."""

    idle: timedelta = timedelta(minutes=30)
    whole: timedelta = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class Opened:
    """A session that lives. `key` names it without opening it."""

    key: str
    person: Person
    needs: Needs
    began_at: datetime
    seen_at: datetime
    address: str


@dataclass(frozen=True, slots=True)
class Sessions:
    """Rows in `database`. Raises `StorageFailed` where rows cannot be had."""

    database: Database
    rights: Rights = field(default_factory=Rights)
    ends: SessionEnds = SessionEnds()
    now: Callable[[], datetime] = field(default=utc_now)

    def begin(self, person_id: str, needs: Needs, address: str) -> str:
        """The token of a new session; what has ended is thrown away with it."""
        now, token = self.now(), secrets.token_urlsafe(32)
        lasts = _HALF_WAY if needs is not Needs.NOTHING else self.ends.whole
        with self.database.session() as session:
            session.execute(delete(ReviewSession).where(ReviewSession.ends_at < now))
            session.execute(
                insert(ReviewSession).values(
                    digest=_digest(token),
                    person_id=person_id,
                    needs=needs,
                    began_at=now,
                    seen_at=now,
                    ends_at=now + lasts,
                    address=address[:64],
                )
            )
        return token

    def find(self, token: str, *, by_hand: bool) -> Opened | None:
        """The session of this token, if it lives; `by_hand`: a person asks, no page that renews itself."""
        now = self.now()
        with self.database.session() as session:
            found = session.execute(
                select(ReviewSession, PersonRow)
                .join(PersonRow, PersonRow.id == ReviewSession.person_id)
                .where(ReviewSession.digest == _digest(token), PersonRow.disabled_at.is_(None))
            ).first()
            if found is None:
                return None
            row, person = found
            if now >= row.ends_at or now - row.seen_at >= self.ends.idle:
                session.execute(delete(ReviewSession).where(ReviewSession.digest == row.digest))
                return None
            opened = self._opened(row, person)
            if by_hand and now - row.seen_at >= _SEEN_EVERY:
                mine = ReviewSession.digest == row.digest
                session.execute(update(ReviewSession).where(mine).values(seen_at=now))
            return opened

    def of(self, person_id: str) -> tuple[Opened, ...]:
        """What somebody is logged in with, newest first."""
        now = self.now()
        with self.database.session() as session:
            rows = session.execute(
                select(ReviewSession, PersonRow)
                .join(PersonRow, PersonRow.id == ReviewSession.person_id)
                .where(
                    ReviewSession.person_id == person_id,
                    ReviewSession.needs == Needs.NOTHING,
                    ReviewSession.ends_at > now,
                    ReviewSession.seen_at > now - self.ends.idle,
                )
                .order_by(ReviewSession.began_at.desc())
            ).all()
        return tuple(self._opened(row, person) for row, person in rows)

    def forget(self, token: str) -> None:
        """What another session takes the place of."""
        with self.database.session() as session:
            session.execute(delete(ReviewSession).where(ReviewSession.digest == _digest(token)))

    def end(self, token: str) -> None:
        """Log out: the token opens nothing any more."""
        with self.database.session() as session:
            name = session.scalar(
                select(PersonRow.name)
                .join(ReviewSession, ReviewSession.person_id == PersonRow.id)
                .where(ReviewSession.digest == _digest(token))
            )
            session.execute(delete(ReviewSession).where(ReviewSession.digest == _digest(token)))
            if name is not None:
                note_even_so(session, Act(name, "person.logged_out"))

    def end_others(self, person: Person, token: str) -> None:
        """Log out everywhere but here."""
        with self.database.session() as session:
            others = (ReviewSession.person_id == person.id) & (ReviewSession.digest != _digest(token))
            session.execute(delete(ReviewSession).where(others))
            note_even_so(session, Act(person.name, "person.others_logged_out"))

    def _opened(self, row: ReviewSession, person: PersonRow) -> Opened:
        role = Role(person.role)
        return Opened(
            key=row.digest.hex()[:16],
            person=Person(person.id, person.name, role, self.rights.permissions(role)),
            needs=Needs(row.needs),
            began_at=row.began_at,
            seen_at=row.seen_at,
            address=row.address,
        )


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
