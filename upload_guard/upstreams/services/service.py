"""What every check service is asked and what it may answer. Whoever asks knows no system by name.

"Nothing of it is listed", "this cannot be hashed" and "no answer" are three things: the second is in `Told`,
the third is an `UpstreamError`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

from upload_guard.errors import UpstreamError
from upload_guard.records import Content, Signal, SignalType


@dataclass(frozen=True, slots=True)
class Question:
    """What of one upload is told to a service: no more than its settings let leave this machine.

    `signals` are of the types that the service takes. `content` is the whole file, or None where it stays
    here; `size` in bytes and `media_type` (as the first bytes say, not the sender) go with it.
    """

    signals: tuple[Signal, ...]
    content: Content | None = None
    size: int = 0
    media_type: str = ""

    def of(self, types: Collection[SignalType]) -> tuple[Signal, ...]:
        """Those signals that are of these types."""
        return tuple(signal for signal in self.signals if signal.type in types)


@dataclass(frozen=True, slots=True)
class Hit:
    """The service knows something of it. `category` and `bank` are its own words, empty where it has none.

    `signal` is the one that it knows, None where it judged the file. `distance` is in bits; `near` says that
    it knows a look like this one, and not these very bytes.
    """

    signal: Signal | None = None
    category: str = ""
    bank: str = ""
    distance: int = 0
    near: bool = False


@dataclass(frozen=True, slots=True)
class Told:
    """A whole answer. No hits means that nothing asked about is listed, unless `unhashable` says why it could
    not tell: then nothing is known of what it was asked about, or no more than the hits say.
    """

    hits: tuple[Hit, ...] = ()
    unhashable: str = ""


NOTHING_ASKED = Told(unhashable="it was asked about nothing that it takes")


def one_by_one(signals: Sequence[Signal], ask: Callable[[Signal], Told]) -> Told:
    """All that a service tells which takes one hash a request.

    Raises `UpstreamError`, but not where it has told of a hit before: that stands.
    """
    hits: tuple[Hit, ...] = ()
    why = ""
    for signal in signals:
        try:
            told = ask(signal)
        except UpstreamError as fault:
            if not hits:
                raise
            return Told(hits, f"it did not tell of each hash: {fault}")
        hits += told.hits
        why = why or told.unhashable
    return Told(hits, why) if signals else NOTHING_ASKED


class CheckService(Protocol):
    """One service, as its settings have it."""

    @property
    def signal_types(self) -> frozenset[SignalType]:
        """Those that it can be asked about; empty where it takes only files."""
        ...

    @property
    def takes_files(self) -> bool: ...

    def ask(self, question: Question, seconds: float) -> Told:
        """What it knows of all of it, in one deadline for all that it takes.

        A service that takes files is asked about the file where there is one, and about hashes where there is
        none. Raises `UpstreamError`, and `StorageFailed` where the upload itself cannot be read.
        """
        ...
