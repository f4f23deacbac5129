"""What is thought here of files and entries, beside what lists say of them.

A decision on a case exempts the very file that was held, and excuses the entries that it matched then: what a
list says later is news. A dispute or the flood breaker changes what one entry may still cause, wherever it
matches.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy import ColumnElement, func, or_, select, update
from sqlalchemy.orm import Session

from upload_guard.matching.delta import ListedValue
from upload_guard.moments import utc_now
from upload_guard.records import BankScope, Benign, Findings, Match, SignalType, Standing
from upload_guard.storage.database import Database
from upload_guard.storage.opinion_tables import BreakerTrip, EntryDispute, Exemption, OpinionCounter
from upload_guard.storage.tables import HashList

EVERYWHERE = "*"
"""The site of an exemption that holds on all sites: no site is called so."""


@dataclass(frozen=True, slots=True)
class Exempted:
    """What a decision says of a file: the case it was made on, when, and which entries it excuses."""

    case: str
    since: datetime
    entries: frozenset[ListedValue] = frozenset()

    def excuses(self, match: Match) -> bool:
        # What a check service says again is no news: it tells no age.
        known = match.since is None or match.since <= self.since
        return known and _entry(match) in self.entries


@dataclass(frozen=True, slots=True)
class Opinions:
    """All opinions at one moment. `exempted` is by SHA-256 and site, or `EVERYWHERE`."""

    generation: str = ""
    exempted: Mapping[tuple[bytes, str], tuple[Exempted, ...]] = field(default_factory=dict)
    standings: Mapping[ListedValue, Standing] = field(default_factory=dict)

    def applied_to(self, findings: Findings, sha256: bytes, site: str) -> Findings:
        """`findings` of the file with that SHA-256, with what is thought of the file and of each entry."""
        exempted = self._of_file(sha256, site)
        return replace(
            findings,
            matches=self._on(findings.matches, exempted),
            excepted=exempted[-1].case if exempted else "",
        )

    def on(self, matches: tuple[Match, ...], sha256: bytes, site: str) -> tuple[Match, ...]:
        """`matches` of the file with that SHA-256."""
        return self._on(matches, self._of_file(sha256, site))

    def _of_file(self, sha256: bytes, site: str) -> tuple[Exempted, ...]:
        return self.exempted.get((sha256, EVERYWHERE), ()) + self.exempted.get((sha256, site), ())

    def _on(self, matches: tuple[Match, ...], exempted: tuple[Exempted, ...]) -> tuple[Match, ...]:
        if not exempted and not self.standings:
            return matches
        return tuple(self._of_entry(_excused(match, exempted)) for match in matches)

    def _of_entry(self, match: Match) -> Match:
        standing = self.standings.get(_entry(match))
        return replace(match, standing=standing) if standing else match


def _excused(match: Match, exempted: tuple[Exempted, ...]) -> Match:
    for one in exempted:
        if one.excuses(match):
            return replace(match, benign=Benign(BankScope.DECISION, f"case {one.case}", identical=True))
    return match


def _entry(match: Match) -> ListedValue:
    return match.list_name, match.signal_type, match.value


def entry_rows(matches: Iterable[Match]) -> list[list[str]]:
    """The entries of `matches` as an exemption's row has them."""
    return [[name, kind.value, value.hex()] for name, kind, value in sorted({_entry(one) for one in matches})]


def _exempted(row: Exemption) -> Exempted:
    entries = ((name, SignalType(kind), bytes.fromhex(digits)) for name, kind, digits in row.entries)
    return Exempted(row.case_number, row.made_at, frozenset(entries))


@dataclass(frozen=True, slots=True)
class OpinionStore:
    """Rows in `database`, as of `now`."""

    database: Database
    now: Callable[[], datetime] = field(default=utc_now)

    def generation(self) -> str:
        """Names a state of the opinions; cheap, and changes when an exemption runs out, too."""
        state = self.database.remembered(_state_now)
        now = self.now()
        if state.until is None or now < state.until:
            return state.generation
        # An exemption has run out since, which no row tells.
        with self.database.session() as session:
            return _state(session, now).generation

    def load(self) -> Opinions:
        """All that are in force. Raises `StorageFailed`."""
        now = self.now()
        with self.database.session() as session:
            generation = _state(session, now).generation
            exempted: defaultdict[tuple[bytes, str], tuple[Exempted, ...]] = defaultdict(tuple)
            for row in session.scalars(select(Exemption).where(_in_force(now)).order_by(Exemption.id)):
                exempted[row.sha256, row.site] += (_exempted(row),)
            standings = {}
            for table, condition, standing in (
                (BreakerTrip, BreakerTrip.state.in_(["tripped", "confirmed"]), Standing.LOWERED),
                # A dispute says more than the breaker, so it comes last.
                (EntryDispute, agreed_and_not_lifted(), Standing.DISPUTED),
            ):
                columns = HashList.name, table.signal_type, table.value
                rows = session.execute(
                    select(*columns).join(HashList, HashList.id == table.list_id).where(condition)
                )
                standings.update({(name, SignalType(kind), value): standing for name, kind, value in rows})
        return Opinions(generation, dict(exempted), standings)


def hold_opinions(session: Session) -> None:
    """Have whoever changes opinions or decides on cases wait until this transaction ends; first in it."""
    session.execute(update(OpinionCounter).values(last=OpinionCounter.last))


def note_change(session: Session) -> None:
    """To be called in the transaction that changes any opinion."""
    session.execute(update(OpinionCounter).values(last=OpinionCounter.last + 1))


def agreed_and_not_lifted() -> ColumnElement[bool]:
    return EntryDispute.agreed_at.is_not(None) & EntryDispute.lifted_at.is_(None)


@dataclass(frozen=True, slots=True)
class _State:
    """What rows say at one moment, and until when they say it."""

    generation: str
    until: datetime | None


def _state_now(session: Session) -> _State:
    return _state(session, utc_now())


def _state(session: Session, now: datetime) -> _State:
    last = session.scalars(select(OpinionCounter.last)).one()
    in_force = select(func.count(Exemption.id), func.min(Exemption.until)).where(_in_force(now))
    count, until = session.execute(in_force).one()
    return _State(f"{last}/{count}", until)


def _in_force(now: datetime) -> ColumnElement[bool]:
    return Exemption.lifted_at.is_(None) & or_(Exemption.until.is_(None), Exemption.until > now)
