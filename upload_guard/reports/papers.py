"""What a report is written as, and by which way it goes.

A format is a pure function of facts; a sender takes a paper to its recipient, in steps that it can go on
with.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from upload_guard.reports.facts import Facts


@dataclass(frozen=True, slots=True)
class Paper:
    """A report as it goes out: what a person approves is, byte by byte, what is sent."""

    format: str
    media_type: str
    file_name: str
    content: bytes = field(repr=False)


class Format(Protocol):
    """One way to write a report down.

    Raises `NotReportable` with a sentence for the person who drafts where the format demands what nobody
    knows (an address, a classification): it is never made up.
    """

    @property
    def name(self) -> str: ...

    def write(self, facts: Facts) -> Paper: ...


Progress = Mapping[str, Any]
"""How far a sender has come with the other side, in plain JSON of its own: an id that it was given, a step
done.
"""


@dataclass(frozen=True, slots=True)
class Sent:
    """It has arrived. `reference` is what the recipient calls it; `acknowledged` that it said so itself."""

    reference: str = ""
    acknowledged: bool = False


class Sender(Protocol):
    """One way to a recipient. Both raise `TransportError(message, permanent)`.

    `note` is to be called after each step that the other side has taken, before the next one: what it was
    called with last is `so_far` at the next attempt, so that nothing is reported twice.
    """

    def send(self, paper: Paper, so_far: Progress, note: Callable[[Progress], None]) -> Sent: ...

    def withdraw(self, paper: Paper, so_far: Progress, because: str) -> None:
        """Take back what was sent. Raises `NotWithdrawable` where this way knows none; a person has to
        write.
        """
        ...
