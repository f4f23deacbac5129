"""What the file of a case is, in the words of lists: chosen by a person, or said by the lists themselves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy.orm import Session

from upload_guard.errors import UsageError
from upload_guard.quarantine.cases import found_case
from upload_guard.records import Match
from upload_guard.reports.states import CLASSES
from upload_guard.storage.database import Database
from upload_guard.storage.journal import Act, note_act
from upload_guard.storage.report_tables import CaseClass

_BY_SMALL = {word.lower(): word for word in CLASSES}


@dataclass(frozen=True, slots=True)
class Chosen:
    """`classification` and `by` are empty where nobody chose; `summary` is for those who read the report."""

    classification: str = ""
    summary: str = ""
    by: str = ""


@dataclass(frozen=True, slots=True)
class Classes:
    """Rows of `database`. Each method raises `StorageFailed`."""

    database: Database

    def choose(self, case: str, classification: str, summary: str, person: str) -> None:
        """What a person says it is; empty takes that back. Raises `UsageError`."""
        if classification and classification not in CLASSES:
            raise UsageError(f"a classification is one of {', '.join(CLASSES)}; got {classification[:32]!r}")
        with self.database.session() as session:
            found_case(session, case)
            session.merge(
                CaseClass(
                    case_number=case,
                    classification=classification,
                    summary=" ".join(summary.split())[:1024],
                    chosen_at=datetime.now(UTC),
                    chosen_by=person[:64],
                )
            )
            said = classification or "none"
            note_act(session, Act(person, "case.classified", case, {"classification": said}))

    def of(self, case: str) -> Chosen:
        with self.database.session() as session:
            return chosen(session, case)


def chosen(session: Session, case: str) -> Chosen:
    row = session.get(CaseClass, case)
    return Chosen(row.classification, row.summary, row.chosen_by) if row else Chosen()


def said_by_lists(matches: Sequence[Match]) -> str:
    """What lists say of this very file, where they all say the same; never what something alike is called."""
    named = {
        _BY_SMALL.get(one.category.lower(), "")
        for one in matches
        if one.exact and not one.view and not one.excused
    }
    return named.pop() if len(named) == 1 else ""
