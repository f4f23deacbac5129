"""What people decide: about a case, about the file in it, and, as a separate act of two, about an entry.

A false-positive decision exempts that one file, by its SHA-256, everywhere and at once. It says nothing of
the entry behind it: only after an exact match can an entry be disputed, and only by two persons.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from upload_guard.errors import UsageError
from upload_guard.lists.opinions import note_change
from upload_guard.quarantine.cases import found_case
from upload_guard.quarantine.rows import match_of
from upload_guard.quarantine.states import CaseState
from upload_guard.records import Match, SignalType
from upload_guard.storage.database import Database
from upload_guard.storage.journal import Act, note_act
from upload_guard.storage.opinion_tables import EntryDispute, Exemption
from upload_guard.storage.tables import Case, Decision, HashList

RELEASED_FOR = timedelta(days=30)
"""How long a released file passes on the site that it was uploaded to."""
FALSE_POSITIVE = "false_positive"


@dataclass(frozen=True, slots=True)
class Disputed:
    """What a person's word made of entries: proposed by it, or disputed since it was the second."""

    proposed: int
    agreed: int


@dataclass(frozen=True, slots=True)
class Decisions:
    """Rows in `database`. Each raises `UsageError` where the case cannot be decided so."""

    database: Database

    def false_positive(self, number: str, person: str, because: str) -> None:
        """The file is harmless: it passes on every site from now on, as far as what is listed now."""
        with self.database.session() as session:
            case = found_case(session, number)
            _decide(session, case, CaseState.RELEASED, FALSE_POSITIVE, person, because)
            _exempt(session, case, "", person, because, None)

    def release(self, number: str, person: str, because: str) -> None:
        """The file may be uploaded again: it passes on its site for `RELEASED_FOR`."""
        with self.database.session() as session:
            case = found_case(session, number)
            _decide(session, case, CaseState.RELEASED, "released", person, because)
            _exempt(session, case, case.site, person, because, datetime.now(UTC) + RELEASED_FOR)

    def confirm(self, number: str, person: str, because: str) -> None:
        """The file is what the list says."""
        with self.database.session() as session:
            _decide(session, found_case(session, number), CaseState.CONFIRMED, "confirmed", person, because)

    def escalate(self, number: str, person: str, because: str) -> None:
        """Somebody else has to decide."""
        with self.database.session() as session:
            _decide(session, found_case(session, number), CaseState.ESCALATED, "escalated", person, because)

    def reopen(self, number: str, person: str, because: str) -> None:
        """A decision was wrong: the case is open again, and what it exempted no longer passes."""
        with self.database.session() as session:
            case = found_case(session, number)
            if case.state not in {CaseState.RELEASED, CaseState.CONFIRMED, CaseState.ESCALATED}:
                raise UsageError(
                    f"case {number} is {CaseState(case.state).words}, so there is no decision to take back"
                )
            _note(session, case, CaseState.OPEN, "reopened", person, because)
            for exemption in session.scalars(
                select(Exemption).where(Exemption.case_number == number, Exemption.lifted_at.is_(None))
            ):
                exemption.lifted_at, exemption.lifted_by = datetime.now(UTC), person
            note_change(session)

    def dispute(self, number: str, list_name: str, person: str, because: str) -> Disputed:
        """The entries of a list that the case's file matched exactly shall act no more.

        The first person proposes, a second agrees by saying the same; only then do they stop.
        """
        with self.database.session() as session:
            case = found_case(session, number)
            list_id = session.scalar(select(HashList.id).where(HashList.name == list_name))
            entries = _exact_entries(case, list_name)
            if list_id is None or not entries:
                raise UsageError(
                    f"case {number} has no exact match on a list {list_name!r} that could be disputed"
                )
            states = [_dispute(session, list_id, entry, case, person, because) for entry in entries]
            name = "entry.agreed" if any(states) else "entry.proposed"
            about: dict[str, str | int] = {"list": list_name, "entries": len(entries)}
            note_act(session, Act(person, name, number, about | {"because": because[:1024]}))
            note_change(session)
        return Disputed(proposed=states.count(False), agreed=states.count(True))

    def lift_dispute(self, number: str, list_name: str, person: str) -> int:
        """What was disputed, or proposed for it, on that case acts again; how many entries."""
        with self.database.session() as session:
            rows = session.scalars(
                select(EntryDispute)
                .join(HashList, HashList.id == EntryDispute.list_id)
                .where(
                    EntryDispute.case_number == number,
                    EntryDispute.lifted_at.is_(None),
                    HashList.name == list_name,
                )
            ).all()
            if not rows:
                raise UsageError(f"no entry of {list_name!r} is disputed on case {number}")
            for row in rows:
                row.lifted_at, row.lifted_by = datetime.now(UTC), person
            said: dict[str, str | int] = {"list": list_name, "entries": len(rows)}
            note_act(session, Act(person, "entry.dispute_lifted", number, said))
            note_change(session)
            return len(rows)


def _decide(session: Session, case: Case, state: CaseState, decision: str, person: str, because: str) -> None:
    if case.state not in {CaseState.OPEN, CaseState.RELEASE_PROPOSED, CaseState.ESCALATED}:
        raise UsageError(f"case {case.number} is {CaseState(case.state).words}: reopen it first")
    _note(session, case, state, decision, person, because)


def _note(session: Session, case: Case, state: CaseState, decision: str, person: str, because: str) -> None:
    if not because.strip():
        raise UsageError("a decision needs a reason")
    case.state = state
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


def _exempt(
    session: Session, case: Case, site: str, person: str, because: str, until: datetime | None
) -> None:
    session.add(
        Exemption(
            sha256=case.sha256,
            site=site,
            case_number=case.number,
            made_at=datetime.now(UTC),
            made_by=person,
            because=because[:1024],
            until=until,
        )
    )
    note_change(session)


def _exact_entries(case: Case, list_name: str) -> list[tuple[SignalType, bytes]]:
    matches: list[Match] = [match_of(row) for row in case.matches]
    return sorted(
        {(m.signal_type, m.value) for m in matches if m.exact and m.list_name == list_name and m.value}
    )


def _dispute(
    session: Session, list_id: int, entry: tuple[SignalType, bytes], case: Case, person: str, because: str
) -> bool:
    """Whether the entry is disputed now, since this person is the second."""
    kind, value = entry
    row = session.scalar(
        select(EntryDispute).where(
            EntryDispute.list_id == list_id,
            EntryDispute.signal_type == kind.value,
            EntryDispute.value == value,
            EntryDispute.lifted_at.is_(None),
        )
    )
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
        return False
    if row.proposed_by == person:
        raise UsageError(f"{person} has proposed this: a second person has to agree")
    if row.agreed_at is None:
        row.agreed_at, row.agreed_by = datetime.now(UTC), person
    return True
