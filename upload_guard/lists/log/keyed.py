"""Exact digests kept under a key: nobody can read them, but one that comes by can be recognized.

A keyed digest has the size of the digest, so it can stand in for it wherever only equality counts.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import islice

import numpy as np
import numpy.typing as npt

from upload_guard.records import EXACT_TYPES, Entry, Signal, SignalType

_CHUNK = 1 << 14


@dataclass(frozen=True, slots=True)
class DigestKey:
    """HMAC-SHA256 (RFC 2104) under `key`, cut to the digest's own size."""

    key: bytes = field(repr=False)

    def keyed(self, kind: SignalType, value: bytes) -> bytes:
        return hmac.digest(self.key, kind.encode() + b":" + value, "sha256")[: kind.size]

    def hidden(self, signal: Signal) -> Signal:
        """The signal, if it is an exact digest with the keyed one in its place."""
        if not signal.type.exact:
            return signal
        return replace(signal, value=self.keyed(signal.type, signal.value))


class Recognizer:
    """Recognizes, among digests that come by, those of which the keyed form is `asked` for.

    Eight bytes are held for each that is asked for, and the whole only of those that were recognized.
    """

    def __init__(self, key: DigestKey, asked: Iterable[bytes]) -> None:
        firsts = np.fromiter((_first(keyed) for keyed in asked), np.uint64)
        self._asked: npt.NDArray[np.uint64] = np.unique(firsts)
        self._key = key
        self._plain: dict[bytes, bytes] = {}

    def plain(self, signal: Signal) -> Signal:
        """The signal, with its plain digest in place of the keyed one if that was recognized."""
        value = self._plain.get(signal.value) if signal.type.exact else None
        return signal if value is None else replace(signal, value=value)

    def meet(self, kind: SignalType, values: Iterable[bytes]) -> None:
        """Plain digests that somebody might have uploaded."""
        rest = iter(values)
        while len(self._asked) and (chunk := list(islice(rest, _CHUNK))):
            keyed = [self._key.keyed(kind, value) for value in chunk]
            firsts = np.fromiter(map(_first, keyed), np.uint64, len(keyed))
            places = np.minimum(np.searchsorted(self._asked, firsts), len(self._asked) - 1)
            for at in np.flatnonzero(self._asked[places] == firsts).tolist():
                self._plain[keyed[at]] = chunk[at]

    def watching(self, entries: Iterable[Entry]) -> Iterator[Entry]:
        """The same entries, met while they pass."""
        rest = iter(entries)
        while chunk := list(islice(rest, _CHUNK)):
            for kind in EXACT_TYPES:
                self.meet(kind, (entry.value for entry in chunk if entry.signal_type is kind))
            yield from chunk


def _first(keyed: bytes) -> int:
    return int.from_bytes(keyed[:8], "big")
