"""What is told of a list's versions: where each came from, what it holds, and when it was made to act."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import func, select
from sqlalchemy.orm import Session, selectinload

from upload_guard.storage.tables import HashList, ListChange, ListVersion


class Way(StrEnum):
    """How a version came to act."""

    MANUAL = "manual"
    AUTOMATIC = "automatic"
    ROLLBACK = "rollback"


@dataclass(frozen=True, slots=True)
class Activation:
    """One moment at which a version was made to act. `person` gave the command, be it an import."""

    list_name: str
    number: int
    way: Way
    at: datetime
    person: str


@dataclass(frozen=True, slots=True)
class VersionInfo:
    """One version as it is shown.

    `counts` is per signal type, `categories` per category. `added` are single hashes added to this version,
    `retracted` those that are out of every version of the list. `sha256` is that of our file of its entries.
    """

    list_name: str
    origin: str
    number: int
    active: bool
    entries: int
    counts: dict[str, int]
    categories: dict[str, int]
    added: int
    retracted: int
    source: str
    sha256: bytes
    imported_at: datetime
    imported_by: str
    activations: tuple[Activation, ...]

    @property
    def activated_at(self) -> datetime | None:
        """When it was last made to act."""
        return self.activations[-1].at if self.activations else None

    @property
    def activated_by(self) -> str | None:
        """By whom."""
        return self.activations[-1].person if self.activations else None


def all_versions(session: Session) -> tuple[VersionInfo, ...]:
    """Every version of every list, by name and number."""
    load = selectinload(HashList.versions), selectinload(HashList.activations)
    lists = session.scalars(select(HashList).order_by(HashList.name).options(*load))
    return tuple(one for hash_list in lists for one in _infos(session, hash_list, hash_list.versions))


def info_of(session: Session, hash_list: HashList, version: ListVersion) -> VersionInfo:
    return _infos(session, hash_list, [version])[0]


def _infos(session: Session, hash_list: HashList, versions: Iterable[ListVersion]) -> tuple[VersionInfo, ...]:
    changed = _changed(session, hash_list)
    return tuple(
        VersionInfo(
            list_name=hash_list.name,
            origin=hash_list.origin,
            number=version.number,
            active=version.number == hash_list.active_number,
            entries=version.entries,
            counts=dict(version.counts),
            categories=dict(version.categories),
            added=changed.get(version.number, 0),
            retracted=changed.get(None, 0),
            source=version.source,
            sha256=version.sha256,
            imported_at=version.imported_at,
            imported_by=version.imported_by,
            activations=_activations(hash_list, version.number),
        )
        for version in versions
    )


def _activations(hash_list: HashList, number: int) -> tuple[Activation, ...]:
    return tuple(
        Activation(hash_list.name, number, Way(one.way), one.activated_at, one.activated_by)
        for one in hash_list.activations
        if one.number == number
    )


def _changed(session: Session, hash_list: HashList) -> Mapping[int | None, int]:
    """How many hashes' last change adds them to each version, or retracts them (None)."""
    last = (
        select(func.max(ListChange.sequence))
        .where(ListChange.list_id == hash_list.id)
        .group_by(ListChange.signal_type, ListChange.value)
    )
    counted = (
        select(ListChange.version, func.count())
        .where(ListChange.sequence.in_(last))
        .group_by(ListChange.version)
    )
    return {row[0]: row[1] for row in session.execute(counted)}
