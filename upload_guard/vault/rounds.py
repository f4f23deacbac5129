"""The rounds of the vault: is everything still there, and still what was put there?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, or_, select, update

from upload_guard.errors import MasterKeyError, VaultDamaged
from upload_guard.storage.vault_tables import VaultObject
from upload_guard.vault.states import Kept
from upload_guard.vault.vault import Vault

_OBJECTS = 200
_BYTES = 256 << 20


@dataclass(frozen=True, slots=True)
class Rounds:
    """Reads some objects of `vault` whole, those first that were not looked at for longest.

    The vault itself raises the alarm over what it cannot read.
    """

    vault: Vault
    objects: int = _OBJECTS
    bytes: int = _BYTES
    again_after: timedelta = timedelta(days=1)

    def run(self) -> int:
        """Look at up to so many objects and bytes; how many are damaged now. Raises `StorageFailed`."""
        begun, read = datetime.now(UTC), 0
        names = self._next()
        if names:
            self.vault.marks.leave()
        for name in names:
            if read > self.bytes:
                break
            fault, size = self._look(name)
            read += size
            with self.vault.database.session() as session:
                session.execute(
                    update(VaultObject)
                    .where(VaultObject.name == name)
                    .values(checked_at=begun, fault=fault[:255])
                )
        return damaged(self.vault)

    def _next(self) -> list[str]:
        before = datetime.now(UTC) - self.again_after
        oldest = (
            select(VaultObject.name)
            .where(VaultObject.kept == Kept.SEALED)
            .where(or_(VaultObject.checked_at.is_(None), VaultObject.checked_at <= before))
            .order_by(VaultObject.checked_at.asc().nulls_first())
            .limit(self.objects)
        )
        with self.vault.database.session() as session:
            return list(session.scalars(oldest))

    def _look(self, name: str) -> tuple[str, int]:
        size = 0
        try:
            for chunk in self.vault.unsealed(name):
                size += len(chunk)
        except (VaultDamaged, MasterKeyError) as fault:
            return self._unless_shredded(name, str(fault)), size
        return "", size

    def _unless_shredded(self, name: str, fault: str) -> str:
        with self.vault.database.session() as session:
            row = session.get(VaultObject, name)
        return fault if row is not None and row.kept == Kept.SEALED else ""


def damaged(vault: Vault) -> int:
    """How many objects were damaged when they were last looked at."""
    with vault.database.session() as session:
        count = select(func.count()).select_from(VaultObject).where(VaultObject.fault != "")
        return session.scalar(count) or 0
