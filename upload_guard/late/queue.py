"""A folder of what passed unchecked: for each upload a sealed row, and its sealed bytes while there is room.

Files and no table, since a site that asks a sidecar has no database and needs none. Bytes come first, then
the row, each written beside its place, synced and renamed: a crash leaves an entry or nothing that counts.
One process at a time checks what waits (housekeeping.py holds the lock), so entries need no claims.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from upload_guard.digests import digest_stream
from upload_guard.errors import BodyTooLarge, StorageFailed
from upload_guard.keyring import Keyring
from upload_guard.late import moments
from upload_guard.late.entries import LateEntry
from upload_guard.late.sealed import PURPOSE, SealedContent, seal_into, sealed_size
from upload_guard.records import Upload
from upload_guard.storage.locks import exclusive_lock, exclusive_lock_if_free, shared_lock

log = logging.getLogger(__name__)

QUEUED = "queued for a later check"
QUEUED_DIGESTS = "queued for a later check by its digests only"
_ROW, _BYTES, _PART, _UNDELIVERED = ".row", ".bytes", ".part", ".undelivered"


@dataclass(frozen=True, slots=True)
class LateLimits:
    """`max_bytes` of sealed copies; `max_entries` with or without one; `max_age` in seconds."""

    max_bytes: int
    max_entries: int
    max_age: float


@dataclass(frozen=True, slots=True)
class LateUsage:
    """What waits now: uploads, sealed bytes, and matches that the site could not be told of."""

    entries: int
    bytes: int
    undelivered: int


@dataclass(frozen=True, slots=True)
class LateQueue:
    """What waits in `folder`, sealed under `keyring`. All methods raise `StorageFailed`."""

    folder: Path
    limits: LateLimits
    keyring: Keyring
    spool_dir: Path

    def add(self, upload: Upload, cause: str) -> str:
        """Take in an upload that could not be checked for the fault `cause`; says how, for its verdict.

        Raises `StorageFailed` where not even its digests can be kept: then it must not pass.
        """
        with self._storing(), shared_lock(self._adding):
            part = self._reserved(upload, cause)
            has_bytes = part is not None and self._put_bytes(part, upload)
            self._put_row(_entry(upload, cause, has_bytes=has_bytes))
        return QUEUED if has_bytes else QUEUED_DIGESTS

    def waiting(self) -> tuple[str, ...]:
        """The ids of all entries, that which was written first in front."""
        rows: list[tuple[int, str]] = []
        with self._storing():
            for file in self._files():
                # One that another process has just done away with waits no more.
                with suppress(FileNotFoundError):
                    rows += [(file.stat().st_mtime_ns, file.name)] if _is(file.name, _ROW) else []
        return tuple(name.removesuffix(_ROW) for _, name in sorted(rows))

    def read(self, upload_id: str) -> LateEntry | None:
        """The entry; None where it is gone. Raises `SealBroken`."""
        try:
            sealed = self._path(upload_id, _ROW).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StorageFailed(f"late queue {self.folder}: {error.strerror}") from error
        return LateEntry.from_json(self.keyring.open_sealed(PURPOSE, sealed, _row_context(upload_id)))

    def upload(self, entry: LateEntry) -> Upload:
        """The upload of an entry; its content can be read only if the entry has bytes."""
        file = self._path(entry.upload_id, _BYTES)
        content = SealedContent(file, entry.upload_id, entry.size, self.keyring, self.spool_dir)
        return entry.upload(content)

    def is_too_old(self, entry: LateEntry) -> bool:
        return moments.now().since(entry.passed) > self.limits.max_age

    def put(self, entry: LateEntry) -> None:
        """Write an entry anew; bytes that it no longer has are removed."""
        with self._storing():
            self._put_row(entry)
            if not entry.has_bytes:
                self._path(entry.upload_id, _BYTES).unlink(missing_ok=True)

    def reduce(self, entry: LateEntry) -> LateEntry:
        """The entry without its bytes, by all its digests."""
        with self.upload(entry).content.open() as stream:
            digests = digest_stream(stream)
        reduced = replace(entry, has_bytes=False, md5=digests.md5.hex(), sha1=digests.sha1.hex())
        self.put(reduced)
        return reduced

    def remove(self, upload_id: str) -> None:
        """The row first: what a crash leaves is then no entry."""
        with self._storing():
            for suffix in (_ROW, _BYTES):
                self._path(upload_id, suffix).unlink(missing_ok=True)

    def give_up_telling(self, upload_id: str) -> None:
        """Keep the row of a match that the site could not be told of where nobody tries it again."""
        with self._storing():
            self._path(upload_id, _ROW).rename(self._path(upload_id, _UNDELIVERED))

    def tidy(self) -> None:
        """Remove what a crash left half written; does nothing while anybody adds."""
        if not self._files():
            return
        with exclusive_lock_if_free(self._adding) as alone, self._storing():
            if alone:
                names = {entry.name for entry in self._files()}
                for name in names:
                    bare = _is(name, _BYTES) and name.removesuffix(_BYTES) + _ROW not in names
                    if bare or name.endswith(_PART):
                        (self.folder / name).unlink(missing_ok=True)

    def usage(self) -> LateUsage:
        with self._storing():
            return _usage(self._files())

    @property
    def _adding(self) -> Path:
        return self.folder / "adding.lock"

    @property
    def _room(self) -> Path:
        return self.folder / "room.lock"

    def _path(self, upload_id: str, suffix: str) -> Path:
        return self.folder / (upload_id + suffix)

    def _files(self) -> list[os.DirEntry[str]]:
        with suppress(FileNotFoundError), os.scandir(self.folder) as found:
            return list(found)
        return []

    def _reserved(self, upload: Upload, cause: str) -> Path | None:
        """A file of the size that the sealed bytes will have, or None where there is no room for them."""
        with exclusive_lock(self._room):
            used = _usage(self._files())
            if used.entries >= self.limits.max_entries:
                raise StorageFailed(
                    f"{used.entries} uploads wait for a later check, no more pass (late.max_entries)"
                )
            size = sealed_size(upload.digest.size)
            # What is too large now is too large later.
            if cause == BodyTooLarge.code or used.bytes + size > self.limits.max_bytes:
                return None
            part = self._path(upload.upload_id, _BYTES + _PART)
            with _created(part) as out:
                out.truncate(size)
            return part

    def _put_bytes(self, part: Path, upload: Upload) -> bool:
        """Whether they are in place; a full disk still has room for a row, perhaps."""
        try:
            with part.open("r+b") as out:
                seal_into(out, upload, self.keyring)
                out.flush()
                os.fsync(out.fileno())
            # Whoever adds up what is held would miss a file that gets another name meanwhile.
            with exclusive_lock(self._room):
                part.rename(self._path(upload.upload_id, _BYTES))
        except OSError as error:
            log.warning("ALARM: no copy could be kept for a later check: %s", error.strerror)
            part.unlink(missing_ok=True)
            return False
        return True

    def _put_row(self, entry: LateEntry) -> None:
        row = self._path(entry.upload_id, _ROW)
        part = row.with_name(row.name + _PART)
        part.unlink(missing_ok=True)
        with _created(part) as out:
            out.write(self.keyring.seal(PURPOSE, entry.to_json(), _row_context(entry.upload_id)))
            out.flush()
            os.fsync(out.fileno())
        part.rename(row)
        _sync(self.folder)

    @contextmanager
    def _storing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise StorageFailed(f"late queue {self.folder}: {error.strerror}") from error


def _entry(upload: Upload, cause: str, *, has_bytes: bool) -> LateEntry:
    entry = LateEntry(
        upload_id=upload.upload_id,
        cause=cause,
        site=upload.source.site,
        route=upload.source.route,
        file_name=upload.file_name,
        media_type=upload.media_type,
        guessed=upload.guessed,
        sha256=upload.digest.sha256.hex(),
        size=upload.digest.size,
        passed=moments.now(),
        has_bytes=has_bytes,
    )
    if has_bytes:
        return entry
    # Lists often hold MD5 or SHA-1 only, and later there are no bytes to take them of.
    with upload.content.open() as stream:
        digests = digest_stream(stream)
    return replace(entry, md5=digests.md5.hex(), sha1=digests.sha1.hex())


def _usage(files: Iterable[os.DirEntry[str]]) -> LateUsage:
    entries = held = undelivered = 0
    for file in files:
        entries += _is(file.name, _ROW)
        undelivered += _is(file.name, _UNDELIVERED)
        if _is(file.name, _BYTES) or _is(file.name, _BYTES + _PART):
            # One that is removed at this moment takes no room.
            with suppress(FileNotFoundError):
                held += file.stat().st_size
    return LateUsage(entries, held, undelivered)


def _is(name: str, suffix: str) -> bool:
    return name.endswith(suffix)


def _row_context(upload_id: str) -> bytes:
    return f"row {upload_id}".encode()


def _created(file: Path) -> BinaryIO:
    return os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb")


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
