"""What other members of an exchange say of an entry, where it tells."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Votes:
    """How many members confirm a hash, and how many say that it is wrong."""

    confirming: int = 0
    against: int = 0

    def outvoted(self, dissent: int) -> bool:
        """Whether at least `dissent` say that it is wrong, and more than confirm it; never for 0."""
        return 0 < dissent <= self.against and self.against > self.confirming
