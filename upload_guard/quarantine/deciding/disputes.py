"""Entries that people want to act no more here, since they are wrong: a separate act, and of two persons."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum

from sqlalchemy import select
from sqlalchemy.orm import Session

from upload_guard.errors import UsageError
from upload_guard.lists.opinions import note_change
from upload_guard.quarantine.cases import found_case
from upload_guard.quarantine.deciding.rulings import Word
from upload_guard.quarantine.rows import match_of
from upload_guard.quarantine.telling import tell_disputed, tell_lifted
from upload_guard.records import SignalType
from upload_guard.storage.journal import Act, note_act
from upload_guard.storage.opinion_tables import EntryDispute
from upload_guard.storage.tables import Case, HashList

Entry = tuple[SignalType, bytes]


@dataclass(frozen=True, slots=True)
class Disputed:
    """What a person's word made of entries: proposed by it, or disputed since it was the second."""

    proposed: tuple[Entry, ...]
    agreed: tuple[Entry, ...]


def dispute(session: Session, number: str, list_name: str, word: Word) -> Disputed:
    """See `Decisions.dispute`."""
    case = found_case(session, number)
    list_id, entries = _disputable(session, case, list_name)
    words = [_dispute(session, list_id, entry, case, word) for entry in entries]
    pairs = list(zip(entries, words, strict=True))
    said = Disputed(
        proposed=tuple(entry for entry, place in pairs if place is _Place.FIRST),
        agreed=tuple(entry for entry, place in pairs if place is _Place.SECOND),
    )
    if not said.proposed and not said.agreed:
        raise UsageError(f"{word.person} has proposed this: a second person has to agree")
    name = "entry.agreed" if said.agreed else "entry.proposed"
    about: dict[str, str | int] = {"list": list_name, "entries": len(said.proposed + said.agreed)}
    note_act(session, Act(word.person, name, number, about | {"because": word.reason}))
    tell_disputed(session, case, [(list_name, *one) for one in said.agreed])
    note_change(session)
    return said


def lift_dispute(session: Session, number: str, list_name: str, person: str) -> int:
    """See `Decisions.lift_dispute`."""
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
    agreed = [row for row in rows if row.agreed_at is not None]
    lifted = [(list_name, SignalType(row.signal_type), row.value) for row in agreed]
    tell_lifted(session, case, lifted)
    note_change(session)
    return len(rows)


class _Place(Enum):
    """What somebody's word is, of those that an entry needs two of."""

    FIRST = 1
    SECOND = 2
    AGAIN = 3


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


def _dispute(session: Session, list_id: int, entry: Entry, case: Case, word: Word) -> _Place:
    kind, value = entry
    row = _dispute_of(session, list_id, entry)
    if row is None:
        session.add(
            EntryDispute(
                list_id=list_id,
                signal_type=kind.value,
                value=value,
                case_number=case.number,
                proposed_at=word.at,
                proposed_by=word.person,
                because=word.reason,
            )
        )
        return _Place.FIRST
    if row.agreed_at is None and row.proposed_by == word.person:
        return _Place.AGAIN
    if row.agreed_at is None:
        row.agreed_at, row.agreed_by = word.at, word.person
    return _Place.SECOND


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
