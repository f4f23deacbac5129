"""Whether a place is the one that bytes were held in, or an empty one: a disk may not be mounted.

What is written into an empty mount point is hidden once the disk is back. So a place bears a mark, and rows
say which: a random name in a small file, left there with the first bytes.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select

from upload_guard.errors import StorageFailed
from upload_guard.storage.database import Database
from upload_guard.storage.journal import Act, note_act
from upload_guard.storage.locks import exclusive_lock
from upload_guard.storage.vault_tables import VaultMark, VaultObject
from upload_guard.vault.places import FolderPlace, Place
from upload_guard.vault.states import Kept

# Any one that is there will do; the last that were found sound come first.
_WITNESSES = 8


@dataclass(frozen=True, slots=True)
class Marks:
    """The mark of `place`. `folder` is where older objects may lie: see `vault.Vault`."""

    database: Database
    place: Place
    folder: Path

    def is_right(self) -> bool:
        """Whether the place bears the mark of the rows, or else one of the held objects; writes nothing.

        One that nothing was ever held in is right, too. Raises `StorageFailed` where it does not answer.
        """
        known = self._known()
        return bool(known and known == self.place.mark()) or self._is_witnessed(known)

    def refuse_another(self) -> None:
        """Raises `StorageFailed` unless the place is right."""
        if not self.is_right():
            raise StorageFailed(
                f"vault {self.place.address}: nothing shows that bytes were held here: perhaps a disk is not "
                "mounted; if they are lost, say so: 'upload-guard quarantine accept-vault'"
            )

    def leave(self) -> None:
        """Mark a place that is right and not marked yet. Raises `StorageFailed` where it is another."""
        known = self._known()
        if known and known == self.place.mark():
            return
        with exclusive_lock(self.folder / "marking.lock"):
            self.refuse_another()
            self._write()

    def accept(self, person: str, because: str) -> None:
        """Take the place as it is, on somebody's word: what was held and is not in it is lost."""
        with exclusive_lock(self.folder / "marking.lock"):
            self._write(Act(person, "vault.accepted", "", {"because": because[:1024]}))

    def _known(self) -> str:
        with self.database.session() as session:
            row = session.get(VaultMark, self.place.address)
            return row.mark if row is not None else ""

    def _is_witnessed(self, known: str) -> bool:
        there = VaultObject.kept.in_([Kept.SEALED, Kept.PLAIN])
        # NULL, never looked at, is last.
        best = (
            select(VaultObject.name)
            .where(there)
            .order_by(VaultObject.fault != "", VaultObject.checked_at.desc())
        )
        with self.database.session() as session:
            names = session.scalars(best.limit(_WITNESSES)).all()
        if known:
            return any(map(self.place.holds, names))
        # A place that was chosen anew; what was held before is still in the folder.
        old = FolderPlace(self.folder)
        return not names or any(self.place.holds(name) or old.holds(name) for name in names)

    def _write(self, act: Act | None = None) -> None:
        # The place first: a mark without a row is taken up by whoever comes next.
        mark = self.place.mark()
        if not mark:
            mark = self._known() or secrets.token_hex(16)
            self.place.set_mark(mark)
        with self.database.session() as session:
            session.merge(VaultMark(place=self.place.address, mark=mark))
            if act is not None:
                note_act(session, act)
