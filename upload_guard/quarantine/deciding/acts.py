"""One act of a person on many cases, written a portion at a time, so that uploads never wait for all of it.

Killed half way it has decided some of them, each with all that belongs to it, and can be done again for the
rest.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import sleep

from sqlalchemy import select
from sqlalchemy.orm import Session

from upload_guard.lists.opinions import EVERYWHERE, note_change
from upload_guard.quarantine.deciding.rulings import CONFIRM_PROPOSED, UNSETTLED, Chosen, Ruling, Word, note
from upload_guard.quarantine.states import CaseState
from upload_guard.quarantine.telling import tell_decided
from upload_guard.storage.opinion_tables import Exemption
from upload_guard.storage.tables import Case

AT_ONCE = 50
"""Cases in one transaction: about a tenth of a second."""
_TURN = 0.12
"""Seconds. Who waits for SQLite looks every 0.1 seconds at last, and would find it locked each time."""
RELEASED_FOR = timedelta(days=30)
"""How long a released file passes on the site that it was uploaded to."""

Entries = Sequence[Sequence[str]]
"""Entries as an exemption's row has them: list, signal type, value."""


@dataclass(frozen=True, slots=True)
class Decided:
    """Numbers of cases: decided, or proposed for a second person to agree."""

    decided: tuple[str, ...]
    proposed: tuple[str, ...] = ()

    @property
    def count(self) -> int:
        return len(self.decided) + len(self.proposed)


def portions(cases: Sequence[Chosen]) -> Iterator[Sequence[Chosen]]:
    for start in range(0, len(cases), AT_ONCE):
        yield cases[start : start + AT_ONCE]


def in_turn(rest: Sequence[Sequence[Chosen]]) -> Iterator[Sequence[Chosen]]:
    """Each portion after others have had their turn to write."""
    for some in rest:
        sleep(_TURN)
        yield some


class DecisionAct:
    """`ruling` by `word`. `entries` are what a decision that exempts excuses, by the file's SHA-256.

    A file without any is left alone, and so is a case that is in none of `states` by then. With `two_persons`
    the first only proposes.
    """

    def __init__(
        self,
        ruling: Ruling,
        word: Word,
        entries: Mapping[bytes, Entries],
        two_persons: bool = False,
        states: Collection[CaseState] = UNSETTLED,
    ) -> None:
        self._ruling, self._word, self._entries = ruling, word, entries
        self._two_persons, self._states = two_persons, states
        self._exempted: set[tuple[bytes, str]] = set()
        self._proposers: dict[bytes, set[str]] = {}
        self._decided: list[str] = []
        self._proposed: list[str] = []

    @property
    def outcome(self) -> Decided:
        return Decided(tuple(self._decided), tuple(self._proposed))

    def write(self, session: Session, some: Sequence[Chosen]) -> None:
        """Decide a portion. What somebody has decided meanwhile stays as it is."""
        found = select(Case).where(Case.id.in_([one.id for one in some]))
        rows = {row.id: row for row in session.scalars(found)}
        for one in some:
            case = rows.get(one.id)
            if case is not None and self._concerns(case):
                self._decide(session, case, one.made_on)
        if self._ruling.exempts:
            note_change(session)

    def _concerns(self, case: Case) -> bool:
        return case.state in self._states and (not self._ruling.exempts or case.sha256 in self._entries)

    def _decide(self, session: Session, case: Case, made_on: str) -> None:
        if self._two_persons and not self._agrees(session, case):
            self._propose(session, case, made_on)
            return
        case.state, case.confirm_by = self._ruling.state, None
        tell_decided(session, case, self._ruling)
        note(session, case, self._ruling, self._word, made_on)
        self._decided.append(case.number)
        if self._ruling.exempts:
            self._exempt(session, case)

    def _agrees(self, session: Session, case: Case) -> bool:
        """Whether another person has said so of this very file."""
        if case.sha256 not in self._proposers:
            same = (Case.group_id == case.group_id) & (Case.sha256 == case.sha256)
            said = select(Case.confirm_by).where(same, Case.confirm_by.is_not(None)).distinct()
            self._proposers[case.sha256] = {person for person in session.scalars(said) if person}
        return bool(self._proposers[case.sha256] - {self._word.person})

    def _propose(self, session: Session, case: Case, made_on: str) -> None:
        if case.confirm_by == self._word.person:
            return
        case.confirm_by = self._word.person
        note(session, case, CONFIRM_PROPOSED, self._word, made_on)
        self._proposed.append(case.number)

    def _exempt(self, session: Session, case: Case) -> None:
        """Once for each file and site, however many cases: every process has these in memory."""
        everywhere = self._ruling is Ruling.FALSE_POSITIVE
        site = EVERYWHERE if everywhere else case.site
        if (case.sha256, site) in self._exempted:
            return
        self._exempted.add((case.sha256, site))
        session.add(
            Exemption(
                sha256=case.sha256,
                site=site,
                case_number=case.number,
                made_at=self._word.at,
                made_by=self._word.person,
                because=self._word.reason,
                entries=[list(entry) for entry in self._entries[case.sha256]],
                until=None if everywhere else self._until(),
            )
        )

    def _until(self) -> datetime:
        return self._word.at + RELEASED_FOR
