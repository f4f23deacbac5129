"""Cases as rows, for those who only look at rows."""

from __future__ import annotations

import secrets
from datetime import datetime

from upload_guard.quarantine.keeper import new_case_number
from upload_guard.quarantine.states import CaseState
from upload_guard.storage.database import Database
from upload_guard.storage.tables import Case
from upload_guard.storage.vault_tables import VaultObject
from upload_guard.vault.states import Kept


def add_case(
    database: Database, created_at: datetime, state: CaseState = CaseState.OPEN, site: str = "blog"
) -> str:
    """One whose bytes are held, as far as rows say; its number."""
    number, name = new_case_number(), secrets.token_hex(16)
    case = Case(
        number=number,
        state=state.value,
        created_at=created_at,
        site=site,
        route="/up",
        result="match",
        action="quarantine",
        reason="",
        media_type="image/jpeg",
        size=1,
        md5=bytes(16),
        sha1=bytes(20),
        sha256=bytes(32),
        vault_name=name,
        matches=[],
        signals=[],
        unscannable="",
        unreadable="",
        degraded=[],
        under="",
        lowered=False,
        upload_id=None,
    )
    with database.session() as session:
        session.add_all([case, VaultObject(name=name, kept=Kept.SEALED.value)])
    return number
