"""The vault: bytes that are held, each object sealed under a key of its own, which rows hold sealed."""

from __future__ import annotations

import hmac
import logging
import os
import secrets
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from upload_guard.digests import CHUNK, Sha256Digester
from upload_guard.errors import MasterKeyError, SealBroken, StorageFailed, VaultDamaged
from upload_guard.keyring import Keyring
from upload_guard.records import Upload
from upload_guard.spans import Span
from upload_guard.storage.database import Database
from upload_guard.storage.locks import exclusive_lock
from upload_guard.storage.vault_tables import VaultObject
from upload_guard.vault.marks import Marks
from upload_guard.vault.places import FolderPlace, Place
from upload_guard.vault.sealing import KEY_BYTES, seal, unseal
from upload_guard.vault.states import Kept

log = logging.getLogger(__name__)

PURPOSE = "vault"
# There are several where the same file came to several processes at once, or one of them was damaged.
_COPIES = 8


@dataclass(frozen=True, slots=True)
class Reserved:
    """An object that is about to be written: its name and its own key."""

    name: str
    key: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Vault:
    """Rows in `database`, sealed bytes in `place`. `folder` holds locks, and what older releases kept plain.

    Plain bytes are on disk only while somebody reads them: in `spool`, in a file without a name.
    """

    database: Database
    keyring: Keyring
    place: Place
    folder: Path
    spool: Path

    @property
    def marks(self) -> Marks:
        return Marks(self.database, self.place, self.folder)

    def reserve(self, session: Session, sha256: bytes) -> Reserved:
        """A row for an object to come, in the transaction of the row that it is for."""
        reserved = Reserved(secrets.token_hex(16), os.urandom(KEY_BYTES))
        session.add(
            VaultObject(
                name=reserved.name,
                sha256=sha256,
                kept=Kept.COMING,
                sealed_key=self._sealed_key(reserved),
                master=self.keyring.fingerprint,
            )
        )
        return reserved

    def note_absent(self, session: Session, kept: Kept) -> str:
        """A row for bytes that are not to be kept, or no longer; its name."""
        name = secrets.token_hex(16)
        session.add(VaultObject(name=name, kept=kept))
        return name

    def copies(self, session: Session, sha256: bytes) -> Sequence[str]:
        """The names of held bytes of that digest that nobody knows a fault of: to be read before use."""
        sound = (VaultObject.sha256 == sha256) & (VaultObject.kept == Kept.SEALED) & (VaultObject.fault == "")
        return session.scalars(select(VaultObject.name).where(sound).limit(_COPIES)).all()

    def settle(self, session: Session, name: str) -> None:
        """Its bytes are safe: an object that was reserved is one that is held."""
        coming = (VaultObject.name == name) & (VaultObject.kept == Kept.COMING)
        session.execute(update(VaultObject).where(coming).values(kept=Kept.SEALED))

    def forget(self, session: Session, name: str) -> None:
        """Delete the row of an object that was reserved and not written."""
        coming = (VaultObject.name == name) & (VaultObject.kept == Kept.COMING)
        session.execute(delete(VaultObject).where(coming))

    def put(self, reserved: Reserved, upload: Upload) -> None:
        """Seal and store the bytes of `upload`, whole or not at all. Raises `StorageFailed`."""
        self.marks.leave()
        self.place.write(reserved.name, seal(_checked(upload), reserved.key, reserved.name.encode()))

    def content(self, name: str) -> SealedContent:
        """What is held under that name."""
        return SealedContent(self, name)

    def holds(self, name: str) -> bool:
        """Whether there are bytes; not whether they are sound. Raises `StorageFailed`."""
        return self.place.holds(name) or FolderPlace(self.folder).holds(name)

    def unsealed(self, name: str) -> Iterator[bytes]:
        """The plain bytes a chunk at a time. Raises `VaultDamaged`, `MasterKeyError` and `StorageFailed`."""
        row = self._row(name)
        if row.kept == Kept.PLAIN:
            self.seal_plain(name)
            row = self._row(name)
        if row.sealed_key is None:
            raise VaultDamaged(f"{name}: the bytes were {Kept(row.kept).words}")
        # What was held before another place was chosen is still in the folder.
        stream = self.place.open(name) or FolderPlace(self.folder).open(name)
        if stream is None:
            self.place.refuse_missing()
            self.marks.refuse_another()
            raise self._alarmed(name, "the bytes are gone")
        with stream:
            try:
                yield from unseal(stream, self._opened_key(row), name.encode())
            except SealBroken as error:
                raise self._alarmed(name, str(error)) from error

    def reads(self, name: str, sha256: bytes) -> bool:
        """Read held bytes whole; whether they are sound and of that digest. Raises `StorageFailed`."""
        digester = Sha256Digester()
        try:
            for portion in self.unsealed(name):
                digester.update(portion)
            # What a release without seals kept was sealed as it lay there.
            if not hmac.compare_digest(digester.finish().sha256, sha256):
                raise self._alarmed(name, "the bytes are not those of the file that they were kept as")
        except (VaultDamaged, MasterKeyError) as fault:
            # Not asked for again by every repeat; the rounds look at it once a day.
            with self.database.session() as session:
                session.execute(
                    update(VaultObject)
                    .where(VaultObject.name == name, VaultObject.kept == Kept.SEALED)
                    .values(fault=str(fault)[:255])
                )
            return False
        return True

    def seal_plain(self, name: str) -> None:
        """Seal what a release without seals kept plain. Killed at any moment, it can be called again."""
        old = FolderPlace(self.folder)
        with exclusive_lock(self.folder / "sealing.lock"):
            row = self._row(name)
            if row.kept != Kept.PLAIN:
                return
            reserved = self._key_for_plain(row)
            if not self._is_sealed(reserved):
                plain = old.open(name)
                if plain is None:
                    old.refuse_missing()
                else:
                    with plain:
                        self.marks.leave()
                        self.place.write(name, seal(_portions(plain), reserved.key, name.encode()))
            with self.database.session() as session:
                session.execute(update(VaultObject).where(VaultObject.name == name).values(kept=Kept.SEALED))
            if self.place != old:
                old.delete(name)

    def seal_all_plain(self) -> int:
        """`seal_plain` whatever is plain; how many there were. Raises `StorageFailed`."""
        with self.database.session() as session:
            names = session.scalars(select(VaultObject.name).where(VaultObject.kept == Kept.PLAIN)).all()
        for name in names:
            self.seal_plain(name)
        if names:
            log.warning("sealed %d uploads that an earlier release kept as they came", len(names))
        return len(names)

    def has_leftovers(self) -> bool:
        """Whether any object was on its way into the vault, or out of it, when somebody was killed."""
        unsettled = VaultObject.kept.in_([Kept.COMING, Kept.PLAIN, Kept.SHREDDING])
        with self.database.session() as session:
            return session.scalar(select(VaultObject.name).where(unsettled).limit(1)) is not None

    def shred(self, session: Session, name: str) -> None:
        """Delete the object's key, with the caller's transaction; then call `finish_shredding`."""
        session.execute(
            update(VaultObject)
            .where(VaultObject.name == name, VaultObject.kept.in_([Kept.SEALED, Kept.PLAIN]))
            .values(kept=Kept.SHREDDING, sealed_key=None, master=None, shredded_at=datetime.now(UTC))
        )

    def finish_shredding(self) -> int:
        """Remove the bytes of all objects whose keys are gone; how many. Raises `StorageFailed`."""
        with self.database.session() as session:
            names = session.scalars(select(VaultObject.name).where(VaultObject.kept == Kept.SHREDDING)).all()
        if names:
            # Of another place they would stay undeleted, and be called so.
            self.marks.refuse_another()
        for name in names:
            self.place.delete(name)
            FolderPlace(self.folder).delete(name)
            with self.database.session() as session:
                session.execute(
                    update(VaultObject).where(VaultObject.name == name).values(kept=Kept.SHREDDED)
                )
        if names:
            self.database.forget_deleted()
        return len(names)

    def probe(self) -> None:
        """Raises `StorageFailed` unless something could be stored now."""
        self.marks.refuse_another()
        self.place.probe()

    def probe_keys(self) -> None:
        """Raises `MasterKeyError` where something is sealed under a master key that is not at hand."""
        with self.database.session() as session:
            masters = session.scalars(
                select(VaultObject.master).where(VaultObject.master.is_not(None)).distinct()
            ).all()
            for master in masters:
                row = session.scalars(select(VaultObject).where(VaultObject.master == master).limit(1)).one()
                self._opened_key(row)

    def _alarmed(self, name: str, why: str) -> VaultDamaged:
        """The fault of held bytes, told at once unless they were shredded or given up just now."""
        with self.database.session() as session:
            row = session.get(VaultObject, name)
        if row is not None and row.kept == Kept.SEALED:
            log.error("ALARM: %s: %s; the case and its hashes are kept", self.place.where(name), why)
        return VaultDamaged(f"{self.place.where(name)}: {why}")

    def _row(self, name: str) -> VaultObject:
        with self.database.session() as session:
            row = session.get(VaultObject, name)
        if row is None:
            raise VaultDamaged(f"{name}: the vault has no row of these bytes, so they cannot be unsealed")
        return row

    def _sealed_key(self, reserved: Reserved) -> bytes:
        return self.keyring.seal(PURPOSE, reserved.key, reserved.name.encode())

    def _opened_key(self, row: VaultObject) -> bytes:
        try:
            return self.keyring.open_sealed(PURPOSE, row.sealed_key or b"", row.name.encode())
        except SealBroken as error:
            raise MasterKeyError(
                f"held bytes cannot be opened ({error}); give back the master key that they were sealed "
                f"under, as keys.master or keys.previous"
            ) from error

    def _key_for_plain(self, row: VaultObject) -> Reserved:
        """The key comes before the bytes, and is the same one however often this is begun."""
        if row.sealed_key is not None:
            return Reserved(row.name, self._opened_key(row))
        reserved = Reserved(row.name, os.urandom(KEY_BYTES))
        with self.database.session() as session:
            session.execute(
                update(VaultObject)
                .where(VaultObject.name == row.name)
                .values(sealed_key=self._sealed_key(reserved), master=self.keyring.fingerprint)
            )
        return reserved

    def _is_sealed(self, reserved: Reserved) -> bool:
        stream = self.place.open(reserved.name)
        if stream is None:
            return False
        with stream:
            try:
                for _ in unseal(stream, reserved.key, reserved.name.encode()):
                    pass
            except SealBroken:
                return False
        return True


