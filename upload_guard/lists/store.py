"""Hash lists and their versions: import, activate, show, and what is active now."""

from __future__ import annotations

import logging
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from upload_guard.errors import ListError, StorageFailed
from upload_guard.lists.entries import StoredHash, StoredVersion, read_entries, write_entries
from upload_guard.lists.formats import ListedHash
from upload_guard.records import Entry, SignalType
from upload_guard.settings import LIST_NAME
from upload_guard.storage.database import Database
from upload_guard.storage.locks import exclusive_lock
from upload_guard.storage.tables import HashList, ListVersion

log = logging.getLogger(__name__)

_NAME = re.compile(LIST_NAME)


@dataclass(frozen=True, slots=True)
class ImportOrder:
    """What a person says of a file of hashes. `origin` is needed for a new list only."""

    list_name: str
    source: str
    category: str
    origin: str | None
    person: str


@dataclass(frozen=True, slots=True)
class VersionInfo:
    """One version as it is shown. `counts` is per signal type."""

    list_name: str
    origin: str
    number: int
    active: bool
    entries: int
    counts: dict[str, int]
    source: str
    imported_at: datetime
    imported_by: str
    activated_at: datetime | None
    activated_by: str | None


@dataclass(frozen=True, slots=True)
class ListStore:
    """Rows in `database`, entries in files below `folder`."""

    database: Database
    folder: Path

    def import_version(self, order: ImportOrder, hashes: Iterable[ListedHash]) -> VersionInfo:
        """Store `hashes` as a new version that does not act yet.

        Duplicates are taken once. Entries that the version before already held keep their age. Raises
        `ListError` and stores nothing if any hash cannot be read or there is none.
        """
        if not _NAME.fullmatch(order.list_name):
            raise ListError(f"{order.list_name!r} is no list name: lower-case letters, digits and . _ -")
        now = datetime.now(UTC)
        with exclusive_lock(self.folder / ".import.lock"), self.database.session() as session:
            hash_list = _found_or_new(session, order, now)
            number = max((version.number for version in hash_list.versions), default=0) + 1
            file = self._file(order.list_name, number)
            ages = self._ages(hash_list)
            counts: Counter[str] = Counter()
            sha256 = _write(file, _counted(_unique(hashes), order, ages, now, counts))
            if not counts:
                file.unlink()
                raise ListError(f"{order.source}: holds no hash")
            version = ListVersion(
                hash_list=hash_list,
                number=number,
                source=order.source,
                sha256=sha256,
                entries=counts.total(),
                counts=dict(counts),
                imported_at=now,
                imported_by=order.person,
            )
            session.add(version)
            return _info(hash_list, version)

    def activate(self, name: str, number: int | None, person: str) -> VersionInfo:
        """Let a version act (the newest where `number` is None). Raises `ListError` if it cannot be used."""
        with self.database.session() as session:
            hash_list = _found(session, name)
            version = _version(hash_list, number)
            for _ in read_entries(self._stored(hash_list, version)):
                pass
            hash_list.active_number = version.number
            version.activated_at, version.activated_by = datetime.now(UTC), person
            return _info(hash_list, version)

    def versions(self) -> tuple[VersionInfo, ...]:
        """Every version of every list, by name and number."""
        with self.database.session() as session:
            return tuple(_info(hash_list, one) for hash_list in _all(session) for one in hash_list.versions)

    def generation(self) -> str:
        """A name for the set of active versions, which changes when the set does; empty if there is none."""
        return _generation(self._active())

    def load(self) -> tuple[str, Iterator[Entry]]:
        """The generation and the entries of all active versions. Reading them raises `ListError`."""
        active = self._active()
        return _generation(active), chain.from_iterable(read_entries(version) for version in active)

    def _active(self) -> tuple[StoredVersion, ...]:
        with self.database.session() as session:
            return tuple(
                self._stored(hash_list, _version(hash_list, hash_list.active_number))
                for hash_list in _all(session)
                if hash_list.active_number is not None
            )

    def _ages(self, hash_list: HashList) -> dict[tuple[SignalType, bytes], datetime]:
        if not hash_list.versions:
            return {}
        before = read_entries(self._stored(hash_list, hash_list.versions[-1]))
        try:
            return {(entry.signal_type, entry.value): entry.since for entry in before}
        except ListError as fault:
            # A new import may be how somebody mends this; its entries then begin their probation again.
            log.warning("%s: the ages of its entries are lost", fault)
            return {}

    def _stored(self, hash_list: HashList, version: ListVersion) -> StoredVersion:
        file = self._file(hash_list.name, version.number)
        return StoredVersion(hash_list.name, version.number, hash_list.origin, file, version.sha256)

    def _file(self, name: str, number: int) -> Path:
        return self.folder / name / f"{number:06d}.jsonl"


def _write(file: Path, hashes: Iterable[StoredHash]) -> bytes:
    try:
        return write_entries(file, hashes)
    except OSError as error:
        raise StorageFailed(f"{file}: cannot be written: {error.strerror}") from error


def _unique(hashes: Iterable[ListedHash]) -> Iterator[ListedHash]:
    seen: set[ListedHash] = set()
    for one in hashes:
        if one not in seen:
            seen.add(one)
            yield one


def _counted(
    hashes: Iterable[ListedHash],
    order: ImportOrder,
    ages: dict[tuple[SignalType, bytes], datetime],
    now: datetime,
    counts: Counter[str],
) -> Iterator[StoredHash]:
    for one in hashes:
        counts[one.signal_type.value] += 1
        since = ages.get((one.signal_type, one.value), now)
        yield StoredHash(one.signal_type, one.value, order.category, since)


def _all(session: Session) -> Iterable[HashList]:
    return session.scalars(
        select(HashList).order_by(HashList.name).options(selectinload(HashList.versions))
    ).all()


def _found_or_new(session: Session, order: ImportOrder, now: datetime) -> HashList:
    hash_list = session.scalar(select(HashList).where(HashList.name == order.list_name))
    if hash_list is None and not order.origin:
        raise ListError(f"list {order.list_name!r} is new: say with --origin who stands behind it")
    if hash_list is None:
        hash_list = HashList(name=order.list_name, origin=order.origin, created_at=now)
        session.add(hash_list)
    if order.origin and order.origin != hash_list.origin:
        raise ListError(f"list {order.list_name!r} has the origin {hash_list.origin!r}, not {order.origin!r}")
    return hash_list


def _found(session: Session, name: str) -> HashList:
    hash_list = session.scalar(select(HashList).where(HashList.name == name))
    if hash_list is None:
        raise ListError(f"there is no list {name!r}: 'upload-guard list show' names them all")
    return hash_list


def _version(hash_list: HashList, number: int | None) -> ListVersion:
    if number is None:
        return hash_list.versions[-1]
    for version in hash_list.versions:
        if version.number == number:
            return version
    raise ListError(f"list {hash_list.name!r} has no version {number}")


def _generation(active: Iterable[StoredVersion]) -> str:
    return " ".join(f"{one.list_name}@{one.number}:{one.sha256.hex()[:16]}" for one in active)


def _info(hash_list: HashList, version: ListVersion) -> VersionInfo:
    return VersionInfo(
        list_name=hash_list.name,
        origin=hash_list.origin,
        number=version.number,
        active=version.number == hash_list.active_number,
        entries=version.entries,
        counts=dict(version.counts),
        source=version.source,
        imported_at=version.imported_at,
        imported_by=version.imported_by,
        activated_at=version.activated_at,
        activated_by=version.activated_by,
    )
