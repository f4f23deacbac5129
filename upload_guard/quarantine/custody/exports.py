"""Handing a case to an authority: one person asks, another gives it out, sealed to the authority's key."""

from __future__ import annotations

import hashlib
import os
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from upload_guard.errors import ConfigError, StorageFailed, UsageError
from upload_guard.quarantine.cases import Cases, found_case
from upload_guard.quarantine.custody.evidence import Evidence
from upload_guard.storage.database import Database
from upload_guard.storage.journal import Act, note_act
from upload_guard.storage.vault_tables import AuditRow, ExportRequest


@dataclass(frozen=True, slots=True)
class Exports:
    """Requests are rows of `database`; what is given out is spooled in `spool`, without a name."""

    database: Database
    cases: Cases
    spool: Path

    def request(self, number: str, recipient: str, person: str, because: str) -> None:
        """One person wants the case handed to whoever has that age key. Raises `UsageError`."""
        if not because.strip():
            raise UsageError("an export needs a reason, such as the authority's reference")
        _recipient(recipient)
        with self.database.session() as session:
            found_case(session, number)
            session.add(
                ExportRequest(
                    case_number=number,
                    recipient=recipient,
                    requested_at=datetime.now(UTC),
                    requested_by=person,
                    because=because[:1024],
                )
            )
            note_act(
                session,
                Act(person, "export.requested", number, {"to": recipient, "because": because[:1024]}),
            )

    def give(self, number: str, recipient: str, out: Path, person: str) -> bytes:
        """Another person gives it out into the new file `out`; its SHA-256.

        Raises `UsageError` where nobody else has asked for just that, `VaultDamaged` and `StorageFailed`.
        """
        if out.exists():
            raise UsageError(f"{out}: is there already")
        key, part = _recipient(recipient), out.with_name(f"{out.name}.part")
        try:
            digest = self._write(self._evidence(number, recipient, person), key, part)
            with self.database.session() as session:
                request = _open_request(session, number, recipient, person)
                _settle(session, request, person, digest)
                said = {"to": recipient, "archive_sha256": digest.hex()}
                note_act(session, Act(person, "export.given", number, said))
            # Whatever is given out has been noted before.
            part.rename(out)
        except OSError as error:
            raise StorageFailed(f"{out}: {error.strerror}") from error
        finally:
            part.unlink(missing_ok=True)
        return digest

    def _evidence(self, number: str, recipient: str, person: str) -> Evidence:
        of_case = select(AuditRow).where(AuditRow.case_number == number)
        with self.database.session() as session:
            request = _open_request(session, number, recipient, person)
            trail = session.scalars(of_case.order_by(AuditRow.sequence)).all()
        return Evidence(
            case=self.cases.one(number),
            trail=trail,
            requested_by=request.requested_by,
            given_by=person,
            given_at=datetime.now(UTC),
            because=request.because,
        )

    def _write(self, evidence: Evidence, key: Any, part: Path) -> bytes:
        import pyrage

        self.spool.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=self.spool) as plain, _new_file(part) as sealed:
            evidence.write(plain)
            plain.seek(0)
            pyrage.encrypt_io(plain, sealed, [key])
            sealed.flush()
            os.fsync(sealed.fileno())
        with part.open("rb") as file:
            return hashlib.file_digest(file, "sha256").digest()


def _open_request(session: Session, number: str, recipient: str, person: str) -> ExportRequest:
    found_case(session, number)
    waiting = session.scalars(
        select(ExportRequest)
        .where(
            ExportRequest.case_number == number,
            ExportRequest.recipient == recipient,
            ExportRequest.given_at.is_(None),
        )
        .order_by(ExportRequest.id)
        .with_for_update()
    ).all()
    if not waiting:
        raise UsageError(f"nobody has asked for case {number} to go to {recipient}: 'request-export' does")
    by_others = [row for row in waiting if row.requested_by != person]
    if not by_others:
        raise UsageError(f"{person} has asked for this: a second person has to give it out")
    return by_others[0]


def _settle(session: Session, request: ExportRequest, person: str, digest: bytes) -> None:
    """Raises `UsageError` where somebody else has given it out since it was read."""
    mine = (ExportRequest.id == request.id) & ExportRequest.given_at.is_(None)
    given = {"given_at": datetime.now(UTC), "given_by": person, "sha256": digest}
    settled = session.execute(update(ExportRequest).where(mine).values(given))
    if not settled.rowcount:  # type: ignore[attr-defined]
        raise UsageError(f"somebody else has given case {request.case_number} out just now")


def _recipient(text: str) -> Any:
    try:
        import pyrage
    except ImportError as error:
        raise ConfigError("exports need pyrage: pip install upload-guard[export]") from error
    try:
        return pyrage.x25519.Recipient.from_str(text)
    except pyrage.RecipientError as error:
        # Not repeated, for a fault is logged: somebody may have taken the secret key for it.
        raise UsageError(f"that is no age public key (age1...): {error}") from error


def _new_file(path: Path) -> BinaryIO:
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")
