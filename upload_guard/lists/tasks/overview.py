"""Every list at a glance: what acts, since when, what people or the breaker said of it, and what waits.

By counts that rows hold; nothing here reads entries.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from sqlalchemy import select
from sqlalchemy.orm import Session

from upload_guard.lists.breaker.trips import Trip, trips_of
from upload_guard.lists.lookup import found
from upload_guard.lists.orders import gate_of
from upload_guard.lists.store import ListStore
from upload_guard.lists.sync.rows import ExchangeState, exchange_states
from upload_guard.lists.versions import Activation, VersionInfo
from upload_guard.records import SignalType
from upload_guard.storage.database import Database
from upload_guard.storage.opinion_tables import EntryDispute
from upload_guard.storage.tables import HashList, ListGate


@dataclass(frozen=True, slots=True)
class Dispute:
    """An entry that one person wants to act no more here, and whether another has agreed."""

    signal_type: SignalType
    value: bytes
    case: str
    because: str
    proposed_by: str
    proposed_at: datetime
    agreed_by: str | None
    agreed_at: datetime | None


@dataclass(frozen=True, slots=True)
class GateNote:
    """What is on record of a version's way through the gate: how many it put aside, and who let it pass."""

    aside: int = 0
    approved_by: str | None = None
    approved_at: datetime | None = None
    because: str | None = None


@dataclass(frozen=True, slots=True)
class ListOverview:
    """One list. `versions` stand oldest first; `trips` and `disputes` are those in force, newest first.

    `exchange` is how fetching it goes, None where it never was.
    """

    name: str
    origin: str
    versions: tuple[VersionInfo, ...]
    gate: GateNote
    trips: tuple[Trip, ...]
    disputes: tuple[Dispute, ...]
    exchange: ExchangeState | None

    @property
    def active(self) -> VersionInfo | None:
        return next((one for one in self.versions if one.active), None)

    @property
    def newest(self) -> VersionInfo:
        return self.versions[-1]

    @property
    def waiting(self) -> VersionInfo | None:
        """The newest version, where it does not act and nothing newer does."""
        active = self.active
        return self.newest if active is None or self.newest.number > active.number else None

    @property
    def to_decide(self) -> tuple[Trip, ...]:
        """Entries that the breaker lowered and of which nobody has said anything."""
        return tuple(trip for trip in self.trips if trip.state == "tripped")

    @property
    def activations(self) -> tuple[Activation, ...]:
        """The newest first."""
        every = (one for version in self.versions for one in version.activations)
        return tuple(sorted(every, key=lambda one: one.at, reverse=True))

    def version(self, number: int) -> VersionInfo | None:
        return next((one for one in self.versions if one.number == number), None)


def overview(lists: ListStore) -> tuple[ListOverview, ...]:
    """Every list that has a version, by name. Raises `StorageFailed`."""
    states = exchange_states(lists.database)
    by_list = groupby(lists.versions(), key=lambda one: one.list_name)
    return tuple(
        _overview(lists.database, name, tuple(versions), states.get(name)) for name, versions in by_list
    )


def overview_of(lists: ListStore, name: str) -> ListOverview:
    """Of one list. Raises `ListError` where there is none of that name, and `StorageFailed`."""
    with lists.database.session() as session:
        found(session, name)
    versions = tuple(one for one in lists.versions() if one.list_name == name)
    return _overview(lists.database, name, versions, exchange_states(lists.database).get(name))


def gate_note(database: Database, name: str, number: int) -> GateNote:
    """Of a version; nothing where it was never asked. Raises `ListError` and `StorageFailed`."""
    with database.session() as session:
        return _noted(gate_of(session, found(session, name), number))


def _overview(
    database: Database, name: str, versions: tuple[VersionInfo, ...], exchange: ExchangeState | None
) -> ListOverview:
    acting = next((one.number for one in versions if one.active), None)
    with database.session() as session:
        hash_list = found(session, name)
        gate = _noted(gate_of(session, hash_list, acting) if acting is not None else None)
        disputes = tuple(_disputes(session, hash_list))
    lowered = trips_of(database, name, in_force=True)
    return ListOverview(name, versions[0].origin, versions, gate, lowered, disputes, exchange)


def _noted(gate: ListGate | None) -> GateNote:
    if gate is None:
        return GateNote()
    return GateNote(gate.aside, gate.approved_by, gate.approved_at, gate.because)


def _disputes(session: Session, hash_list: HashList) -> Iterable[Dispute]:
    rows = session.scalars(
        select(EntryDispute)
        .where(EntryDispute.list_id == hash_list.id, EntryDispute.lifted_at.is_(None))
        .order_by(EntryDispute.id.desc())
    )
    for row in rows:
        yield Dispute(
            signal_type=SignalType(row.signal_type),
            value=row.value,
            case=row.case_number,
            because=row.because,
            proposed_by=row.proposed_by,
            proposed_at=row.proposed_at,
            agreed_by=row.agreed_by,
            agreed_at=row.agreed_at,
        )
