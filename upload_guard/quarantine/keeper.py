"""Keeps a refused upload: intent row, bytes, then the row says open. In that order, so that a crash at any
point leaves either a case with its bytes or an intent that `recover` settles.
"""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from upload_guard.digests import digest_stream
from upload_guard.errors import StorageFailed
from upload_guard.quarantine.rows import match_row, signal_rows
from upload_guard.quarantine.states import CaseState
from upload_guard.quarantine.vault import Vault
from upload_guard.records import Digests, Findings, Standing, Upload, Verdict
from upload_guard.storage.database import Database
from upload_guard.storage.locks import exclusive_lock_if_free, shared_lock
from upload_guard.storage.tables import Case

# No vowels and no look-alikes: a number that is read out over the telephone and spells nothing.
_ALPHABET = "23456789BCDFGHJKMNPQRSTVWXZ"
# Shorter than anybody waits for an answer, long enough for a worker process to be replaced.
_EARLIER_ATTEMPT_SECONDS = 8.0
_LOOK_EVERY = 0.05


@dataclass(frozen=True, slots=True)
class QuarantineKeeper:
    """Cases as rows of `database`, bytes in `vault`."""

    database: Database
    vault: Vault

    def keep(self, upload: Upload, verdict: Verdict, findings: Findings) -> str:
        """Store the upload and return its case number, that of an earlier attempt if there was one.

        Raises `StorageFailed`; then no case is open.
        """
        deadline = time.monotonic() + _EARLIER_ATTEMPT_SECONDS
        while True:
            kept = self._kept(upload)
            if kept is None and (number := self._keep_first(upload, verdict, findings)):
                return number
            if kept is not None and kept.state != CaseState.STORING:
                return kept.number
            # Another process stores this very upload, or died over it: then its successor will settle that.
            if time.monotonic() > deadline:
                raise StorageFailed("an earlier attempt to keep this upload has not ended")
            time.sleep(_LOOK_EVERY)

    def _kept(self, upload: Upload) -> Case | None:
        with self.database.session() as session:
            return session.scalar(
                select(Case).where(
                    Case.upload_id == upload.upload_id,
                    Case.site == upload.source.site[:64],
                    Case.sha256 == upload.digest.sha256,
                )
            )

    def _keep_first(self, upload: Upload, verdict: Verdict, findings: Findings) -> str:
        """The number of a new case; empty where another attempt was faster by a moment."""
        case = _case(upload, _digests(upload), verdict, findings)
        number = case.number
        with shared_lock(self._lock):
            if not self._intend(case):
                return ""
            self._store(case, upload)
        return number

    def recover(self) -> None:
        """Settle what a crash left: an intent with its bytes becomes a case, one without is removed.

        Does nothing while any process is keeping an upload: then an intent is no leftover.
        """
        with exclusive_lock_if_free(self._lock) as alone:
            if alone:
                self._settle_leftovers()

    @property
    def _lock(self) -> Path:
        return self.vault.folder / "keeping.lock"

    def _settle_leftovers(self) -> None:
        self.vault.remove_parts()
        with self.database.session() as session:
            for case in session.scalars(select(Case).where(Case.state == CaseState.STORING)):
                if self.vault.holds(case.vault_name):
                    case.state = CaseState.OPEN
                else:
                    session.delete(case)

    def _intend(self, case: Case) -> bool:
        try:
            with self.database.session() as session:
                session.add(case)
        except StorageFailed as fault:
            if isinstance(fault.__cause__, IntegrityError):
                return False
            raise
        return True

    def _store(self, case: Case, upload: Upload) -> None:
        number, vault_name = case.number, case.vault_name
        try:
            self.vault.put(vault_name, upload)
        except StorageFailed:
            self._drop(number)
            raise
        self._open(number)

    def _open(self, number: str) -> None:
        with self.database.session() as session:
            session.execute(update(Case).where(Case.number == number).values(state=CaseState.OPEN))

    def _drop(self, number: str) -> None:
        with self.database.session() as session:
            case = session.scalar(select(Case).where(Case.number == number))
            if case is not None:
                session.delete(case)


def new_case_number() -> str:
    """Random: it tells neither how many cases there are nor when this one came (57 bits)."""
    drawn = "".join(secrets.choice(_ALPHABET) for _ in range(12))
    return f"{drawn[:4]}-{drawn[4:8]}-{drawn[8:]}"


def _digests(upload: Upload) -> Digests:
    """All three, for a report names a file by whichever its reader asks for."""
    with upload.content.open() as stream:
        return digest_stream(stream)


def _case(upload: Upload, digests: Digests, verdict: Verdict, findings: Findings) -> Case:
    return Case(
        number=new_case_number(),
        state=CaseState.STORING,
        created_at=datetime.now(UTC),
        site=upload.source.site[:64],
        route=upload.source.route[:1024],
        result=verdict.result.value,
        action=verdict.action.label,
        reason=verdict.reason,
        media_type=upload.media_type[:255],
        size=upload.digest.size,
        md5=digests.md5,
        sha1=digests.sha1,
        sha256=upload.digest.sha256,
        vault_name=secrets.token_hex(16),
        matches=[match_row(match) for match in verdict.matches],
        signals=signal_rows(findings.signals),
        unscannable=findings.unscannable[:64],
        unreadable=findings.unreadable[:64],
        degraded=list(findings.degraded),
        under=findings.under,
        lowered=any(match.standing is Standing.LOWERED for match in verdict.matches),
        upload_id=upload.upload_id,
    )
