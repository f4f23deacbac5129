"""What people have done, noted in the transaction in which they did it. The audit log is such a journal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from sqlalchemy.orm import Session

_KEY = "journal"


@dataclass(frozen=True, slots=True)
class Act:
    """`name` such as "case.released"; `details` are plain JSON and hold no image and no whole hash of one."""

    person: str
    name: str
    case: str = ""
    details: Mapping[str, str | int] = field(default_factory=dict)


class Journal(Protocol):
    """Where acts are noted."""

    def write(self, session: Session, act: Act) -> None:
        """Note `act`, to be committed with all else in `session`.

        Raises `AuditBroken`, and then nothing of that may be done.
        """


def info_with(journal: Journal | None) -> dict[str, object]:
    """What a session has to carry along."""
    return {_KEY: journal}


def note_act(session: Session, act: Act) -> None:
    """Note `act` in the journal of the session's database. Raises `AuditBroken`."""
    journal = session.info[_KEY]
    if journal is None:
        raise RuntimeError(f"{act.name}: this database was opened without a journal")
    journal.write(session, act)
