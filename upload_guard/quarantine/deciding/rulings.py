"""What a person can decide of a case, how far that reaches, and what it writes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum, StrEnum
from hashlib import sha256
from typing import Any

from sqlalchemy import ColumnElement, Row, select
from sqlalchemy.orm import Session

from upload_guard.errors import UsageError
from upload_guard.quarantine.states import UNDECIDED, CaseState
from upload_guard.storage.journal import Act, note_act
from upload_guard.storage.tables import Case, Decision

REOPENED = "reopened"
CONFIRM_PROPOSED = "confirm_proposed"
UNSETTLED = UNDECIDED | {CaseState.ESCALATED}
"""The states of a case on which a person can still decide."""
_BECAUSE = 1024


class Ruling(StrEnum):
    """The word of a decision, as rows and the audit log have it."""

    RELEASED = "released"
    FALSE_POSITIVE = "false_positive"
    CONFIRMED = "confirmed"
    ESCALATED = "escalated"

    @property
    def state(self) -> CaseState:
        """What the case is then."""
        return CaseState.RELEASED if self.exempts else CaseState(self.value)

    @property
    def exempts(self) -> bool:
        """Whether the file passes from then on, on its site or everywhere."""
        return self in {Ruling.RELEASED, Ruling.FALSE_POSITIVE}


class Reach(Enum):
    """What a decision on a case decides besides: all cases of the very same file, or of the picture.

    Files of one picture differ: somebody may have made one to look like an innocent one.
    """

    FILE = "file"
    PICTURE = "picture"


@dataclass(frozen=True, slots=True)
class Word:
    """Who says it, why and when. Raises `UsageError` where there is no reason."""

    person: str
    because: str
    at: datetime = field(default_factory=lambda: datetime.now(UTC))

    def __post_init__(self) -> None:
        if not self.because.strip():
            raise UsageError("a decision needs a reason")

    @property
    def reason(self) -> str:
        """As much of it as is kept."""
        return self.because[:_BECAUSE]


SEEN = (Case.sha256, Case.site, Case.state, Case.matches)
"""What a person decides on: the file, where it came in, how it stands, and what it matched."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What a person is told before deciding: `count` cases, and a `mark` of what they are.

    The number alone may be the same though one was decided meanwhile and another came that nobody has seen.
    It rises with each repeat of a file, which changes nothing that is decided: the mark leaves it out, or a
    flood of one file could never be decided. A list that names the file meanwhile changes it: a decision
    excuses what is matched.
    """

    count: int
    mark: str

    @classmethod
    def of(cls, cases: Iterable[Row[Any]]) -> Seen:
        """Of rows that have the columns of `SEEN`, one for each case."""
        every = [(row.sha256, row.site, row.state, _entries_of(row.matches)) for row in cases]
        return cls(len(every), sha256(repr(sorted(set(every))).encode()).hexdigest()[:16])


@dataclass(frozen=True, slots=True)
class Chosen:
    """A case that is to be decided, by its row's id, and the number of the case that was looked at for it."""

    id: int
    made_on: str


def note(session: Session, case: Case, decision: str, word: Word, made_on: str) -> None:
    """One row of what was said of a case, and one of the audit log."""
    said = {"because": word.reason} | ({} if made_on == case.number else {"with": made_on})
    note_act(session, Act(word.person, f"case.{decision}", case.number, said))
    session.add(
        Decision(
            case_id=case.id,
            decision=decision,
            made_at=word.at,
            made_by=word.person,
            because=word.reason,
            made_on=made_on,
        )
    )


def refuse_decided(case: Case) -> None:
    """Raises `UsageError` where somebody has decided already."""
    if case.state not in UNSETTLED:
        raise UsageError(f"case {case.number} is {CaseState(case.state).words}: reopen it first")


def decided_with(case: Case, reach: Reach) -> ColumnElement[bool]:
    """The cases that a decision on `case` decides besides it.

    Those that wait for somebody else are only among them where it is one of those itself.
    """
    states = UNSETTLED if case.state == CaseState.ESCALATED else UNDECIDED
    there = (Case.group_id == case.group_id) & (Case.id != case.id) & Case.state.in_(states)
    return there if reach is Reach.PICTURE else there & (Case.sha256 == case.sha256)


def chosen_by(session: Session, case: Case, reach: Reach) -> list[Chosen]:
    """`case` and what is decided with it, oldest first."""
    others = session.scalars(select(Case.id).where(decided_with(case, reach)).order_by(Case.id))
    return [Chosen(case.id, case.number), *(Chosen(other, case.number) for other in others)]


def seen_with(session: Session, case: Case, reach: Reach) -> Seen:
    """What would be decided by a decision on `case` now, itself among it."""
    meant = (Case.id == case.id) | decided_with(case, reach)
    return Seen.of(session.execute(select(*SEEN).where(meant)))


def _entries_of(matches: Sequence[Mapping[str, Any]]) -> tuple[tuple[str, str, str], ...]:
    named = {(one["list_name"], one["signal_type"], one.get("value", "")) for one in matches}
    return tuple(sorted(named))
