"""Cases as a person sees them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from upload_guard.errors import NoSuchCase, UsageError
from upload_guard.quarantine.custody.handovers import was_given
from upload_guard.quarantine.rows import SHA256_UNKNOWN, match_of, signal_of
from upload_guard.quarantine.states import CaseState
from upload_guard.records import Content, Digests, Match, Signal, SignalType
from upload_guard.storage.database import Database, counts_of
from upload_guard.storage.tables import Case
from upload_guard.storage.vault_tables import VaultObject
from upload_guard.vault.states import NOT_HELD, Kept
from upload_guard.vault.vault import Vault


@dataclass(frozen=True, slots=True)
class CaseInfo:
    """One case. `matches` stand strongest first; `content` are the bytes, if `kept`, sealed at `place`.

    `signals`, `unscannable`, `unreadable` and `degraded` are what was found; `lowered` marks a case that an
    entry holds which the flood breaker has lowered; `given_back` that its site has fetched the file.
    """

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
    kept: Kept
    place: str
    content: Content = field(compare=False, repr=False)
    state: CaseState
    signals: tuple[Signal, ...]
    unscannable: str
    unreadable: str
    degraded: tuple[str, ...]
    lowered: bool
    given_back: bool = False

    @property
    def fetchable(self) -> bool:
        """Whether its site may fetch the file now."""
        return self.state is CaseState.RELEASED and self.kept.there and not self.given_back

    @property
    def why(self) -> str:
        """The reason in words, for the administrator only."""
        return self.matches[0].words if self.matches else f"{self.result}: {self.reason}"


def found_case(session: Session, number: str) -> Case:
    """Its row. Raises `UsageError`."""
    case = session.scalar(select(Case).where(Case.number == number, Case.state != CaseState.STORING))
    if case is None:
        raise UsageError(f"there is no case {number!r}: 'upload-guard quarantine list' names them")
    return case


@dataclass(frozen=True, slots=True)
class Cases:
    """What is in the quarantine."""

    database: Database
    vault: Vault

    def newest(self, count: int) -> tuple[CaseInfo, ...]:
        with self.database.session() as session:
            kept = select(Case).where(Case.state != CaseState.STORING)
            rows = session.scalars(kept.order_by(Case.id.desc()).limit(count))
            return tuple(self._info(session, row) for row in rows)

    def page(self, site: str | None, count: int, before: str = "") -> tuple[CaseInfo, ...]:
        """The newest of a site, or of all (None); those older than the case `before`, if one is given.

        Raises `NoSuchCase` where there is none of that number.
        """
        with self.database.session() as session:
            some = select(Case).where(Case.state != CaseState.STORING, *_of(site))
            if before:
                newest = session.scalar(select(Case.id).where(Case.number == before, *_of(site)))
                if newest is None:
                    raise NoSuchCase(f"no case {before[:32]!r} on {site or 'any site'}")
                some = some.where(Case.id < newest)
            rows = session.scalars(some.order_by(Case.id.desc()).limit(count))
            return tuple(self._info(session, row) for row in rows)

    def find(self, number: str, site: str | None) -> CaseInfo:
        """The case of that number, of a site or of any (None). Raises `NoSuchCase`."""
        with self.database.session() as session:
            wanted = select(Case).where(Case.number == number, Case.state != CaseState.STORING, *_of(site))
            row = session.scalar(wanted)
            if row is None:
                raise NoSuchCase(f"no case {number[:32]!r} on {site or 'any site'}")
            return self._info(session, row)

    def one(self, number: str) -> CaseInfo:
        """The case of that number. Raises `UsageError`."""
        with self.database.session() as session:
            return self._info(session, found_case(session, number))

    def _info(self, session: Session, row: Case) -> CaseInfo:
        held = session.get(VaultObject, row.vault_name)
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
            matches=tuple(match_of(stored) for stored in row.matches),
            kept=Kept(held.kept) if held else Kept.PLAIN,
            place=self.vault.place.where(row.vault_name),
            content=self.vault.content(row.vault_name),
            state=CaseState(row.state),
            signals=stored_signals(row),
            unscannable=row.unscannable,
            unreadable=row.unreadable,
            degraded=tuple(row.degraded),
            lowered=row.lowered,
            given_back=row.state == CaseState.RELEASED and was_given(session, row.number),
        )


def _of(site: str | None) -> tuple[ColumnElement[bool], ...]:
    return () if site is None else (Case.site == site,)


def count_by_state(database: Database) -> Mapping[CaseState, int]:
    """How many cases stand where; each state is named."""
    with database.session() as session:
        counted = counts_of(session, select(Case.state, func.count()).group_by(Case.state))
    return {state: counted.get(state.value, 0) for state in CaseState}


def has_no_bytes(session: Session, row: Case) -> bool:
    """Whether nobody will have the bytes of a case again: they are gone, or were never kept."""
    held = session.get(VaultObject, row.vault_name)
    return held is None or held.kept in NOT_HELD


def stored_signals(row: Case) -> tuple[Signal, ...]:
    """All signals of a case's file, its own digests first."""
    own = known_digests(row)
    return own + tuple(signal_of(stored) for stored in row.signals)


def has_all_digests(row: Case) -> bool:
    """Whether the digests in its columns are those of its file; nothing else may be told of it outside."""
    return any(row.md5) and any(row.sha1) and SHA256_UNKNOWN not in row.degraded


def known_digests(row: Case) -> tuple[Signal, ...]:
    """Of the file itself. What is nought was never known."""
    own = Digests(row.md5, row.sha1, row.sha256, row.size).signals()
    hidden = {SignalType.SHA256} if SHA256_UNKNOWN in row.degraded else set()
    return tuple(one for one in own if any(one.value) and one.type not in hidden)
