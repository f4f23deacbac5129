"""Codes of six digits out of a phone (TOTP, RFC 6238: SHA-1, 30 seconds) and ten to recover with.

The secret lies sealed under the master key. A code is taken once, and so is each code to recover with.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import quote, urlencode

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from upload_guard.errors import LogInFailed
from upload_guard.keyring import Keyring
from upload_guard.moments import utc_now
from upload_guard.people.noting import note_even_so
from upload_guard.people.people import end_sessions, known
from upload_guard.storage.database import Database
from upload_guard.storage.journal import Act, note_act
from upload_guard.storage.people_tables import PersonRow, RecoveryCode
from upload_guard.storage.vault_tables import SealedSecret

ISSUER = "upload_guard"
RECOVERY_CODES = 10
_STEP = 30
_DIGITS = 6
# RFC 4226, 4: 160 bits.
_SECRET_BYTES = 20
# A phone's clock may be one step off, either way.
_OFF = (0, -1, 1)
# 80 bits, so that nobody finds one by its digest.
_RECOVERY_BYTES = 10


@dataclass(frozen=True, slots=True)
class Enrolment:
    """A secret that waits for its first code. `secret` in base32, as phones take it by hand."""

    secret: str
    address: str
    """What the square shows: otpauth://..."""


@dataclass(frozen=True, slots=True)
class Phones:
    """Rows in `database`. Raises `StorageFailed`, and `SealBroken` for a secret of another master key."""

    database: Database
    keyring: Keyring
    now: Callable[[], datetime] = field(default=utc_now)

    def offered(self, person_id: str) -> Enrolment:
        """The secret that a new phone is to take; the same until a first code of it was shown."""
        with self.database.session() as session:
            name = session.scalars(select(PersonRow.name).where(PersonRow.id == person_id)).one()
            secret = self._secret(session, _new(person_id))
            if secret is None:
                secret = os.urandom(_SECRET_BYTES)
                self._keep(session, _new(person_id), secret)
        text = base64.b32encode(secret).decode()
        parameters = urlencode({"secret": text, "issuer": ISSUER})
        return Enrolment(text, f"otpauth://totp/{quote(f'{ISSUER}:{name}')}?{parameters}")

    def enrol(self, person_id: str, code: str) -> tuple[str, ...]:
        """Take the phone whose first code this is; the codes to recover with, which are shown this once.

        Raises `LogInFailed` for a code that is not of the secret offered.
        """
        with self.database.session() as session:
            secret = self._secret(session, _new(person_id))
            step = None if secret is None else self._step_of(secret, code)
            if secret is None or step is None:
                raise LogInFailed("a first code that is not of the secret offered")
            row = session.get_one(PersonRow, person_id)
            _forget(session, person_id)
            self._keep(session, _own(person_id), secret)
            row.totp_since, row.totp_step = self.now(), step
            note_even_so(session, Act(row.name, "person.totp_on"))
            return _renewed(session, person_id)

    def is_right(self, person_id: str, code: str) -> bool:
        """Whether this is a code of their phone, or one to recover with, that was not taken before."""
        plain = code.replace(" ", "").replace("-", "").lower()
        if len(plain) == _DIGITS and plain.isascii() and plain.isdigit():
            return self._takes(person_id, plain)
        return self._recovers(person_id, plain)

    def recovery_left(self, person_id: str) -> int:
        with self.database.session() as session:
            mine = RecoveryCode.person_id == person_id
            return session.scalar(select(func.count()).select_from(RecoveryCode).where(mine)) or 0

    def renew_recovery(self, person_id: str) -> tuple[str, ...]:
        """New codes to recover with, shown this once; those of before no longer work."""
        with self.database.session() as session:
            row = session.get_one(PersonRow, person_id)
            note_even_so(session, Act(row.name, "person.recovery_renewed"))
            return _renewed(session, person_id)

    def reset(self, name: str, by: str) -> None:
        """Forget the phone and the codes to recover with, as of somebody who lost theirs.

        Raises `UsageError` for a name that is nobody's.
        """
        with self.database.session() as session:
            row = known(session, name)
            _forget(session, row.id)
            row.totp_since = None
            end_sessions(session, row.id)
            note_act(session, Act(by, "person.totp_reset", details={"name": name}))

    def _takes(self, person_id: str, code: str) -> bool:
        with self.database.session() as session:
            secret = self._secret(session, _own(person_id))
            step = None if secret is None else self._step_of(secret, code)
            if step is None:
                return False
            # Of two who show the same code, one finds the step as it was.
            later = (PersonRow.id == person_id) & (PersonRow.totp_step < step)
            taken = session.execute(
                update(PersonRow).where(later).values(totp_step=step).returning(PersonRow.id)
            ).first()
            return taken is not None

    def _recovers(self, person_id: str, code: str) -> bool:
        with self.database.session() as session:
            this = (RecoveryCode.person_id == person_id) & (RecoveryCode.digest == _digest(code))
            taken = session.execute(delete(RecoveryCode).where(this).returning(RecoveryCode.id)).first()
            if taken is not None:
                row = session.get_one(PersonRow, person_id)
                note_even_so(session, Act(row.name, "person.recovered"))
            return taken is not None

    def _step_of(self, secret: bytes, code: str) -> int | None:
        """The step that the code is of, near enough to now."""
        now = int(self.now().timestamp()) // _STEP
        totp = TOTP(secret, _DIGITS, SHA1(), _STEP)  # noqa: S303 - as phones have it
        given = code.replace(" ", "").encode()
        near = (now + off for off in _OFF)
        return next((step for step in near if hmac.compare_digest(totp.generate(step * _STEP), given)), None)

    def _secret(self, session: Session, purpose: str) -> bytes | None:
        row = session.get(SealedSecret, purpose)
        return None if row is None else self.keyring.open_sealed(purpose, row.sealed, purpose.encode())

    def _keep(self, session: Session, purpose: str, secret: bytes) -> None:
        sealed = self.keyring.seal(purpose, secret, purpose.encode())
        session.add(SealedSecret(purpose=purpose, sealed=sealed))


def _own(person_id: str) -> str:
    return f"totp/{person_id}"


def _new(person_id: str) -> str:
    return f"totp/{person_id}/new"


def _forget(session: Session, person_id: str) -> None:
    purposes = (_own(person_id), _new(person_id))
    session.execute(delete(SealedSecret).where(SealedSecret.purpose.in_(purposes)))
    session.execute(delete(RecoveryCode).where(RecoveryCode.person_id == person_id))


def _renewed(session: Session, person_id: str) -> tuple[str, ...]:
    session.execute(delete(RecoveryCode).where(RecoveryCode.person_id == person_id))
    drawn = [secrets.token_bytes(_RECOVERY_BYTES) for _ in range(RECOVERY_CODES)]
    codes = [base64.b32encode(one).decode().lower() for one in drawn]
    session.add_all(RecoveryCode(person_id=person_id, digest=_digest(code)) for code in codes)
    return tuple("-".join(code[start : start + 4] for start in range(0, len(code), 4)) for code in codes)


def _digest(code: str) -> bytes:
    return hashlib.sha256(code.encode()).digest()
