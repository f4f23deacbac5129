"""Single hashes added to a list and retracted from it between its versions, as rows in their order."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from upload_guard.lists.formats import ListedHash
from upload_guard.matching.delta import Change
from upload_guard.records import Entry, SignalType
from upload_guard.storage.tables import ChangeCounter, HashList, ListChange, ListVersion


@dataclass(frozen=True, slots=True)
class Addition:
    """What is said of added hashes: their version, and the category of those that name none."""

    version: ListVersion
    category: str


def record_changes(
    session: Session,
    hash_list: HashList,
    hashes: Iterable[ListedHash],
    addition: Addition | None,
    person: str,
    now: datetime,
) -> int:
    """One row a hash: added as `addition` says, or retracted where there is none. How many there are."""
    # The row is held until the transaction ends, so that sequences are seen in their order: whoever has read
    # up to one of them has missed none.
    session.execute(update(ChangeCounter).values(last=ChangeCounter.last))
    last = session.scalars(select(ChangeCounter.last)).one()
    number = _last_number(session, hash_list, addition.version) if addition else 0
    count = 0
    for count, one in enumerate(hashes, start=1):
        session.add(
            ListChange(
                sequence=last + count,
                list_id=hash_list.id,
                signal_type=one.signal_type.value,
                value=one.value,
                version=addition.version.number if addition else None,
                entry_number=number + count if addition else None,
                category=(one.category or addition.category) if addition else None,
                made_at=now,
                made_by=person,
            )
        )
    session.execute(update(ChangeCounter).values(last=last + count))
    return count


def changes_of(session: Session, lists: Iterable[HashList]) -> tuple[Change, ...]:
    """All changes to `lists`, in their order."""
    by_id = {hash_list.id: hash_list for hash_list in lists}
    # Columns, since making objects of hundreds of thousands of rows takes seconds.
    rows = session.execute(
        select(*_COLUMNS).where(ListChange.list_id.in_(by_id)).order_by(ListChange.sequence)
    )
    return tuple(_change(by_id[row.list_id], row) for row in rows)


def newest_change(session: Session, lists: Iterable[HashList]) -> Change | None:
    """The last one to any of `lists`."""
    by_id = {hash_list.id: hash_list for hash_list in lists}
    row = session.execute(
        select(*_COLUMNS).where(ListChange.list_id.in_(by_id)).order_by(ListChange.sequence.desc()).limit(1)
    ).first()
    return _change(by_id[row.list_id], row) if row else None


@dataclass(frozen=True, slots=True)
class Retraction:
    """Who retracted a hash last, and when."""

    person: str
    at: datetime


def retractions(session: Session, hash_list: HashList) -> dict[tuple[SignalType, bytes], Retraction]:
    """The hashes that are out of every version of the list."""
    last = (
        select(func.max(ListChange.sequence))
        .where(ListChange.list_id == hash_list.id)
        .group_by(ListChange.signal_type, ListChange.value)
    )
    rows = session.execute(
        select(ListChange.signal_type, ListChange.value, ListChange.made_by, ListChange.made_at).where(
            ListChange.sequence.in_(last), ListChange.version.is_(None)
        )
    )
    return {(SignalType(row.signal_type), row.value): Retraction(row.made_by, row.made_at) for row in rows}


def _last_number(session: Session, hash_list: HashList, version: ListVersion) -> int:
    """Added entries are numbered on after those of the version's file."""
    newest = session.scalar(
        select(func.max(ListChange.entry_number)).where(
            ListChange.list_id == hash_list.id, ListChange.version == version.number
        )
    )
    return newest or version.entries


_COLUMNS = (
    ListChange.list_id,
    ListChange.sequence,
    ListChange.signal_type,
    ListChange.value,
    ListChange.version,
    ListChange.entry_number,
    ListChange.category,
    ListChange.made_at,
)


def _change(hash_list: HashList, row: Any) -> Change:
    kind, entry = SignalType(row.signal_type), None
    if row.version is not None:
        entry = Entry(
            list_name=hash_list.name,
            version=row.version,
            origin=hash_list.origin,
            category=row.category,
            signal_type=kind,
            value=row.value,
            since=row.made_at,
            number=row.entry_number,
        )
    return Change(row.sequence, hash_list.name, kind, row.value, entry)
