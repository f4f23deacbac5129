"""The entries of a version that were put aside: a file beside the version, named and checked by its SHA-256.

It is never changed: when the gate puts others aside there is another file, and the version stays whole.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from upload_guard.errors import ListError
from upload_guard.lists.entries import StoredVersion, read_entries
from upload_guard.lists.gate.gate import PutAside
from upload_guard.records import BankScope, Entry, SignalType


def acting_entries(version: StoredVersion) -> Iterator[Entry]:
    """The entries of a version without those put aside. Raises `ListError` for either file."""
    aside = {one.entry for one in read_aside(version)}
    return (entry for entry in read_entries(version) if entry.number not in aside)


def aside_entries(version: StoredVersion) -> Iterator[Entry]:
    """The entries of a version that were put aside. Raises `ListError` for either file."""
    aside = {one.entry for one in read_aside(version)}
    return (entry for entry in read_entries(version) if entry.number in aside) if aside else iter(())


def write_aside(version: StoredVersion, aside: Sequence[PutAside]) -> bytes | None:
    """Write the file, whole or not at all; its SHA-256, or None for no entries. Raises `OSError`."""
    if not aside:
        return None
    data = b"".join(_line(one) for one in aside)
    sha256 = hashlib.sha256(data).digest()
    file = aside_file(version, sha256)
    part = file.with_suffix(".part")
    with part.open("wb") as out:
        out.write(data)
        out.flush()
        os.fsync(out.fileno())
    part.rename(file)
    return sha256


def read_aside(version: StoredVersion) -> Iterator[PutAside]:
    """What was put aside of a version, in the order of its entries. Raises `ListError`."""
    if version.aside is None:
        return
    file = aside_file(version, version.aside)
    try:
        data = file.read_bytes()
    except OSError as error:
        raise ListError(f"{file}: cannot be read: {error.strerror}") from None
    if hashlib.sha256(data).digest() != version.aside:
        raise ListError(f"{file}: is damaged: its SHA-256 is not the one noted at activation")
    for line in data.splitlines():
        fields = json.loads(line)
        scope = fields["scope"]
        yield PutAside(
            fields["entry"],
            SignalType(fields["type"]),
            fields["reason"],
            fields["name"],
            BankScope(scope) if scope else None,
            fields["distance"],
        )


def aside_file(version: StoredVersion, sha256: bytes) -> Path:
    return version.file.with_suffix(f".{sha256.hex()[:16]}.aside")


def _line(one: PutAside) -> bytes:
    fields = {
        "entry": one.entry,
        "type": one.signal_type.value,
        "reason": one.reason,
        "name": one.name,
        "scope": one.scope.value if one.scope else "",
        "distance": one.distance,
    }
    return json.dumps(fields).encode() + b"\n"
