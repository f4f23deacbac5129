"""The states of a notice and of each address in it."""

from __future__ import annotations

from enum import StrEnum


class NoticeState(StrEnum):
    """`open`: the machine or a case is at work on it; `person`: somebody has to look."""

    OPEN = "open"
    PERSON = "person"
    CLOSED = "closed"


class AddressState(StrEnum):
    """Where an address stands.

    `waiting` to be looked for; `unmapped`: no rule of the settings leads to a file; `missing`: a rule does,
    and nothing lies there. Either the file is gone or the rule is wrong, so of both a person has to say.
    `too_large`: its file lies there and has more bytes than are read, so that nothing is known of it and it
    is in no case. `case`: its file is in a case on which nobody has decided.

    Settled: `removed` (nobody gets the file there any more), `kept` (a person decided that it may stay),
    `gone` (nothing was there), `not_ours`.
    """

    WAITING = "waiting"
    UNMAPPED = "unmapped"
    MISSING = "missing"
    TOO_LARGE = "too_large"
    CASE = "case"
    REMOVED = "removed"
    KEPT = "kept"
    GONE = "gone"
    NOT_OURS = "not_ours"

    @property
    def is_settled(self) -> bool:
        return self in SETTLED

    @property
    def sayable(self) -> frozenset[AddressState]:
        """What a person may say became of it. That it may stay, mostly the decision on its case says."""
        return BY_A_PERSON | {AddressState.KEPT} if self is AddressState.TOO_LARGE else BY_A_PERSON

    @property
    def words(self) -> str:
        return self.replace("_", " ")


SETTLED = frozenset({AddressState.REMOVED, AddressState.KEPT, AddressState.GONE, AddressState.NOT_OURS})
"""Nothing has to be done about these."""
FOR_A_PERSON = frozenset({AddressState.UNMAPPED, AddressState.MISSING, AddressState.TOO_LARGE})
"""Nothing happens to these until somebody says what they are."""
BY_A_PERSON = frozenset({AddressState.REMOVED, AddressState.GONE, AddressState.NOT_OURS})
"""What a person may say of any address, having seen to it."""
