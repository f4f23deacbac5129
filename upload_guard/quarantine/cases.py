"""Cases as a person sees them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select

from upload_guard.quarantine.vault import Vault
from upload_guard.records import BankScope, Benign, Match, SignalType
from upload_guard.storage.database import Database
from upload_guard.storage.tables import Case


@dataclass(frozen=True, slots=True)
class CaseInfo:
    """One case. `matches` stand strongest first; `file` is where the bytes lie."""

    number: str
    created_at: datetime
    site: str
    route: str
    result: str
    action: str
    reason: str
    media_type: str
    size: int
    sha256: bytes
    matches: tuple[Match, ...]
    file: Path

    @property
    def why(self) -> str:
        """The reason in words, for the administrator only."""
        return self.matches[0].words if self.matches else f"{self.result}: {self.reason}"


@dataclass(frozen=True, slots=True)
class Cases:
    """What is in the quarantine."""

    database: Database
    vault: Vault

    def newest(self, count: int) -> tuple[CaseInfo, ...]:
        with self.database.session() as session:
            rows = session.scalars(
                select(Case).where(Case.state != "storing").order_by(Case.id.desc()).limit(count)
            )
            return tuple(self._info(row) for row in rows)

    def _info(self, row: Case) -> CaseInfo:
        return CaseInfo(
            number=row.number,
            created_at=row.created_at,
            site=row.site,
            route=row.route,
            result=row.result,
            action=row.action,
            reason=row.reason,
            media_type=row.media_type,
            size=row.size,
            sha256=row.sha256,
            matches=tuple(_match(stored) for stored in row.matches),
            file=self.vault.path(row.vault_name),
        )


def _match(stored: dict[str, Any]) -> Match:
    values = dict(stored)
    # Cases of earlier releases know nothing of a bank.
    if benign := values.get("benign"):
        values["benign"] = Benign(**benign | {"scope": BankScope(benign["scope"])})
    values["signal_type"] = SignalType(str(values["signal_type"]))
    values["since"] = datetime.fromisoformat(str(values["since"]))
    return Match(**values)
