"""A desk that only remembers."""

from __future__ import annotations

from dataclasses import dataclass, field

from upload_guard.errors import StorageFailed
from upload_guard.notices.incoming import Incoming


@dataclass
class Taker:
    """`full_at` is how many it takes before its disk is full."""

    taken: list[Incoming] = field(default_factory=list)
    full_at: int = 1_000

    def take(self, incoming: Incoming) -> str:
        if len(self.taken) >= self.full_at:
            raise StorageFailed("the disk is full")
        self.taken.append(incoming)
        return f"N-{len(self.taken)}"

    @property
    def subjects(self) -> list[str]:
        return [one.subject for one in self.taken]
