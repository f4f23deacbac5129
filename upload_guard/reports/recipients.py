"""To whom reports may go here, by the names that settings have for them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from upload_guard.reports.papers import Format, Sender


@dataclass(frozen=True, slots=True)
class Recipient:
    """One of them. `sites` whose cases it is told of, none for all; `blocked`: of refused uploads, too.

    `wait` is how long after a person's decision a report goes out by itself, None where a person sends each.
    `preserves`: the bytes of a case are kept for a year once it was reported. `sender` is made when it is
    needed; `seconds` is what one step of it may take.
    """

    name: str
    format: Format
    sender: Callable[[], Sender] = field(compare=False)
    sites: frozenset[str] = frozenset()
    blocked: bool = False
    wait: timedelta | None = None
    preserves: bool = False
    seconds: float = 30.0

    def concerns(self, site: str) -> bool:
        return not self.sites or site in self.sites


Recipients = Mapping[str, Recipient]
