"""One check service as settings have it: what it is asked, and what its words and its silence mean here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from upload_guard.records import Match, Signal, SignalType
from upload_guard.upstreams.services.service import CheckService, Hit

BY_FILE = "as the service sees the file"
"""The variant of a likeness that a service found by the file itself."""


class OnFailure(StrEnum):
    """What it means that a service gave no answer.

    `closed`: as [failure] says of what cannot be reached or takes too long. `open`: the upload passes
    unchecked. `degrade`: what others know decides, and `degraded` names the service; where nobody else
    has looked, as `open`.
    """

    CLOSED = "closed"
    OPEN = "open"
    DEGRADE = "degrade"


@dataclass(frozen=True, slots=True)
class Meaning:
    """A service's words in ours. `by_word`, in small letters, goes by its category, then by its bank."""

    category: str
    by_word: Mapping[str, str]

    def of(self, hit: Hit) -> str:
        """The category that a hit counts as; the general one for words that nobody has mapped."""
        words = (hit.category.lower(), hit.bank.lower())
        return next((self.by_word[word] for word in words if word in self.by_word), self.category)


@dataclass(frozen=True, slots=True)
class Upstream:
    """`sends` and `sends_file` are all that leaves this machine. `timeout` in seconds.

    `per_hash`: it is asked about one hash at a time. `variants`: about each picture turned, mirrored, without
    its borders and by the second form of PDQ, too. `pdq_limit` in bits.
    """

    name: str
    origin: str
    service: CheckService
    sends: frozenset[SignalType]
    sends_file: bool
    meaning: Meaning
    on_failure: OnFailure
    timeout: float
    per_hash: bool
    variants: bool
    pdq_limit: int

    def takes(self, signal: Signal) -> bool:
        """Whether it is asked about this hash."""
        return signal.type in self.sends and (self.variants or not signal.variant)

    def match(self, signal: Signal, hit: Hit) -> Match:
        """What a hit by `signal` is to the policy."""
        return self._match(signal, hit, 0 if signal.type.exact else hit.distance)

    def match_of_file(self, sha256: bytes, hit: Hit) -> Match:
        """What a hit by the file is: of these very bytes, or a likeness, which holds at most."""
        if not hit.near:
            return self._match(Signal(SignalType.SHA256, sha256), hit, 0)
        return self._match(Signal(SignalType.PDQ, b"", variant=BY_FILE), hit, hit.distance)

    def _match(self, signal: Signal, hit: Hit, distance: int) -> Match:
        return Match(
            signal_type=signal.type,
            view=signal.view,
            variant=signal.variant,
            distance=distance,
            limit=0 if signal.type.exact else self.pdq_limit,
            list_name=self.name,
            version=0,
            origin=self.origin,
            category=self.meaning.of(hit),
            entry=0,
            since=None,
            value=signal.value,
        )
