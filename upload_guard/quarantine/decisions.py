"""What people decide: about a case, about the file in it, and, as a separate act of two, about an entry.

A false-positive decision exempts that one file, by its SHA-256, everywhere and at once. It says nothing of
the entry behind it: only after an exact match can an entry be disputed, and only by two persons.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum

from sqlalchemy import select
from sqlalchemy.orm import Session

from upload_guard.errors import Unavailable, UsageError
from upload_guard.lists.feedback import Opinion
from upload_guard.lists.opinions import EVERYWHERE, entry_rows, hold_opinions, note_change
from upload_guard.quarantine.cases import found_case
from upload_guard.quarantine.handovers import allow_again
from upload_guard.quarantine.reevaluation import REOPENED
from upload_guard.quarantine.rows import match_of
from upload_guard.quarantine.states import CaseState
from upload_guard.quarantine.telling import tell_decided, tell_disputed
from upload_guard.records import Findings, SignalType
from upload_guard.storage.database import Database
from upload_guard.storage.journal import Act, note_act
from upload_guard.storage.opinion_tables import EntryDispute, Exemption
from upload_guard.storage.tables import Case, Decision, HashList

RELEASED_FOR = timedelta(days=30)
"""How long a released file passes on the site that it was uploaded to."""
FALSE_POSITIVE = "false_positive"


Entry = tuple[SignalType, bytes]


@dataclass(frozen=True, slots=True)
class Disputed:
    """What a person's word made of entries: proposed by it, or disputed since it was the second."""

    proposed: tuple[Entry, ...]
    agreed: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Decisions:
    """Rows in `database`. Each raises `UsageError` where the case cannot be decided so.

    `found` says what a case's file matches now, and is `unchecked` where that cannot be told: what a decision
    excuses is that, and nothing that is listed later.
    """

    database: Database
    found: Callable[[Case], Findings]

    def false_positive(self, number: str, person: str, because: str) -> None:
        """The file is harmless: it passes on every site from now on, as far as what is listed now."""
        entries = self._matched(number)
        with self._alone() as session:
            case = found_case(session, number)
            _decide(session, case, CaseState.RELEASED, FALSE_POSITIVE, person, because)
            _exempt(session, case, _Exempt(EVERYWHERE, entries), person, because)

    def release(self, number: str, person: str, because: str) -> None:
        """The file may be uploaded again: it passes on its site for `RELEASED_FOR`."""
        entries = self._matched(number)
        with self._alone() as session:
            _release(session, found_case(session, number), entries, person, because)

    def release_proposed(self, person: str, because: str) -> tuple[str, ...]:
        """Release every case that is proposed for it at this moment; their numbers."""
        with self._alone() as session:
            proposed = select(Case).where(Case.state == CaseState.RELEASE_PROPOSED).order_by(Case.id)
            cases = session.scalars(proposed).all()
            for case in cases:
                # Nothing holds it, so there is nothing to excuse but that it could not be read.
                _release(session, case, [], person, because)
            return tuple(case.number for case in cases)

    def confirm(self, number: str, person: str, because: str) -> None:
        """The file is what the list says."""
        with self._alone() as session:
            _decide(session, found_case(session, number), CaseState.CONFIRMED, "confirmed", person, because)

    def escalate(self, number: str, person: str, because: str) -> None:
        """Somebody else has to decide."""
        with self._alone() as session:
            _decide(session, found_case(session, number), CaseState.ESCALATED, "escalated", person, because)

    def reopen(self, number: str, person: str, because: str) -> None:
        """A decision was wrong: the case is open again, and what it exempted no longer passes."""
        with self._alone() as session:
            case = found_case(session, number)
            if case.state not in {CaseState.RELEASED, CaseState.CONFIRMED, CaseState.ESCALATED}:
                raise UsageError(
                    f"case {number} is {CaseState(case.state).words}, so there is no decision to take back"
                )
            _note(session, case, CaseState.OPEN, REOPENED, person, because)
            allow_again(session, number)
            for exemption in session.scalars(
                select(Exemption).where(Exemption.case_number == number, Exemption.lifted_at.is_(None))
            ):
                exemption.lifted_at, exemption.lifted_by = datetime.now(UTC), person
            note_change(session)

    def dispute(self, number: str, list_name: str, person: str, because: str) -> Disputed:
        """The entries of a list that the case's file matched exactly shall act no more.

        The first person proposes, a second agrees by saying the same; only then do they stop.
        """
        if not because.strip():
            raise UsageError("a dispute needs a reason")
        with self._alone() as session:
            case = found_case(session, number)
            list_id, entries = _disputable(session, case, list_name)
            words = [_dispute(session, list_id, entry, case, person, because) for entry in entries]
            pairs = list(zip(entries, words, strict=True))
            said = Disputed(
                proposed=tuple(entry for entry, word in pairs if word is _Word.FIRST),
                agreed=tuple(entry for entry, word in pairs if word is _Word.SECOND),
            )
            if not said.proposed and not said.agreed:
                raise UsageError(f"{person} has proposed this: a second person has to agree")
            name = "entry.agreed" if said.agreed else "entry.proposed"
            about: dict[str, str | int] = {"list": list_name, "entries": len(said.proposed + said.agreed)}
            note_act(session, Act(person, name, number, about | {"because": because[:1024]}))
            tell_disputed(session, case, [(list_name, *one) for one in said.agreed], Opinion.DISPUTED)
            note_change(session)
        return said

    def lift_dispute(self, number: str, list_name: str, person: str) -> int:
        """The case's entries that were disputed, or proposed for it, act again; how many."""
        with self._alone() as session:
            case = found_case(session, number)
            list_id, entries = _disputable(session, case, list_name)
            disputes = (_dispute_of(session, list_id, entry) for entry in entries)
            rows = [row for row in disputes if row is not None]
            if not rows:
                raise UsageError(f"no entry of {list_name!r} is disputed on case {number}")
            for row in rows:
                row.lifted_at, row.lifted_by = datetime.now(UTC), person
            said: dict[str, str | int] = {"list": list_name, "entries": len(rows)}
            note_act(session, Act(person, "entry.dispute_lifted", number, said))
            lifted = [
                (list_name, SignalType(row.signal_type), row.value)
                for row in rows
                if row.agreed_at is not None
            ]
            tell_disputed(session, case, lifted, Opinion.WITHDRAWN)
            note_change(session)
            return len(rows)

    @contextmanager
    def _alone(self) -> Iterator[Session]:
        """A session in which nobody else decides: what it reads stays so until it ends."""
        with self.database.session() as session:
            hold_opinions(session)
            yield session

    def _matched(self, number: str) -> list[list[str]]:
        """The entries that the case's file matches now, as far as that can be told, and those of its row."""
        with self.database.session() as session:
            case = found_case(session, number)
        try:
            findings = self.found(case)
        except Unavailable:
            findings = Findings(unchecked="unavailable")
        return entry_rows([*map(match_of, case.matches), *findings.matches])


