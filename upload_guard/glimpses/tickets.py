"""Tickets: a blurred picture is fetched once, within a minute, by the session that asked, and by nobody else.

Not put into the page as a data: address: a page's text is what browsers, extensions and htmx's history keep,
and a data: address would stay a picture there. A spent ticket is an address of nothing.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import delete
from sqlalchemy.orm import Session

from upload_guard.errors import SealBroken
from upload_guard.keyring import Keyring
from upload_guard.storage.database import Database
from upload_guard.storage.glimpse_tables import GlimpseTicket

LIVES = timedelta(seconds=60)
_BYTES = 32
_PURPOSE = "glimpse"


@dataclass(frozen=True, slots=True)
class Tickets:
    """Rows of `database`, each sealed under its own ticket: who reads the rows sees no picture."""

    database: Database

    def issue(self, session: Session, picture: bytes, bearer: str) -> str:
        """A ticket for `picture` that is good for `bearer`, in the caller's transaction."""
        secret, now = secrets.token_bytes(_BYTES), datetime.now(UTC)
        session.execute(delete(GlimpseTicket).where(GlimpseTicket.expires_at <= now))
        sealed = Keyring(secret).seal(_PURPOSE, picture, bearer.encode())
        session.add(GlimpseTicket(name=_name(secret), sealed=sealed, expires_at=now + LIVES))
        return secret.hex()

    def redeem(self, ticket: str, bearer: str) -> bytes | None:
        """The picture, or None for a ticket that was used, is too old, somebody else's, or never was one."""
        try:
            secret = bytes.fromhex(ticket)
        except ValueError:
            return None
        if len(secret) != _BYTES:
            return None
        # Deleted and read in one statement: of two that come at once, one gets it.
        with self.database.session() as session:
            spent = delete(GlimpseTicket).where(GlimpseTicket.name == _name(secret))
            row = session.scalar(spent.returning(GlimpseTicket))
        if row is None or row.expires_at <= datetime.now(UTC):
            return None
        try:
            return Keyring(secret).open_sealed(_PURPOSE, row.sealed, bearer.encode())
        except SealBroken:
            return None


def _name(secret: bytes) -> bytes:
    return hashlib.sha256(secret).digest()
