"""Our own file of one version's entries: JSON Lines, written once, never changed, verified at every load."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path

from pydantic_core import from_json

from upload_guard.errors import ListError
from upload_guard.lists.formats.base import named_type
from upload_guard.lists.formats.jsonl import json_line
from upload_guard.records import Entry, SignalType


@dataclass(frozen=True, slots=True)
class StoredVersion:
    """Where a version's entries lie and what they must be; `aside` names the file of those not to act."""

    list_name: str
    number: int
    origin: str
    file: Path
    sha256: bytes
    aside: bytes | None = None


@dataclass(frozen=True, slots=True)
class StoredHash:
    """One line of the file."""

    signal_type: SignalType
    value: bytes
    category: str
    since: datetime


def version_file(folder: Path, list_name: str, number: int) -> Path:
    """Where a version's entries lie below the folder of all lists."""
    return folder / list_name / f"{number:06d}.jsonl"


def write_entries(file: Path, hashes: Iterable[StoredHash]) -> bytes:
    """Write `file` so that it is whole on disk or not there; returns its SHA-256. Raises `OSError`."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    digest, part = hashlib.sha256(), file.with_suffix(".part")
    try:
        with part.open("wb") as out:
            for stored in hashes:
                line = _line(stored)
                digest.update(line)
                out.write(line)
            out.flush()
            os.fsync(out.fileno())
        part.rename(file)
    finally:
        part.unlink(missing_ok=True)
    return digest.digest()


def read_entries(version: StoredVersion) -> Iterator[Entry]:
    """The entries of a version; raises `ListError` if its file is missing or not what was written."""
    try:
        with version.file.open("rb") as file:
            if hashlib.file_digest(file, "sha256").digest() != version.sha256:
                raise ListError(f"{version.file}: is damaged: its SHA-256 is not the one noted at import")
            file.seek(0)
            for number, line in enumerate(file, start=1):
                yield _entry(version, number, line)
    except OSError as error:
        raise ListError(f"{version.file}: cannot be read: {error.strerror}") from None


def _entry(version: StoredVersion, number: int, line: bytes) -> Entry:
    stored = from_json(line)
    return Entry(
        list_name=version.list_name,
        version=version.number,
        origin=version.origin,
        category=stored["category"],
        signal_type=named_type(stored["type"]),
        value=bytes.fromhex(stored["value"]),
        since=_moment(stored["since"]),
        number=number,
    )


def _line(stored: StoredHash) -> bytes:
    return json_line(stored.signal_type, stored.value, stored.category, stored.since).encode()


# A list of millions has few moments at which its entries came.
_moment = lru_cache(1000)(datetime.fromisoformat)
