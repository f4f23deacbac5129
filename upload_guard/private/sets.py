"""What is offered for private checks at one time: an immutable folder of packed buckets, named by its epoch.

    manifest.json     what the files must be, and what was said of them when they were made
    oblivious.buckets records by the oblivious function, see `marks`
    sha256.buckets    (sha1, md5) whole digests with their labels, of lists whose licence allows that
    known.npy         for the next build: what the function gave for each digest; never given out

`current`, beside the folders, names the one in use. What was in use before it stays for a while, for those
who have asked what is offered and not yet for the rest.
"""

from __future__ import annotations

import hashlib
import mmap
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from upload_guard.errors import EpochOver, NotReady, SnapshotDamaged, StorageFailed
from upload_guard.list_settings import Disclosure
from upload_guard.private.buckets import Packed
from upload_guard.records import SignalType
from upload_guard.storage.locks import exclusive_lock

FORMAT = 1
OBLIVIOUS = "oblivious"
_MANIFEST, _CURRENT, _PART = "manifest.json", "current", ".part"
_KEEP_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class TableInfo:
    """One file of buckets: 2 to the power of `bits`, each `size` records of `record_bytes`."""

    name: str
    bits: int
    size: int
    record_bytes: int
    sha256: str

    @property
    def bucket_bytes(self) -> int:
        return self.size * self.record_bytes


@dataclass(frozen=True, slots=True)
class SetManifest:
    """`generation` names what it was made of; `period` and `public_key` (hex, or empty) the function's key.

    `signal_types` are those that oblivious records are of. `lists` are all that records may be from, with how
    each may be asked about; `active` says that at least one of them was in force. A record's number is
    that of one of `labels`, which are categories.
    """

    format: int
    epoch: str
    generation: str
    period: int
    public_key: str
    active: bool
    lists: dict[str, Disclosure]
    signal_types: tuple[SignalType, ...]
    labels: tuple[tuple[str, ...], ...]
    built_at: datetime
    known_sha256: str
    tables: tuple[TableInfo, ...]

    def table(self, name: str) -> TableInfo | None:
        return next((table for table in self.tables if table.name == name), None)


_adapter = TypeAdapter(SetManifest)


