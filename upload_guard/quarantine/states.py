"""The states of a case, and what people make of one."""

from __future__ import annotations

from enum import StrEnum


class CaseState(StrEnum):
    """Where a case stands. `storing` is one whose bytes are not safe yet; it is shown nowhere.

    `release_proposed`: nothing speaks against the upload any more that held it, and a person has to say so.
    """

    STORING = "storing"
    OPEN = "open"
    RELEASE_PROPOSED = "release_proposed"
    RELEASED = "released"
    CONFIRMED = "confirmed"
    ESCALATED = "escalated"
    EXPIRED = "expired"

    @property
    def words(self) -> str:
        return self.replace("_", " ")


SHOWN = frozenset(CaseState) - {CaseState.STORING}
UNDECIDED = frozenset({CaseState.OPEN, CaseState.RELEASE_PROPOSED})
