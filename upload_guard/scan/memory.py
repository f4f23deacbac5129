"""What was seen: a file in which nothing listed was found need not be read again while it is the same.

A row says nothing of which file it is of: locator, size, times and SHA-256 stand in it keyed, and its hashes
are sealed as those of the signal log are. Only files that were read whole, and that reached no entry of any
list, are remembered: whatever there is more to say of is read at every scan.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from sqlalchemy import delete, select, tuple_, update
from sqlalchemy.orm import Session

from upload_guard.errors import SealBroken
from upload_guard.keyring import Keyring
from upload_guard.lists.log.keyed import DigestKey
from upload_guard.lists.log.logged import lacking_in, packed, unpacked
from upload_guard.records import CANARY, Findings, Result, Signal, Verdict
from upload_guard.scan.records import Item
from upload_guard.storage.database import Database
from upload_guard.storage.scan_tables import SeenFile

_SEALED = "scan hashes"
_KEYED = "scan digests"
# Beyond it, reading again is cheaper than keeping: some hundred pictures in one file.
_MOST_BYTES = 64 << 10
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept of a file. `mark` and `digest` are keyed; so are exact digests among its `signals`."""

    key: bytes
    mark: bytes
    digest: bytes
    generation: str
    sealed: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Memory:
    """Rows of `database`. `looked` names how files are looked at: what was kept otherwise is of no use."""

    database: Database
    keyring: Keyring
    key: DigestKey
    looked: str

    @classmethod
    def of(cls, database: Database, keyring: Keyring, looked: str) -> Memory:
        return cls(database, keyring, DigestKey(keyring.subkey(_KEYED)), looked)

    def recall(self, items: Iterable[Item]) -> Mapping[str, Kept]:
        """What is kept of these files, by locator. Raises `StorageFailed`."""
        secret = self.key.key
        keys = {_key(secret, item.locator): item.locator for item in items}
        with self.database.session() as session:
            rows = session.scalars(
                select(SeenFile).where(SeenFile.key.in_(list(keys)), SeenFile.looked == self.looked)
            ).all()
        return {
            keys[row.key]: Kept(row.key, row.mark, row.digest, row.generation, row.sealed) for row in rows
        }

    def is_same(self, kept: Kept, item: Item) -> bool:
        """Whether the file looks, from outside, as it did when it was read."""
        return hmac.compare_digest(kept.mark, _mark(self.key.key, item))

    def holds(self, kept: Kept, sha256: bytes) -> bool:
        """Whether it has the very bytes that were read."""
        return hmac.compare_digest(kept.digest, _digest(self.key.key, sha256))

    def signals(self, kept: Kept) -> tuple[Signal, ...] | None:
        """Its hashes, exact ones keyed; None where they cannot be had any more."""
        try:
            plain = self.keyring.open_sealed(
                _SEALED, kept.sealed, _context(kept.key, kept.digest, self.looked)
            )
        except SealBroken:
            return None
        return unpacked(plain)[0]

    def kept(self, item: Item, sha256: bytes, findings: Findings, generation: str) -> Kept | None:
        """What to keep of a file in which nothing was found; None if it has too many hashes."""
        key = self.key
        plain = packed(map(key.hidden, findings.signals), "")
        if len(plain) > _MOST_BYTES:
            return None
        name, digest = _key(key.key, item.locator), _digest(key.key, sha256)
        sealed = self.keyring.seal(_SEALED, plain, _context(name, digest, self.looked))
        return Kept(name, _mark(key.key, item), digest, generation, sealed)

    def marked(self, kept: Kept, item: Item, generation: str) -> Kept:
        """The same hashes, for the file as it stands now and compared with other entries."""
        return Kept(kept.key, _mark(self.key.key, item), kept.digest, generation, kept.sealed)

    def put(self, session: Session, seen: Sequence[Kept], still: Sequence[Kept], generation: str) -> None:
        """Write rows anew for `seen`; note of `still` that they were compared with `generation`."""
        now = datetime.now(UTC)
        session.execute(delete(SeenFile).where(SeenFile.key.in_([one.key for one in seen])))
        session.add_all(
            SeenFile(
                key=one.key,
                mark=one.mark,
                digest=one.digest,
                looked=self.looked,
                generation=one.generation,
                seen_at=now,
                sealed=one.sealed,
            )
            for one in {one.key: one for one in seen}.values()
        )
        # A scan beside this one may have read another file there since, and compared it with older entries.
        same = tuple_(SeenFile.key, SeenFile.mark).in_([(one.key, one.mark) for one in still])
        session.execute(update(SeenFile).where(same).values(generation=generation, seen_at=now))

    def forget(self, older_than: timedelta = timedelta()) -> int:
        """Remove what no scan has met for so long; how many rows. Raises `StorageFailed`."""
        old = select(SeenFile.key).where(SeenFile.seen_at <= datetime.now(UTC) - older_than).limit(_AT_ONCE)
        removed = 0
        while True:
            # By portions, since uploads wait for nobody who writes long.
            with self.database.session() as session:
                keys = session.scalars(old).all()
                if keys:
                    session.execute(delete(SeenFile).where(SeenFile.key.in_(keys)))
            removed += len(keys)
            if len(keys) < _AT_ONCE:
                return removed


def says_nothing(verdict: Verdict, findings: Findings) -> bool:
    """Whether a file was read whole and reaches no entry, not even one that is excused or ignored."""
    return (
        verdict.result is Result.CLEAN
        and verdict.reason != CANARY
        and not findings.matches
        and not findings.excepted
        and not findings.unanswered
        and not lacking_in(findings)
    )


def _key(secret: bytes, locator: str) -> bytes:
    return hmac.digest(secret, b"locator:" + locator.encode(), "sha256")


def _mark(secret: bytes, item: Item) -> bytes:
    return hmac.digest(secret, f"mark:{item.size}:{item.stamp}".encode(), "sha256")


def _digest(secret: bytes, sha256: bytes) -> bytes:
    return hmac.digest(secret, b"content:" + sha256, "sha256")


def _context(key: bytes, digest: bytes, looked: str) -> bytes:
    """What the hashes are of: put into another row they do not open."""
    return key + digest + looked.encode()
