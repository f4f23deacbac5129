"""The rows of lists and of their versions, by name and number, or the error that says there is none."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from upload_guard.errors import ListError
from upload_guard.lists.entries import StoredVersion
from upload_guard.lists.importing import ImportOrder
from upload_guard.lists.orders import stored_version
from upload_guard.storage.tables import HashList, ListVersion


def _named(session: Session, order: ImportOrder) -> HashList | None:
    """The list that is imported to, or None if it is new. Raises `ListError` if its origin is another."""
    hash_list = session.scalar(select(HashList).where(HashList.name == order.list_name))
    if hash_list is None and not order.origin:
        raise ListError(f"list {order.list_name!r} is new: say with --origin who stands behind it")
    if hash_list and order.origin and order.origin != hash_list.origin:
        raise ListError(f"list {order.list_name!r} has the origin {hash_list.origin!r}, not {order.origin!r}")
    return hash_list


def version_before(session: Session, folder: Path, order: ImportOrder) -> StoredVersion | None:
    hash_list = _named(session, order)
    if hash_list is None or not hash_list.versions:
        return None
    return stored_version(folder, hash_list, hash_list.versions[-1])


def found_or_new(session: Session, order: ImportOrder, now: datetime) -> HashList:
    hash_list = _named(session, order)
    if hash_list is None:
        hash_list = HashList(name=order.list_name, origin=order.origin, created_at=now)
        session.add(hash_list)
    return hash_list


def found(session: Session, name: str) -> HashList:
    hash_list = session.scalar(select(HashList).where(HashList.name == name))
    if hash_list is None:
        raise ListError(f"there is no list {name!r}: 'upload-guard list show' names them all")
    return hash_list


def version_of(hash_list: HashList, number: int | None) -> ListVersion:
    if number is None:
        return hash_list.versions[-1]
    for version in hash_list.versions:
        if version.number == number:
            return version
    raise ListError(f"list {hash_list.name!r} has no version {number}")


def has_acted(hash_list: HashList, number: int) -> bool:
    """Whether a version was ever made to act."""
    return any(one.number == number for one in hash_list.activations)


def refuse_no_way_back(hash_list: HashList, number: int) -> None:
    """Raises `ListError` for a version that acts, and for one that never has: it may have been held back."""
    if number == hash_list.active_number:
        raise ListError(f"version {number} of list {hash_list.name!r} is the one that acts")
    if not has_acted(hash_list, number):
        raise ListError(
            f"version {number} of list {hash_list.name!r} has never acted: 'upload-guard list activate' it"
        )