@dataclass(frozen=True, slots=True)
class SealedContent:
    """A `Content`: unsealed anew by each reader, into a file that never has a name.

    `open` and `lend` raise `VaultDamaged`, `MasterKeyError` and `StorageFailed`.
    """

    vault: Vault
    name: str

    def open(self) -> BinaryIO:
        file = _nameless(self.vault.spool)
        try:
            for chunk in self.vault.unsealed(self.name):
                file.write(chunk)
            file.seek(0)
        except OSError as error:
            file.close()
            raise StorageFailed(f"cannot spool in {self.vault.spool}: {error.strerror}") from error
        except BaseException:
            file.close()
            raise
        return file

    @contextmanager
    def lend(self) -> Iterator[Span]:
        with self.open() as file:
            file.flush()
            with Span(file.fileno(), 0, os.fstat(file.fileno()).st_size).lend() as span:
                yield span


def claim(session: Session, name: str) -> bool:
    """Keep held bytes from being shredded, shared or let go of until the transaction ends; first in it.

    False where there are none (any more).
    """
    there = (VaultObject.name == name) & VaultObject.kept.in_([Kept.SEALED, Kept.PLAIN])
    claimed = update(VaultObject).where(there).values(kept=VaultObject.kept).returning(VaultObject.name)
    return session.scalar(claimed) is not None


def _nameless(folder: Path) -> BinaryIO:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return tempfile.TemporaryFile(dir=folder)
    except OSError as error:
        raise StorageFailed(f"cannot spool in {folder}: {error.strerror}") from error


def _checked(upload: Upload) -> Iterator[bytes]:
    digester = Sha256Digester()
    with upload.content.open() as stream:
        for portion in _portions(stream):
            digester.update(portion)
            yield portion
    if not hmac.compare_digest(digester.finish().sha256, upload.digest.sha256):
        raise StorageFailed("the bytes to keep are not the bytes that were checked")


def _portions(stream: BinaryIO) -> Iterable[bytes]:
    return iter(lambda: stream.read(CHUNK), b"")
