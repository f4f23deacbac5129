"""What a snapshot's folder holds: four flat files a signal type, and a manifest that says what they must be.

    <type>.values   the hashes, sorted as bytes, one after another
    <type>.rows     what else is known of each entry, in the same order (`ROW`)
    <type>.starts   for each band: where in the band's order the entries of each key begin (u32)
    <type>.ids      for each band after the first: positions in `values`, ordered by the band's key (u32)

The first band is the hash's first bits, so its order is that of `values` and it doubles as the directory for
exact look-ups. Exact digests have that band alone.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydantic import TypeAdapter, ValidationError

from upload_guard.errors import SnapshotDamaged
from upload_guard.records import SignalType

FORMAT = 1
ROW = np.dtype([("group", "<u4"), ("number", "<u4"), ("since", "<i8")])
"""An entry's group (an index into the manifest's), its number in its version, microseconds since 1970."""
START = np.dtype("<u4")
ID = np.dtype("<u4")
WORD = np.dtype("<u4")
"""Every file is a whole number of these."""

_MANIFEST = "manifest.json"
_DIGEST = "manifest.sha256"


@dataclass(frozen=True, slots=True)
class Group:
    """What many entries share."""

    list_name: str
    version: int
    origin: str
    category: str


@dataclass(frozen=True, slots=True)
class TableInfo:
    """One signal type's share. `widths` are the bits of each band, together those of the hash or fewer."""

    signal_type: SignalType
    entries: int
    widths: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class FileInfo:
    """What a file must be. `total` is the sum of its 32-bit words, modulo 2^32: quick to compare."""

    name: str
    size: int
    total: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """`generation` names the set of list versions, `folded` the last change of the delta that is in here."""

    format: int
    generation: str
    folded: int
    groups: tuple[Group, ...]
    tables: tuple[TableInfo, ...]
    files: tuple[FileInfo, ...]

    @property
    def entries(self) -> int:
        return sum(table.entries for table in self.tables)


_adapter = TypeAdapter(Manifest)


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Raises `OSError`."""
    body = _adapter.dump_json(manifest, indent=1)
    (folder / _MANIFEST).write_bytes(body)
    # In the form of sha256sum, so that an administrator can check it by hand.
    (folder / _DIGEST).write_text(f"{hashlib.sha256(body).hexdigest()}  {_MANIFEST}\n")


def read_manifest(folder: Path) -> Manifest:
    """The manifest, with every file there and of its size. Raises `SnapshotDamaged`."""
    try:
        body = (folder / _MANIFEST).read_bytes()
        noted = (folder / _DIGEST).read_text().partition(" ")[0]
        if not hmac.compare_digest(hashlib.sha256(body).hexdigest(), noted):
            raise SnapshotDamaged(f"{folder}: its manifest is not the one that was written")
        manifest = _adapter.validate_json(body)
        if manifest.format != FORMAT:
            raise SnapshotDamaged(f"{folder}: is of format {manifest.format}, not {FORMAT}")
        for file in manifest.files:
            size = (folder / file.name).stat().st_size
            if size != file.size:
                raise SnapshotDamaged(f"{folder / file.name}: has {size} bytes, not {file.size}")
    except OSError as error:
        raise SnapshotDamaged(f"{folder}: cannot be read: {error.strerror}") from None
    except (ValidationError, UnicodeDecodeError, TypeError):
        raise SnapshotDamaged(f"{folder}: its manifest cannot be understood") from None
    return manifest


def describe_files(folder: Path, names: Iterable[str]) -> tuple[FileInfo, ...]:
    """Sizes, sums and digests of `names` in `folder`. Raises `OSError`."""
    return tuple(_describe(folder / name) for name in names)


def _describe(file: Path) -> FileInfo:
    with file.open("rb") as opened:
        digest = hashlib.file_digest(opened, "sha256").hexdigest()
    words = np.memmap(file, WORD, "r")
    return FileInfo(file.name, file.stat().st_size, int(words.sum(dtype=WORD)), digest)


def file_names(info: TableInfo) -> tuple[str, ...]:
    """The files of a table; `ids` only where there is a band after the first."""
    parts = ("values", "rows", "starts", "ids") if len(info.widths) > 1 else ("values", "rows", "starts")
    return tuple(f"{info.signal_type}.{part}" for part in parts)
