"""What there is about a case beside the upload: what keeps its bytes, who asked for them, what was done.

For a person who decides; `cases` has what was found in the upload, `groups` its repeats.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from upload_guard.quarantine.cases import CaseInfo
from upload_guard.quarantine.custody.retention import UNREAD, Retention
from upload_guard.records import Match
from upload_guard.storage.database import Database
from upload_guard.storage.opinion_tables import EntryDispute
from upload_guard.storage.tables import HashList
from upload_guard.storage.vault_tables import AuditRow, ExportRequest, LegalHold, Preservation


@dataclass(frozen=True, slots=True)
class Hold:
    """A legal hold in force. `number` is its own."""

    number: int
    placed_at: datetime
    placed_by: str
    because: str


@dataclass(frozen=True, slots=True)
class Export:
    """Somebody's wish to hand the case to `recipient` (an age key), and who gave it out, if anybody did."""

    recipient: str
    requested_at: datetime
    requested_by: str
    because: str
    given_at: datetime | None
    given_by: str | None


@dataclass(frozen=True, slots=True)
class Dispute:
    """A list whose entries the file matches exactly, so that they can be disputed, and who has done so."""

    list_name: str
    proposed_by: str = ""
    agreed_by: str = ""


@dataclass(frozen=True, slots=True)
class Noted:
    """One row of the audit log."""

    at: datetime
    person: str
    act: str
    details: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Dossier:
    """`expires_at` is when retention lets go of the bytes, None for never; `preserved_until` a report's year.

    `trail` is all that was done on the case, oldest first.
    """

    holds: tuple[Hold, ...]
    preserved_until: datetime | None
    expires_at: datetime | None
    exports: tuple[Export, ...]
    disputes: tuple[Dispute, ...]
    trail: tuple[Noted, ...]

    @property
    def is_kept_by_law(self) -> bool:
        """Whether something forbids to let the bytes expire now."""
        return bool(self.holds) or (
            self.preserved_until is not None and self.preserved_until > datetime.now(UTC)
        )


def dossier(database: Database, retention: Retention, case: CaseInfo) -> Dossier:
    """All about `case`. Raises `StorageFailed`."""
    with database.session() as session:
        return Dossier(
            holds=_holds(session, case.number),
            preserved_until=_preserved_until(session, case.number),
            expires_at=_expires_at(retention, case),
            exports=_exports(session, case.number),
            disputes=tuple(_dispute(session, name, case) for name in disputable(case.matches)),
            trail=_trail(session, case.number),
        )


def disputable(matches: tuple[Match, ...]) -> tuple[str, ...]:
    """Lists of which an entry is meant beyond doubt: see `Decisions.dispute`."""
    meant = [one for one in matches if one.exact and one.value and not one.told]
    names = dict.fromkeys(one.list_name for one in meant)
    return tuple(name for name in names if len({one.view for one in meant if one.list_name == name}) == 1)


def _holds(session: Session, number: str) -> tuple[Hold, ...]:
    held = select(LegalHold).where(LegalHold.case_number == number, LegalHold.lifted_at.is_(None))
    rows = session.scalars(held.order_by(LegalHold.id))
    return tuple(Hold(row.id, row.placed_at, row.placed_by, row.because) for row in rows)


def _preserved_until(session: Session, number: str) -> datetime | None:
    preserved = select(Preservation.until).where(Preservation.case_number == number)
    return session.scalar(preserved.order_by(Preservation.until.desc()).limit(1))


def _expires_at(retention: Retention, case: CaseInfo) -> datetime | None:
    category = case.matches[0].category if case.matches else UNREAD
    days = retention.rule(case.site, category).days
    return case.created_at + timedelta(days=days) if days and case.kept.there else None


def _exports(session: Session, number: str) -> tuple[Export, ...]:
    asked = select(ExportRequest).where(ExportRequest.case_number == number)
    return tuple(
        Export(
            recipient=row.recipient,
            requested_at=row.requested_at,
            requested_by=row.requested_by,
            because=row.because,
            given_at=row.given_at,
            given_by=row.given_by,
        )
        for row in session.scalars(asked.order_by(ExportRequest.id))
    )


def _dispute(session: Session, list_name: str, case: CaseInfo) -> Dispute:
    values = [one.value for one in case.matches if one.exact and one.list_name == list_name]
    said = session.scalar(
        select(EntryDispute)
        .join(HashList, HashList.id == EntryDispute.list_id)
        .where(HashList.name == list_name, EntryDispute.value.in_(values), EntryDispute.lifted_at.is_(None))
        .order_by(EntryDispute.id)
        .limit(1)
    )
    return Dispute(list_name, said.proposed_by, said.agreed_by or "") if said else Dispute(list_name)


def _trail(session: Session, number: str) -> tuple[Noted, ...]:
    rows = session.scalars(select(AuditRow).where(AuditRow.case_number == number).order_by(AuditRow.sequence))
    return tuple(Noted(row.at, row.person, row.act, row.details) for row in rows)
