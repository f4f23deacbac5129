"""How far a likeness may reach: per signal type, and per list where a list has its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from upload_guard.records import SignalType


@dataclass(frozen=True, slots=True)
class DistanceLimits:
    """Distance limits in bits: by default, and where a list has its own.

    `review_by_list` reaches farther for the lists that ask for it, `review` for all of them: what lies
    between is only `near`.
    """

    default: Mapping[SignalType, int]
    by_list: Mapping[str, Mapping[SignalType, int]] = field(default_factory=dict)
    review_by_list: Mapping[str, Mapping[SignalType, int]] = field(default_factory=dict)
    review: Mapping[SignalType, int] = field(default_factory=dict)

    def limit(self, kind: SignalType, list_name: str) -> int:
        if kind.exact:
            return 0
        # Of a plug-in that is no longer there only the very hash is a match: in cases it was met in before.
        default = self.default.get(kind, 0) if kind.plugged else self.default[kind]
        return self.by_list.get(list_name, {}).get(kind, default)

    def review_limit(self, kind: SignalType, list_name: str) -> int:
        """The limit, or the end of the list's review band beyond it."""
        return max(self.limit(kind, list_name), self.band(kind, list_name))

    def band(self, kind: SignalType, list_name: str) -> int:
        """The end of the review band, whatever the limit; 0 where there is none."""
        return max(self.review_by_list.get(list_name, {}).get(kind, 0), self.review.get(kind, 0))

    def reaching(self, review: Mapping[SignalType, int]) -> DistanceLimits:
        """The same limits with a review band for every list: what lies beyond a limit is seen, too."""
        return replace(self, review=review)
