"""One decision on many cases: of one entry, of those that somebody has marked, or all proposed for release.

Whoever decides has been told how many cases that is. Where it is others by then, nothing is decided.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy import ColumnElement, Select, select, tuple_
from sqlalchemy.orm import Session, aliased

from upload_guard.errors import NumberChanged, UsageError
from upload_guard.quarantine.deciding.acts import Decided, Entries
from upload_guard.quarantine.deciding.decisions import Decisions
from upload_guard.quarantine.deciding.rulings import SEEN, UNSETTLED, Chosen, Reach, Ruling, Seen, Word
from upload_guard.quarantine.states import UNDECIDED, CaseState
from upload_guard.storage.group_tables import CaseEntry, HeldEntry
from upload_guard.storage.tables import Case

MOST_MARKED = 500


class Selection(Protocol):
    """Which undecided cases are meant."""

    @property
    def held(self) -> bool:
        """Whether something holds them still, which a release has to excuse."""

    def ids(self) -> Select[Any]:
        """The ids of their rows."""


@dataclass(frozen=True, slots=True)
class Proposed:
    """All that are proposed for release: nothing holds them any more."""

    held: bool = False

    def ids(self) -> Select[Any]:
        return select(Case.id).where(Case.state == CaseState.RELEASE_PROPOSED)


@dataclass(frozen=True, slots=True)
class OfEntry:
    """All that one entry is among the matches of. `entry` is its number in `held_entries`.

    `alone` leaves out files that another list names, too: that this entry is wrong says nothing of those.
    """

    entry: int
    alone: bool = False
    held: bool = True

    def ids(self) -> Select[Any]:
        matched = select(CaseEntry.case_id).where(CaseEntry.entry_id == self.entry)
        ours = select(Case.id).where(Case.id.in_(matched), Case.state.in_(UNDECIDED))
        return ours.where(Case.sha256.not_in(self._named_by_others())) if self.alone else ours

    def _named_by_others(self) -> Select[Any]:
        own = select(HeldEntry.list_name).where(HeldEntry.id == self.entry).scalar_subquery()
        named = aliased(Case)
        return (
            select(named.sha256)
            .join(CaseEntry, CaseEntry.case_id == named.id)
            .join(HeldEntry, HeldEntry.id == CaseEntry.entry_id)
            .where(named.state.in_(UNDECIDED), HeldEntry.list_name != own)
        )


@dataclass(frozen=True, slots=True)
class Marked:
    """Cases by number, each with what is decided with it. Raises `UsageError` for too many."""

    numbers: tuple[str, ...]
    reach: Reach = Reach.FILE
    held: bool = True

    def __post_init__(self) -> None:
        if len(self.numbers) > MOST_MARKED:
            raise UsageError(f"at most {MOST_MARKED} cases can be marked at once")

    def ids(self) -> Select[Any]:
        meant = aliased(Case)
        named = select(meant.group_id, meant.sha256).where(meant.number.in_(self.numbers))
        open_ones = self._like(named.where(meant.state.in_(UNDECIDED)), meant) & Case.state.in_(UNDECIDED)
        waiting = named.where(meant.state == CaseState.ESCALATED)
        # Those that wait for somebody else are only meant where one of them was marked.
        others = self._like(waiting, meant) & Case.state.in_([*UNDECIDED, CaseState.ESCALATED])
        return select(Case.id).where(open_ones | others)

    def _like(self, named: Select[int, bytes], meant: type[Case]) -> ColumnElement[bool]:
        if self.reach is Reach.PICTURE:
            return Case.group_id.in_(named.with_only_columns(meant.group_id))
        return tuple_(Case.group_id, Case.sha256).in_(named)


@dataclass(frozen=True, slots=True)
class Bulk:
    """Goes the same way as single decisions. Raises `StorageFailed`."""

    decisions: Decisions

    def seen(self, which: Selection) -> Seen:
        """What would be decided now."""
        with self.decisions.database.session() as session:
            return Seen.of(session.execute(select(*SEEN).where(Case.id.in_(which.ids()))))

    def decide(self, which: Selection, ruling: Ruling, told: str, word: Word) -> Decided:
        """Decide those that are meant at this moment. `told` is the `mark` of what the person knows of.

        Each file is a decision of its own, which can be taken back alone. Raises `NumberChanged`, and
        `UsageError` where there is nothing to decide.
        """
        with self.decisions.database.session() as session:
            files, seen = _by_file(session, which)
        if not seen.count:
            raise UsageError("there is no such case left to decide")
        if seen.mark != told:
            raise NumberChanged(
                f"{seen.count} cases would be decided now, others than you were told: look again"
            )
        chosen = [Chosen(case, file.number) for file, cases in files.items() for case in cases]
        excused = self._excused(which, ruling, list(files))
        # What something holds again by the time it is written is not released as if nothing did.
        states = UNSETTLED if which.held else {CaseState.RELEASE_PROPOSED}
        return self.decisions.decide_all(ruling, chosen, word, excused, states)

    def _excused(self, which: Selection, ruling: Ruling, files: Sequence[_File]) -> Mapping[bytes, Entries]:
        if not ruling.exempts:
            return {}
        if not which.held:
            # Nothing holds them, so there is nothing to excuse but that they could not be read.
            return {file.sha256: () for file in files}
        excused: dict[bytes, Entries] = {}
        for file in files:
            with self.decisions.database.session() as session:
                case = session.scalars(select(Case).where(Case.number == file.number)).one()
            excused |= self.decisions.excused([case])
        return excused


@dataclass(frozen=True, slots=True)
class _File:
    """One file that is decided on, and the first of its cases that are."""

    sha256: bytes
    number: str


def _by_file(session: Session, which: Selection) -> tuple[Mapping[_File, Sequence[int]], Seen]:
    first: dict[bytes, _File] = {}
    cases: dict[_File, list[int]] = {}
    meant = select(Case.id, Case.number, *SEEN).where(Case.id.in_(which.ids()))
    rows = session.execute(meant.order_by(Case.id)).all()
    for row in rows:
        file = first.setdefault(row.sha256, _File(row.sha256, row.number))
        cases.setdefault(file, []).append(row.id)
    return cases, Seen.of(rows)