@dataclass(frozen=True, slots=True)
class _Exempt:
    site: str
    entries: list[list[str]]
    until: datetime | None = None


class _Word(Enum):
    """What somebody's word is, of those that an entry needs two of."""

    FIRST = 1
    SECOND = 2
    AGAIN = 3


def _release(session: Session, case: Case, entries: list[list[str]], person: str, because: str) -> None:
    _decide(session, case, CaseState.RELEASED, "released", person, because)
    until = datetime.now(UTC) + RELEASED_FOR
    _exempt(session, case, _Exempt(case.site, entries, until), person, because)


def _decide(session: Session, case: Case, state: CaseState, decision: str, person: str, because: str) -> None:
    if case.state not in {CaseState.OPEN, CaseState.RELEASE_PROPOSED, CaseState.ESCALATED}:
        raise UsageError(f"case {case.number} is {CaseState(case.state).words}: reopen it first")
    _note(session, case, state, decision, person, because)


def _note(session: Session, case: Case, state: CaseState, decision: str, person: str, because: str) -> None:
    if not because.strip():
        raise UsageError("a decision needs a reason")
    case.state = state
    tell_decided(session, case, decision)
    note_act(session, Act(person, f"case.{decision}", case.number, {"because": because[:1024]}))
    session.add(
        Decision(
            case_id=case.id,
            decision=decision,
            made_at=datetime.now(UTC),
            made_by=person,
            because=because[:1024],
        )
    )


def _exempt(session: Session, case: Case, exempt: _Exempt, person: str, because: str) -> None:
    session.add(
        Exemption(
            sha256=case.sha256,
            site=exempt.site,
            case_number=case.number,
            made_at=datetime.now(UTC),
            made_by=person,
            because=because[:1024],
            entries=exempt.entries,
            until=exempt.until,
        )
    )
    note_change(session)


def _disputable(session: Session, case: Case, list_name: str) -> tuple[int, list[Entry]]:
    """The list, and its entries that the case's file matched exactly."""
    list_id = session.scalar(select(HashList.id).where(HashList.name == list_name))
    matches = [match_of(row) for row in case.matches]
    exact = [one for one in matches if one.exact and one.list_name == list_name and one.value]
    if list_id is None or not exact:
        raise UsageError(
            f"case {case.number} has no exact match on a list {list_name!r} that could be disputed"
        )
    if len({match.view for match in exact}) > 1:
        raise UsageError(
            f"case {case.number} holds several listed files, and only one may be meant: "
            "dispute on a case of that file alone"
        )
    return list_id, sorted({(match.signal_type, match.value) for match in exact})


def _dispute(session: Session, list_id: int, entry: Entry, case: Case, person: str, because: str) -> _Word:
    kind, value = entry
    row = _dispute_of(session, list_id, entry)
    if row is None:
        session.add(
            EntryDispute(
                list_id=list_id,
                signal_type=kind.value,
                value=value,
                case_number=case.number,
                proposed_at=datetime.now(UTC),
                proposed_by=person,
                because=because[:1024],
            )
        )
        return _Word.FIRST
    if row.agreed_at is None and row.proposed_by == person:
        return _Word.AGAIN
    if row.agreed_at is None:
        row.agreed_at, row.agreed_by = datetime.now(UTC), person
    return _Word.SECOND


def _dispute_of(session: Session, list_id: int, entry: Entry) -> EntryDispute | None:
    """What has been said against an entry and was not taken back."""
    kind, value = entry
    return session.scalar(
        select(EntryDispute).where(
            EntryDispute.list_id == list_id,
            EntryDispute.signal_type == kind.value,
            EntryDispute.value == value,
            EntryDispute.lifted_at.is_(None),
        )
    )
