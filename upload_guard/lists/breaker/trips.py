"""Entries that the flood breaker has lowered, and what people make of them.

A person confirms that an entry is doubtful, and it stays lowered; or lifts that, and only what matches later
can lower it again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from upload_guard.errors import UsageError
from upload_guard.lists.breaker.flood import Flood
from upload_guard.lists.breaker.hits import EntryRow
from upload_guard.lists.opinions import note_change
from upload_guard.records import SignalType
from upload_guard.storage.database import Database, row_of
from upload_guard.storage.events import Event, EventKind, note_event
from upload_guard.storage.journal import Act, note_act
from upload_guard.storage.opinion_tables import BreakerTrip
from upload_guard.storage.tables import HashList

IN_FORCE = ("tripped", "confirmed")
BY_BREAKER = "upload_guard"
"""Who is noted for what the flood breaker does by itself."""


@dataclass(frozen=True, slots=True)
class Trip:
    """An entry that was lowered, as it is shown: what was counted, and what a person said of it."""

    number: int
    list_name: str
    signal_type: SignalType
    value: bytes
    tripped_at: datetime
    flood: Flood
    state: str
    decided_at: datetime | None
    decided_by: str | None
    because: str | None


def trips(database: Database) -> tuple[Trip, ...]:
    """All that were ever lowered, the newest first."""
    with database.session() as session:
        rows = session.execute(
            select(BreakerTrip, HashList.name)
            .join(HashList, HashList.id == BreakerTrip.list_id)
            .order_by(BreakerTrip.id.desc())
        )
        return tuple(_shown(row, name) for row, name in rows)


def trips_of(database: Database, list_name: str, *, in_force: bool) -> tuple[Trip, ...]:
    """Those of one list, the newest first: those in force, or those that were lifted."""
    state = BreakerTrip.state.in_(IN_FORCE)
    with database.session() as session:
        rows = session.execute(
            select(BreakerTrip, HashList.name)
            .join(HashList, HashList.id == BreakerTrip.list_id)
            .where(HashList.name == list_name, state if in_force else ~state)
            .order_by(BreakerTrip.id.desc())
        )
        return tuple(_shown(row, name) for row, name in rows)


def lower(database: Database, entry: EntryRow, flood: Flood) -> bool:
    """The breaker lowers an entry, unless it is lowered already; whether it did.

    Raises `StorageFailed`, and `AuditBroken`: then it is not lowered. `database` waits for the disk, as for
    all that the audit log has, since its head may be written down elsewhere at once.
    """
    with database.session() as session:
        # Writing first: whoever comes at the same time waits here, and then sees what this one wrote.
        note_change(session)
        session.flush()
        hash_list = session.get(HashList, entry.list_id)
        if hash_list is None or is_lowered(session, entry):
            return False
        trip = BreakerTrip(
            list_id=entry.list_id,
            signal_type=entry.signal_type,
            value=entry.value,
            tripped_at=datetime.now(UTC),
            matched=flood.matched,
            uploads=flood.uploads,
            sources=flood.sources,
            state="tripped",
        )
        session.add(trip)
        session.flush()
        said: dict[str, str | int] = {"trip": trip.id, "list": hash_list.name}
        note_act(session, Act(BY_BREAKER, "breaker.tripped", details=said))
        note_event(session, Event(EventKind.BREAKER_TRIPPED, details={"list": hash_list.name}))
    return True


def is_lowered(session: Session, entry: EntryRow) -> bool:
    trip = select(BreakerTrip.id).where(entry.of(BreakerTrip), BreakerTrip.state.in_(IN_FORCE))
    return session.scalar(trip.limit(1)) is not None


def confirm(database: Database, number: int, person: str, because: str) -> None:
    """The breaker was right: the entry stays lowered. Raises `UsageError`."""
    _decide(database, number, "confirmed", person, because)


def lift(database: Database, number: int, person: str, because: str) -> None:
    """The entry is right: it acts again as its list says. Raises `UsageError`."""
    _decide(database, number, "lifted", person, because)


def _decide(database: Database, number: int, state: str, person: str, because: str) -> None:
    if not because.strip():
        raise UsageError("a decision needs a reason")
    with database.session() as session:
        trip = row_of(session, BreakerTrip, number)
        if trip is None or trip.state not in IN_FORCE or trip.state == state:
            raise UsageError(f"there is no lowered entry {number} to be {state}: see 'list breaker show'")
        trip.state, trip.decided_at = state, datetime.now(UTC)
        trip.decided_by, trip.because = person, because[:1024]
        note_act(
            session, Act(person, f"breaker.{state}", details={"trip": number, "because": because[:1024]})
        )
        note_change(session)


def _shown(row: BreakerTrip, list_name: str) -> Trip:
    return Trip(
        number=row.id,
        list_name=list_name,
        signal_type=SignalType(row.signal_type),
        value=row.value,
        tripped_at=row.tripped_at,
        flood=Flood(row.matched, row.uploads, row.sources),
        state=row.state,
        decided_at=row.decided_at,
        decided_by=row.decided_by,
        because=row.because,
    )
