"""A new master key: every data key is wrapped anew, and no sealed byte is written.

Killed at any moment it can be run again: each row says under which master key its own is.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, inspect, select, update

from upload_guard.errors import MasterKeyError, SealBroken
from upload_guard.keyring import Keyring
from upload_guard.storage.database import Database
from upload_guard.storage.key_tables import MachineKeyRow
from upload_guard.storage.notice_tables import Notice
from upload_guard.storage.outbox_tables import OutboxMessage
from upload_guard.storage.report_tables import CaseUploader, Report
from upload_guard.storage.statement_tables import Appeal, Statement
from upload_guard.storage.vault_tables import SealedSecret, VaultObject
from upload_guard.vault.vault import PURPOSE

_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class SealedRows:
    """A table with a column `sealed`: sealed for `purpose`, for what the column named by `context` says."""

    table: type[Any]
    purpose: str
    context: str


# One line a table.
SEALED_ROWS = (
    SealedRows(Statement, "statements", "case_number"),
    SealedRows(Report, "reports", "number"),
    SealedRows(CaseUploader, "uploaders", "case_number"),
    SealedRows(Appeal, "appeals", "case_number"),
    SealedRows(Notice, "notices", "number"),
)


@dataclass(frozen=True, slots=True)
class Rewrap:
    """All that lies in `database` sealed under a master key, brought under that of `keyring`."""

    database: Database
    keyring: Keyring

    def run(self) -> int:
        """How many keys were wrapped anew. Raises `MasterKeyError` for one of a third master key."""
        try:
            return self._secrets() + self._machine_keys() + self._rows() + self._letters() + self._objects()
        except SealBroken as error:
            raise MasterKeyError(f"{error}; give the master key before this one as keys.previous") from error

    def left(self) -> int:
        """How many are under another master key than this one."""
        with self.database.session() as session:
            objects = session.scalar(
                select(func.count())
                .select_from(VaultObject)
                .where(VaultObject.master.is_not(None), VaultObject.master != self.keyring.fingerprint)
            )
            sealed = [
                *session.scalars(select(SealedSecret.sealed)),
                *session.scalars(select(MachineKeyRow.secret).where(MachineKeyRow.revoked_at.is_(None))),
                *(one for kept in SEALED_ROWS for one in session.scalars(select(kept.table.sealed))),
                *(_sealed_letter(row) for row in session.scalars(_LETTERS)),
            ]
        return (objects or 0) + sum(not self.keyring.is_current(one) for one in sealed)

    def _objects(self) -> int:
        """A few hundred at a time: others must be able to write to the database."""
        old = (VaultObject.master != self.keyring.fingerprint) & VaultObject.master.is_not(None)
        count = 0
        while True:
            with self.database.session() as session:
                some = session.execute(
                    select(VaultObject.name, VaultObject.sealed_key).where(old).limit(_AT_ONCE)
                ).all()
                for name, sealed in some:
                    session.execute(
                        # It may have been shredded meanwhile.
                        update(VaultObject)
                        .where(VaultObject.name == name, VaultObject.sealed_key == sealed)
                        .values(
                            sealed_key=self._again(PURPOSE, sealed or b"", name.encode()),
                            master=self.keyring.fingerprint,
                        )
                    )
            if not some:
                return count
            count += len(some)

    def _secrets(self) -> int:
        with self.database.session() as session:
            rows = [
                row
                for row in session.scalars(select(SealedSecret))
                if not self.keyring.is_current(row.sealed)
            ]
            for row in rows:
                row.sealed = self._again(row.purpose, row.sealed, row.purpose.encode())
        return len(rows)

    def _machine_keys(self) -> int:
        with self.database.session() as session:
            living = session.scalars(select(MachineKeyRow).where(MachineKeyRow.revoked_at.is_(None)))
            rows = [row for row in living if not self.keyring.is_current(row.secret)]
            for row in rows:
                row.secret = self._again("machine-keys", row.secret, row.id.encode())
        return len(rows)

    def _rows(self) -> int:
        """A few hundred at a time, as of objects."""
        return sum(self._of_table(kept) for kept in SEALED_ROWS)

    def _of_table(self, kept: SealedRows) -> int:
        key = inspect(kept.table).primary_key[0]
        count, some = 0, select(kept.table).order_by(key).limit(_AT_ONCE)
        following = some
        while True:
            with self.database.session() as session:
                rows = list(session.scalars(following))
                old = [row for row in rows if not self.keyring.is_current(row.sealed)]
                for row in old:
                    context = str(getattr(row, kept.context)).encode()
                    row.sealed = self._again(kept.purpose, row.sealed, context)
            count += len(old)
            if not rows:
                return count
            following = some.where(key > inspect(rows[-1]).identity[0])

    def _letters(self) -> int:
        with self.database.session() as session:
            old = [
                row for row in session.scalars(_LETTERS) if not self.keyring.is_current(_sealed_letter(row))
            ]
            for row in old:
                sealed = self._again("letters", _sealed_letter(row), row.recipient.encode())
                row.body = {**row.body, "sealed": base64.b64encode(sealed).decode()}
        return len(old)

    def _again(self, purpose: str, sealed: bytes, context: bytes) -> bytes:
        return self.keyring.seal(purpose, self.keyring.open_sealed(purpose, sealed, context), context)


# Those that may still go out. Of those that went nobody reads a word again.
_LETTERS = select(OutboxMessage).where(
    OutboxMessage.kind == "letter", OutboxMessage.state.in_(("waiting", "given_up"))
)


def _sealed_letter(row: OutboxMessage) -> bytes:
    return base64.b64decode(str(row.body.get("sealed", "")))


def masters(database: Database) -> Mapping[str, int]:
    """How many held objects are under each master key, by its fingerprint."""
    with database.session() as session:
        rows = session.execute(
            select(VaultObject.master, func.count())
            .where(VaultObject.master.is_not(None))
            .group_by(VaultObject.master)
        )
        return {master.hex(): count for master, count in rows if master is not None}
