"""What people decide: about a case, about the file in it, and, as a separate act of two, about an entry.

A decision is about the file: all cases of it that nobody has decided are decided with it. Other files of the
same picture are only where the person says so. A false-positive decision exempts that one file, everywhere
and at once. It says nothing of the entry behind it: only after an exact match can an entry be disputed, which
takes two persons.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from upload_guard.errors import NumberChanged, Unavailable, UsageError
from upload_guard.lists.opinions import entry_rows, hold_opinions
from upload_guard.quarantine.cases import found_case
from upload_guard.quarantine.deciding import disputes
from upload_guard.quarantine.deciding.acts import (
    RELEASED_FOR,
    Decided,
    DecisionAct,
    Entries,
    in_turn,
    portions,
)
from upload_guard.quarantine.deciding.disputes import Disputed, Entry
from upload_guard.quarantine.deciding.reopening import decided_by_the_same_act, take_back
from upload_guard.quarantine.deciding.rulings import (
    UNSETTLED,
    Chosen,
    Reach,
    Ruling,
    Seen,
    Word,
    chosen_by,
    decided_with,
    refuse_decided,
    seen_with,
)
from upload_guard.quarantine.rows import match_of
from upload_guard.quarantine.states import CaseState
from upload_guard.records import Findings
from upload_guard.storage.database import Database
from upload_guard.storage.group_tables import CaseEntry, HeldEntry
from upload_guard.storage.tables import Case

__all__ = ["RELEASED_FOR", "Decided", "Decisions", "Disputed", "Entry", "Reach", "Ruling"]


@dataclass(frozen=True, slots=True)
class Decisions:
    """Rows in `database`. Each raises `UsageError` where the case cannot be decided so.

    `found` says what a case's file matches now, and is `unchecked` where that cannot be told: what a decision
    excuses is that, and nothing that is listed later. `second_person` names rulings that take two persons.
    """

    database: Database
    found: Callable[[Case], Findings]
    second_person: frozenset[Ruling] = frozenset()

    def seen(self, number: str, reach: Reach = Reach.FILE) -> Seen:
        """What a decision on this case would decide now, itself among it."""
        with self.database.session() as session:
            return seen_with(session, found_case(session, number), reach)

    def decide(
        self, ruling: Ruling, number: str, word: Word, reach: Reach = Reach.FILE, told: str | None = None
    ) -> Decided:
        """Decide a case and those that are decided with it.

        Raises `NumberChanged` where that are not those that the person was `told` of, a `Seen.mark`.
        """
        act = self._act(ruling, word, self._entries(number, ruling, reach))
        with self._alone() as session:
            case = found_case(session, number)
            refuse_decided(case)
            chosen = chosen_by(session, case, reach)
            if told not in {None, seen_with(session, case, reach).mark}:
                raise NumberChanged(f"{len(chosen)} cases would be decided now, others than you were told")
            first, *rest = portions(chosen)
            act.write(session, first)
            if not act.outcome.count:
                raise UsageError(f"{word.person} has proposed this: a second person has to agree")
        self._write(act, rest)
        return act.outcome

    def false_positive(self, number: str, person: str, because: str, reach: Reach = Reach.FILE) -> Decided:
        """The file is harmless: it passes on every site from now on, as far as what is listed now."""
        return self.decide(Ruling.FALSE_POSITIVE, number, Word(person, because), reach)

    def release(self, number: str, person: str, because: str, reach: Reach = Reach.FILE) -> Decided:
        """The file may be uploaded again: it passes on the sites of its cases for `RELEASED_FOR`."""
        return self.decide(Ruling.RELEASED, number, Word(person, because), reach)

    def confirm(self, number: str, person: str, because: str, reach: Reach = Reach.FILE) -> Decided:
        """The file is what the list says. Where it takes two persons, the first proposes it."""
        return self.decide(Ruling.CONFIRMED, number, Word(person, because), reach)

    def escalate(self, number: str, person: str, because: str, reach: Reach = Reach.FILE) -> Decided:
        """Somebody else has to decide."""
        return self.decide(Ruling.ESCALATED, number, Word(person, because), reach)

    def decide_all(
        self,
        ruling: Ruling,
        cases: Sequence[Chosen],
        word: Word,
        entries: Mapping[bytes, Entries],
        states: Collection[CaseState] = UNSETTLED,
    ) -> Decided:
        """Decide those of `cases` that are in one of `states` still. `entries` as `DecisionAct` has them."""
        act = self._act(ruling, word, entries, states)
        self._write(act, list(portions(cases)))
        return act.outcome

    def reopen(self, number: str, person: str, because: str) -> tuple[str, ...]:
        """A decision was wrong: what it decided is open again, and what it exempted no longer passes.

        The numbers of the cases that were decided by that one act.
        """
        word = Word(person, because)
        with self._alone() as session:
            first, *rest = portions(decided_by_the_same_act(session, found_case(session, number)))
            numbers = take_back(session, first, word)
        for some in in_turn(rest):
            with self._alone() as session:
                numbers += take_back(session, some, word)
        return numbers

    def dispute(self, number: str, list_name: str, person: str, because: str) -> Disputed:
        """The entries of a list that the case's file matched exactly shall act no more.

        The first person proposes, a second agrees by saying the same; only then do they stop.
        """
        word = Word(person, because)
        with self._alone() as session:
            return disputes.dispute(session, number, list_name, word)

    def lift_dispute(self, number: str, list_name: str, person: str) -> int:
        """The case's entries that were disputed, or proposed for it, act again; how many."""
        with self._alone() as session:
            return disputes.lift_dispute(session, number, list_name, person)

    def excused(self, files: Iterable[Case]) -> Mapping[bytes, Entries]:
        """What each file matches now, as far as that can be told, and has matched. One case of each file."""
        return {case.sha256: self._matched(case) for case in files}

    def _matched(self, case: Case) -> Entries:
        try:
            findings = self.found(case)
        except Unavailable:
            findings = Findings(unchecked="unavailable")
        named = entry_rows([*map(match_of, case.matches), *findings.matches])
        held = (
            select(HeldEntry.list_name, HeldEntry.signal_type, HeldEntry.value)
            .join(CaseEntry, CaseEntry.entry_id == HeldEntry.id)
            .join(Case, Case.id == CaseEntry.case_id)
            .where(Case.group_id == case.group_id, Case.sha256 == case.sha256)
            .distinct()
        )
        with self.database.session() as session:
            named += [[name, kind, value.hex()] for name, kind, value in session.execute(held)]
        return sorted({(name, kind, value) for name, kind, value in named})

    def _entries(self, number: str, ruling: Ruling, reach: Reach) -> Mapping[bytes, Entries]:
        if not ruling.exempts:
            return {}
        with self.database.session() as session:
            case = found_case(session, number)
            files = {case.sha256: case}
            if reach is Reach.PICTURE:
                others = select(func.min(Case.id)).where(decided_with(case, reach)).group_by(Case.sha256)
                for other in session.scalars(select(Case).where(Case.id.in_(others))):
                    files.setdefault(other.sha256, other)
        return self.excused(files.values())

    def _act(
        self,
        ruling: Ruling,
        word: Word,
        entries: Mapping[bytes, Entries],
        states: Collection[CaseState] = UNSETTLED,
    ) -> DecisionAct:
        return DecisionAct(ruling, word, entries, ruling in self.second_person, states)

    def _write(self, act: DecisionAct, rest: Sequence[Sequence[Chosen]]) -> None:
        for some in in_turn(rest):
            with self._alone() as session:
                act.write(session, some)

    @contextmanager
    def _alone(self) -> Iterator[Session]:
        """A session in which nobody else decides: what it reads stays so until it ends."""
        with self.database.session() as session:
            hold_opinions(session)
            yield session
