"""Machine keys: made, rotated, revoked and found. No worker remembers one: a revoked key is dead at once."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, cast

from sqlalchemy import Row, Table, bindparam, select, update

from upload_guard.errors import AuditBroken, MasterKeyError, SealBroken, UsageError
from upload_guard.keyring import Keyring
from upload_guard.moments import utc_now
from upload_guard.signing import Credentials
from upload_guard.storage.database import Database
from upload_guard.storage.journal import Act, note_act
from upload_guard.storage.key_tables import MachineKeyRow

log = logging.getLogger(__name__)

# Fine enough to see that a key is dead, coarse enough to cost nothing and to tell little of a site's life.
USE_NOTED_EVERY = timedelta(hours=1)
_PURPOSE = "machine-keys"


class Scope(StrEnum):
    """What a key may do. `details` adds list names and distances to what another scope lets it ask."""

    CHECK = "check"
    OWN_CASES = "own-cases"
    FETCH = "fetch"
    LATE_OUTCOME = "late-outcome"
    LISTS = "lists"
    REVIEW = "review"
    METRICS = "metrics"
    DETAILS = "details"
    SERVICE = "check-service"
    PRIVATE_CHECK = "private-check"
    NOTICES = "notices"


_Row = MachineKeyRow | Row[Any]

# A host file's key is assumed to be readable by the customer.
SITE_SCOPES = frozenset({Scope.CHECK, Scope.OWN_CASES, Scope.FETCH, Scope.LATE_OUTCOME})

# Whoever has one of these is told of what is its own.
_HEARS = frozenset({Scope.OWN_CASES, Scope.SERVICE})


@dataclass(frozen=True, slots=True)
class MachineKey:
    """A key as its row has it, without the secret."""

    id: str
    site: str
    scopes: frozenset[Scope]
    created_at: datetime
    created_by: str
    expires_at: datetime | None
    revoked_at: datetime | None
    replaced_by: str | None
    last_used_at: datetime | None

    def fault(self, now: datetime) -> str:
        """Why it opens nothing at this moment; empty where it does."""
        if self.revoked_at is not None:
            return "revoked"
        if self.expires_at is not None and self.expires_at <= now:
            return "expired"
        return ""

    def is_use_noted(self, now: datetime) -> bool:
        return self.last_used_at is not None and now - self.last_used_at < USE_NOTED_EVERY


def living_keys(database: Database, now: datetime) -> int:
    """How many keys open something. Raises `StorageFailed`."""
    with database.session() as session:
        rows = session.scalars(select(MachineKeyRow)).all()
    return sum(not _as_key(row).fault(now) for row in rows)


@dataclass(frozen=True, slots=True)
class KeyStore:
    """The keys of one installation. Every method raises `StorageFailed` where rows cannot be had."""

    database: Database
    keyring: Keyring
    now: Callable[[], datetime] = field(default=utc_now)

    def new(
        self, site: str, scopes: Iterable[Scope], by: str, lifetime: timedelta | None = None
    ) -> Credentials:
        """Make a key. What this returns is the only time that the secret leaves here."""
        row, credentials = self._drawn(site, frozenset(scopes), by, lifetime)
        with self.database.session() as session:
            session.add(row)
            note_act(session, Act(by, "key.made", details={"key": row.id, "site": site}))
        return credentials

    def rotate(self, key_id: str, by: str, overlap: timedelta) -> Credentials:
        """A new key for the same site, scopes and lifetime; the old one works on for `overlap`, if as long.

        Raises `UsageError` for a key that is unknown, dead, or replaced already.
        """
        old, now = self._known(key_id), self.now()
        if fault := old.fault(now) or (old.replaced_by and f"replaced by {old.replaced_by}"):
            raise UsageError(f"key {key_id} is {fault}; make one with 'upload-guard key new {old.site}'")
        lifetime = old.expires_at - old.created_at if old.expires_at else None
        row, credentials = self._drawn(old.site, old.scopes, by, lifetime)
        end = min(now + overlap, old.expires_at) if old.expires_at else now + overlap
        with self.database.session() as session:
            # Of two rotations at once one finds its row as it was.
            claimed = session.execute(
                update(MachineKeyRow)
                .where(MachineKeyRow.id == key_id, MachineKeyRow.replaced_by.is_(None))
                .values(replaced_by=row.id, expires_at=end)
                .returning(MachineKeyRow.id)
            )
            if claimed.first() is None:
                raise UsageError(f"key {key_id} was replaced just now")
            session.add(row)
            note_act(session, Act(by, "key.rotated", details={"key": key_id, "by": row.id}))
        return credentials

    def revoke(self, key_id: str, by: str) -> None:
        """The key opens nothing from now on, even where that cannot be noted.

        Raises `UsageError` for an unknown one.
        """
        self._known(key_id)
        with self.database.session() as session:
            session.execute(
                update(MachineKeyRow)
                .where(MachineKeyRow.id == key_id, MachineKeyRow.revoked_at.is_(None))
                .values(revoked_at=self.now())
            )
            try:
                note_act(session, Act(by, "key.revoked", details={"key": key_id}))
            except AuditBroken as fault:
                # A stolen key must not live on until somebody has looked into the log.
                log.warning("ALARM: %s revokes key %s, and that is not noted: %s", by, key_id, fault)

    def show(self) -> tuple[MachineKey, ...]:
        """All keys there ever were, oldest first."""
        with self.database.session() as session:
            rows = session.scalars(select(MachineKeyRow).order_by(MachineKeyRow.created_at)).all()
        return tuple(map(_as_key, rows))

    def find(self, key_id: str) -> tuple[MachineKey, str] | None:
        """A key with its secret, whatever its state. Raises `SealBroken`."""
        with self.database.session() as session:
            row = session.connection().execute(_FIND, {"key": key_id}).first()
        return None if row is None else (_as_key(row), self._opened(row))

    def signer_of(self, site: str) -> Credentials | None:
        """The key by which this installation may sign to a site: one that the site itself uses now.

        Of its living keys that may see its cases, or ask as a customer does, the one used last; a new one may
        not have been put in place.
        None where there is none, or it cannot be opened.
        """
        now = self.now()
        with self.database.session() as session:
            rows = session.scalars(
                select(MachineKeyRow)
                .where(MachineKeyRow.site == site, MachineKeyRow.revoked_at.is_(None))
                .order_by(MachineKeyRow.last_used_at.desc().nulls_last(), MachineKeyRow.created_at)
            ).all()
        usable = (row for row in rows if _HEARS.intersection(row.scopes) and not _as_key(row).fault(now))
        row = next(usable, None)
        try:
            return None if row is None else Credentials(row.id, self._opened(row))
        except SealBroken:
            return None

    def note_use(self, key: MachineKey) -> None:
        """Remember that the key is in use, to the hour."""
        now = self.now()
        if key.is_use_noted(now):
            return
        with self.database.session() as session:
            hour = now.replace(minute=0, second=0, microsecond=0)
            session.execute(update(MachineKeyRow).where(MachineKeyRow.id == key.id).values(last_used_at=hour))

    def probe(self) -> None:
        """Raises `MasterKeyError` where a key that lives was sealed under another master key."""
        with self.database.session() as session:
            rows = session.scalars(select(MachineKeyRow).where(MachineKeyRow.revoked_at.is_(None))).all()
        for row in rows:
            try:
                self._opened(row)
            except SealBroken as error:
                raise MasterKeyError(
                    f"machine key {row.id} of {row.site} cannot be opened ({error}); give back "
                    f"the master key that it was made under, or revoke it"
                ) from error

    def _drawn(
        self, site: str, scopes: frozenset[Scope], by: str, lifetime: timedelta | None
    ) -> tuple[MachineKeyRow, Credentials]:
        now = self.now()
        credentials = Credentials(secrets.token_hex(8), secrets.token_urlsafe(32))
        sealed = self.keyring.seal(_PURPOSE, credentials.secret.encode(), credentials.key_id.encode())
        row = MachineKeyRow(
            id=credentials.key_id,
            site=site,
            scopes=sorted(scopes),
            secret=sealed,
            created_at=now,
            created_by=by,
            expires_at=lifetime and now + lifetime,
        )
        return row, credentials

    def _known(self, key_id: str) -> MachineKey:
        with self.database.session() as session:
            row = session.get(MachineKeyRow, key_id)
        if row is None:
            raise UsageError(f"no key is called {key_id}: 'upload-guard key list' names them all")
        return _as_key(row)

    def _opened(self, row: _Row) -> str:
        return self.keyring.open_sealed(_PURPOSE, row.secret, row.id.encode()).decode()


# Made once: every request executes it, and to build it costs more than to execute it.
_ROWS = cast(Table, MachineKeyRow.__table__)
_FIND = select(_ROWS).where(_ROWS.c.id == bindparam("key"))


def _as_key(row: _Row) -> MachineKey:
    return MachineKey(
        id=row.id,
        site=row.site,
        scopes=frozenset(map(Scope, row.scopes)),
        created_at=row.created_at,
        created_by=row.created_by,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
        replaced_by=row.replaced_by,
        last_used_at=row.last_used_at,
    )