def epoch_of(generation: str) -> str:
    return hashlib.sha256(generation.encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class PrivateSet:
    """An opened folder; what is mapped stays readable after the folder is removed."""

    manifest: SetManifest
    maps: dict[str, mmap.mmap] = field(repr=False)

    def bucket(self, table: TableInfo, number: int) -> bytes:
        """Raises `EpochOver` for a number that no bucket has."""
        if not 0 <= number < 1 << table.bits:
            raise EpochOver(f"there is no bucket {number} of {table.name}")
        start = number * table.bucket_bytes
        return self.maps[table.name][start : start + table.bucket_bytes]


class SetFolder:
    """Sets below a folder. One a process; safe for threads, and for forks."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = threading.Lock()
        self._opened: dict[str, tuple[_Writing, PrivateSet]] = {}

    def current(self) -> PrivateSet:
        """The one in use. Raises `NotReady` where none was built yet, and `SnapshotDamaged`."""
        epoch = self.current_epoch()
        if not epoch:
            raise NotReady("private checks: the lists are not prepared for them yet")
        try:
            return self.of_epoch(epoch)
        except EpochOver as error:
            raise NotReady(f"private checks: {error}") from error

    def current_epoch(self) -> str:
        """Empty where there is none."""
        try:
            return (self.folder / _CURRENT).read_text().strip()
        except OSError:
            return ""

    def of_epoch(self, epoch: str) -> PrivateSet:
        """That of an epoch, be it one just over. Raises `EpochOver` where it is no longer there."""
        writing, opened = _writing(self.folder / epoch), self._opened.get(epoch)
        # One that was damaged is written anew under its name, and what is mapped would stay damaged.
        if opened is not None and opened[0] == writing:
            return opened[1]
        with self._lock:
            found = _open(self.folder / epoch)
            others = {name: one for name, one in self._opened.items() if name != epoch}
            self._opened = {**dict(list(others.items())[-1:]), epoch: (writing, found)}
        return found

    def is_whole(self, epoch: str) -> bool:
        """Whether every byte of it is as it was written."""
        try:
            folder = self.folder / epoch
            tables = _open(folder).manifest.tables
            return all(_sha256(folder / f"{one.name}.buckets") == one.sha256 for one in tables)
        except (EpochOver, SnapshotDamaged, OSError):
            return False

    def put(self, epoch: str, write: Callable[[Path], SetManifest]) -> None:
        """Have `write` fill a folder that is then the current one, or nothing is. Raises `StorageFailed`."""
        part = self.folder / f"{epoch}{_PART}"
        try:
            with exclusive_lock(self.folder / ".build.lock"):
                for left in (*self.folder.glob(f"*{_PART}"), self.folder / epoch):
                    shutil.rmtree(left, ignore_errors=True)
                part.mkdir(mode=0o700)
                manifest = write(part)
                _write(part / _MANIFEST, [_adapter.dump_json(manifest, indent=1)])
                part.rename(self.folder / epoch)
                self.use(epoch)
        except OSError as error:
            raise StorageFailed(f"{part}: cannot be written: {error.strerror}") from error

    def use(self, epoch: str) -> None:
        """Let a set that is there be the current one. Raises `OSError`."""
        draft = self.folder / f"{_CURRENT}{_PART}.txt"
        _write(draft, [f"{epoch}\n".encode()])
        draft.rename(self.folder / _CURRENT)

    def clear_up(self) -> None:
        """Remove each set that another has followed some minutes ago, however fast they come now."""
        sets = sorted((one for one in self.folder.glob("*") if one.is_dir()), key=_written_at)
        for old, following in pairwise(sets):
            late = time.time() - _written_at(following) >= _KEEP_SECONDS
            if late and old.name != self.current_epoch():
                shutil.rmtree(old, ignore_errors=True)


def write_table(folder: Path, name: str, packed: Packed) -> TableInfo:
    """Raises `OSError`."""
    file, buckets = folder / f"{name}.buckets", packed.buckets
    _write(file, (one.tobytes() for one in buckets))
    return TableInfo(name, packed.bits, packed.size, int(buckets.shape[2]), _sha256(file))


_Writing = tuple[int, int]
"""Which writing of a folder it is: the file's number of its manifest, and when that was written."""


def _writing(folder: Path) -> _Writing:
    try:
        found = (folder / _MANIFEST).stat()
    except FileNotFoundError:
        raise _over(folder) from None
    except OSError as error:
        raise SnapshotDamaged(f"{folder}: cannot be opened: {type(error).__name__}") from error
    return found.st_ino, found.st_mtime_ns


def _written_at(folder: Path) -> float:
    return folder.stat().st_mtime


def _over(folder: Path) -> EpochOver:
    return EpochOver(f"{folder}: there is no set of this epoch, or no longer")


def _open(folder: Path) -> PrivateSet:
    try:
        manifest = _adapter.validate_json((folder / _MANIFEST).read_bytes())
        if manifest.format != FORMAT:
            raise SnapshotDamaged(f"{folder}: is of format {manifest.format}, not {FORMAT}")
        return PrivateSet(manifest, {table.name: _mapped(folder, table) for table in manifest.tables})
    except FileNotFoundError:
        raise _over(folder) from None
    except (OSError, ValueError, ValidationError) as error:
        raise SnapshotDamaged(f"{folder}: cannot be opened: {type(error).__name__}") from error


def _mapped(folder: Path, table: TableInfo) -> mmap.mmap:
    with (folder / f"{table.name}.buckets").open("rb") as file:
        mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    if len(mapped) != table.bucket_bytes << table.bits:
        raise SnapshotDamaged(f"{file.name}: has {len(mapped)} bytes, which is not what was written")
    return mapped


def _write(file: Path, pieces: Iterable[bytes]) -> None:
    with file.open("wb") as out:
        for piece in pieces:
            out.write(piece)
        out.flush()
        os.fsync(out.fileno())


def _sha256(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
