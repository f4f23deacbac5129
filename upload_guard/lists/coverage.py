"""What the lists in force hold: of which types their hashes are, and in which categories.

Whoever asks by hash must not hear "not listed" of a type that no list has.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from upload_guard.lists.orders import generation_of
from upload_guard.records import SignalType
from upload_guard.storage.database import Database
from upload_guard.storage.tables import HashList, ListChange, ListVersion


@dataclass(frozen=True, slots=True)
class InForce:
    """One active list; `categories` in lower case."""

    name: str
    kinds: frozenset[SignalType]
    categories: frozenset[str]


@dataclass(frozen=True, slots=True)
class Coverage:
    """All active lists at one moment."""

    generation: str
    lists: tuple[InForce, ...]


@dataclass(frozen=True, slots=True)
class CoverageStore:
    """Rows in `database`. Both methods raise `StorageFailed`."""

    database: Database

    def generation(self) -> str:
        """Changes when what is in force does; cheap."""
        with self.database.session() as session:
            return generation_of(session)

    def load(self) -> Coverage:
        with self.database.session() as session:
            return Coverage(generation_of(session), _in_force(session))


def _in_force(session: Session) -> tuple[InForce, ...]:
    kinds: defaultdict[str, set[SignalType]] = defaultdict(set)
    categories: defaultdict[str, set[str]] = defaultdict(set)
    versions = session.execute(
        select(HashList.name, ListVersion.counts, ListVersion.categories).join(
            ListVersion,
            and_(ListVersion.list_id == HashList.id, ListVersion.number == HashList.active_number),
        )
    )
    for name, counts, by_category in versions:
        kinds[name] |= {SignalType(kind) for kind, count in counts.items() if count}
        categories[name] |= {category.lower() for category, count in by_category.items() if count}
    added = session.execute(
        select(HashList.name, ListChange.signal_type, ListChange.category)
        .distinct()
        .join(
            ListChange,
            and_(ListChange.list_id == HashList.id, ListChange.version == HashList.active_number),
        )
    )
    for name, kind, category in added:
        kinds[name].add(SignalType(kind))
        categories[name].add((category or "").lower())
    return tuple(InForce(name, frozenset(kinds[name]), frozenset(categories[name])) for name in sorted(kinds))
