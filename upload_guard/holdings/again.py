"""A file is found again: whether one of its cases will do, or a new one has to have its bytes."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import select
from sqlalchemy.orm import Session

from upload_guard.quarantine.custody.retention import Retention
from upload_guard.quarantine.states import CaseState
from upload_guard.storage.tables import Case
from upload_guard.storage.vault_tables import VaultObject
from upload_guard.vault.states import NOT_HELD, Kept

Spent = Callable[[Case, str], bool]
"""Whether a case, of whose bytes that became, will not do for a file that is found again."""


def lacks_bytes(case: Case, kept: str, retention: Retention) -> bool:
    """Whether a case has not the bytes that a new one would have: they are gone, or were never kept.

    For such a case nothing can be taken away, since nobody could put it back.
    """
    if kept == Kept.NONE:
        return retention.rule(case.site, case.category).keep
    return kept in NOT_HELD


def unspent(
    session: Session, name: Callable[[str], str], site: str, sha256: bytes, spent: Spent
) -> tuple[str, str]:
    """The upload id under which a file has a case that will do, and the number of that; empty if it has none.

    `name` makes the upload id by the number of the spent case before, at first of an empty one.
    """
    before = ""
    while True:
        upload_id = name(before)
        found = session.execute(
            select(Case, VaultObject.kept)
            .join(VaultObject, VaultObject.name == Case.vault_name)
            .where(
                Case.upload_id == upload_id,
                Case.site == site[:64],
                Case.sha256 == sha256,
                Case.state != CaseState.STORING,
            )
        ).one_or_none()
        if found is None:
            return upload_id, ""
        case, kept = found
        if not spent(case, kept):
            return upload_id, case.number
        before = case.number
