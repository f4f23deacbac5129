"""How long bytes are held. What is due loses its key, and so its bytes; the case and hashes stay.

Cases of one file share its bytes. Each lets go of them when its own time is up; then nobody is left, and they
are shredded.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from upload_guard.quarantine.custody.holds import is_kept_by_law
from upload_guard.quarantine.states import UNDECIDED, CaseState
from upload_guard.quarantine.telling import tell_changed
from upload_guard.storage.database import Database
from upload_guard.storage.journal import Act, note_act
from upload_guard.storage.placement_tables import IN_BETWEEN, PlacedFile, PlaceState
from upload_guard.storage.tables import Case
from upload_guard.storage.vault_tables import VaultObject
from upload_guard.vault.states import Kept
from upload_guard.vault.vault import Vault, claim

log = logging.getLogger(__name__)

ANY = "any"
UNREAD = "unread"
"""The category of what is held without a match, since it could not be read."""
BY_RETENTION = "retention"
_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Rule:
    """Whether bytes are kept at all, and for how many days (0: until somebody decides otherwise)."""

    keep: bool = True
    days: int = 0


@dataclass(frozen=True, slots=True)
class Retention:
    """Rules by jurisdiction and category, either of which may be `ANY`; the most particular one counts.

    `sites` says of which jurisdiction a site is, where that is not `jurisdiction`.
    """

    rules: Mapping[tuple[str, str], Rule] = field(default_factory=dict)
    jurisdiction: str = ""
    sites: Mapping[str, str] = field(default_factory=dict)

    def rule(self, site: str, category: str) -> Rule:
        law, kind = self.sites.get(site, self.jurisdiction), category.lower()
        for key in ((law, kind), (law, ANY), (ANY, kind), (ANY, ANY)):
            if key in self.rules:
                return self.rules[key]
        return Rule()

    @property
    def shortest(self) -> int:
        """The fewest days after which anything expires; 0 if nothing does."""
        return min((rule.days for rule in self.rules.values() if rule.days), default=0)


def category_of(matches: Sequence[Mapping[str, Any]]) -> str:
    """That of the match that decided, which stands first in a case's row."""
    return str(matches[0]["category"]) if matches else UNREAD


def due(database: Database, retention: Retention, now: datetime) -> Iterator[Case]:
    """Cases whose bytes are held for longer than they should be at `now`, be they kept by law or not."""
    if not retention.shortest:
        return
    last = 0
    while True:
        with database.session() as session:
            some = session.scalars(
                select(Case)
                .join(VaultObject, VaultObject.name == Case.vault_name)
                .where(
                    Case.id > last,
                    Case.state != CaseState.STORING,
                    Case.created_at <= now - timedelta(days=retention.shortest),
                    VaultObject.kept == Kept.SEALED,
                )
                .order_by(Case.id)
                .limit(_AT_ONCE)
            ).all()
        if not some:
            return
        yield from (case for case in some if _is_due(case, retention, now))
        last = some[-1].id


def _is_due(case: Case, retention: Retention, now: datetime) -> bool:
    days = retention.rule(case.site, category_of(case.matches)).days
    return bool(days) and case.created_at + timedelta(days=days) <= now


@dataclass(frozen=True, slots=True)
class Expiry:
    """Has cases let go of their bytes. `least` is the least that the time can be: see `HouseClock`."""

    database: Database
    vault: Vault
    retention: Retention
    least: Callable[[], datetime]

    def run(self) -> int:
        """How many cases let go of their bytes. Raises `StorageFailed`, and `AuditBroken` before any does."""
        now = self.least()
        expired = sum(self._expire(case.number, now) for case in due(self.database, self.retention, now))
        # Also what another run was killed in.
        self.vault.finish_shredding()
        return expired

    def _expire(self, number: str, now: datetime) -> bool:
        with self.database.session() as session:
            case = session.scalars(select(Case).where(Case.number == number)).one()
            # Looked up first: what is kept for a year comes here every minute, and must not write each time.
            if _is_needed(session, case, now):
                return False
            name = case.vault_name
            # A hold that is being placed waits here, or this waits for it; so does a repeat of the file.
            claimed = claim(session, name)
            session.refresh(case)
            if not claimed or case.vault_name != name or _is_needed(session, case, now):
                return False
            others = _others(session, case)
            if others:
                case.vault_name = self.vault.note_absent(session, Kept.LET_GO)
            else:
                self.vault.shred(session, name)
            _note_expired(session, case, others)
        what = "let go of; another case holds them" if others else "shredded"
        log.warning("expired: the bytes of case %s are %s", number, what)
        return True


def _is_needed(session: Session, case: Case, now: datetime) -> bool:
    return is_kept_by_law(session, case.number, now) or _is_the_only_copy(session, case)


def _is_the_only_copy(session: Session, case: Case) -> bool:
    """Whether a site's own file was taken away for this case, and may still have to be put back."""
    states = set(session.scalars(select(PlacedFile.state).where(PlacedFile.case_number == case.number)))
    return bool(states & IN_BETWEEN) or (PlaceState.REMOVED in states and case.state != CaseState.CONFIRMED)


def _others(session: Session, case: Case) -> bool:
    """Whether another case needs the bytes of this one."""
    same = select(Case.id).where(Case.vault_name == case.vault_name, Case.id != case.id)
    return session.scalar(same.limit(1)) is not None


def _note_expired(session: Session, case: Case, others: bool) -> None:
    if case.state in UNDECIDED or case.state == CaseState.ESCALATED:
        # Nobody could take the first word of two back any more.
        case.state, case.confirm_by = CaseState.EXPIRED, None
        tell_changed(session, case)
    said = {"category": category_of(case.matches), "bytes": "let go of" if others else "shredded"}
    note_act(session, Act(BY_RETENTION, "case.expired", case.number, said))
