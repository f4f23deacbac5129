"""Who uploaded the file of a case, as far as its site or a person tells: sealed, for reports and letters."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from ipaddress import ip_address

from sqlalchemy import select
from sqlalchemy.orm import Session

from upload_guard.errors import UsageError
from upload_guard.keyring import Keyring
from upload_guard.quarantine.cases import found_case
from upload_guard.reports.facts import Uploader
from upload_guard.storage.database import Database
from upload_guard.storage.journal import Act, note_act
from upload_guard.storage.report_tables import CaseUploader

PURPOSE = "uploaders"
_MOST = 256


@dataclass(frozen=True, slots=True)
class Uploaders:
    """Rows of `database`. Nothing is `kept` where settings say so. Each method raises `StorageFailed`."""

    database: Database
    keyring: Keyring
    kept: bool

    def tell(self, case: str, uploader: Uploader, by: str) -> None:
        """Keep what is told; later words take the place of earlier ones.

        Raises `UsageError` where nothing is kept, where nothing is told, or where there is no such case.
        """
        if not self.kept:
            raise UsageError("[reports] keep_uploader = false: nothing is kept of who uploaded a file")
        sealed = self.keyring.seal(PURPOSE, _written(_sound(uploader)), case.encode())
        with self.database.session() as session:
            found_case(session, case)
            row = _row(session, case)
            if row is None:
                row = CaseUploader(case_number=case)
                session.add(row)
            row.sealed, row.told_at, row.told_by = sealed, datetime.now(UTC), by[:64]
            # What was told stays out of the log, which many may read.
            note_act(session, Act(by, "case.uploader_told", case))

    def of(self, session: Session, case: str) -> Uploader:
        """What was told of it, or an empty one. Raises `SealBroken`."""
        row = _row(session, case)
        if row is None:
            return Uploader()
        return _read(self.keyring.open_sealed(PURPOSE, row.sealed, case.encode()))


def _row(session: Session, case: str) -> CaseUploader | None:
    return session.scalar(select(CaseUploader).where(CaseUploader.case_number == case))


def _sound(told: Uploader) -> Uploader:
    """Raises `UsageError` for what no report could hold."""
    words = (told.account, told.screen_name, told.email, told.ip)
    if not any(words):
        raise UsageError("say at least one of account, screen name, e-mail address and IP address")
    if any(len(word) > _MOST or not word.isprintable() for word in words):
        raise UsageError(f"an uploader's account, name and addresses are single lines of at most {_MOST}")
    if not 0 <= told.port <= 65535 or (told.port and not told.ip):
        raise UsageError("a port is 1 to 65535, and belongs to an IP address")
    if told.at is not None and told.at.tzinfo is None:
        raise UsageError("the time of the upload needs a time zone, such as 2026-11-26T12:00:00Z")
    try:
        if told.ip:
            ip_address(told.ip)
    except ValueError:
        raise UsageError(f"{told.ip!r} is no IP address") from None
    return told


def _written(told: Uploader) -> bytes:
    row = asdict(told) | {"at": told.at.isoformat() if told.at else ""}
    return json.dumps(row).encode()


def _read(plain: bytes) -> Uploader:
    row = json.loads(plain)
    return Uploader(**row | {"at": datetime.fromisoformat(row["at"]) if row["at"] else None})
