"""Links that only the uploader has: a case number and a secret, which rows hold sealed.

Whoever guesses learns nothing: a number that is no case's, one without a statement and a wrong secret take
the same comparisons and have the same answer.
"""

from __future__ import annotations

import hmac
import secrets
from hashlib import sha256

from sqlalchemy import select
from sqlalchemy.orm import Session

from upload_guard.keyring import Keyring
from upload_guard.storage.statement_tables import Statement

PURPOSE = "statements"
_SECRET_BYTES = 32
_LONGEST = 64


def new_secret(keyring: Keyring, number: str) -> tuple[bytes, bytes]:
    """The digest of a new one and the secret itself, sealed, for the statement's row."""
    secret = secrets.token_urlsafe(_SECRET_BYTES)
    return sha256(secret.encode()).digest(), keyring.seal(PURPOSE, secret.encode(), number.encode())


def appeal_url(keyring: Keyring, origin: str, row: Statement) -> str:
    """The link of this statement, at the service of strangers at `origin`. Raises `SealBroken`."""
    secret = keyring.open_sealed(PURPOSE, row.sealed, row.case_number.encode()).decode()
    return f"{origin}/public/appeals/{row.case_number}/{secret}"


def statement_of(session: Session, number: str, secret: str) -> Statement | None:
    """The statement that this link belongs to, if there is one whose site was told of it."""
    shown = sha256(secret[:_LONGEST].encode()).digest()
    told = select(Statement).where(Statement.case_number == number, Statement.told_at.is_not(None))
    rows = list(session.scalars(told.order_by(Statement.id)))
    right = [row for row in rows if hmac.compare_digest(row.secret_digest, shown)]
    if not rows:
        hmac.compare_digest(secrets.token_bytes(32), shown)
    return right[-1] if right else None
