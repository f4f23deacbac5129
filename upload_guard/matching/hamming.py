"""Perceptual hashes of one length: every entry within a Hamming distance, by comparing with all of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from upload_guard.records import Entry

_WORD = 8


class HammingIndex:
    """Exact search by brute force over packed 64-bit words: 32 bytes an entry for PDQ."""

    def __init__(self, entries: Sequence[Entry], size: int) -> None:
        """`size` is the length of a hash in bytes, a multiple of eight."""
        packed = b"".join(entry.value for entry in entries)
        self._entries = entries
        self._words: npt.NDArray[np.uint64] = np.frombuffer(packed, np.uint64).reshape(-1, size // _WORD)

    def find(self, value: bytes, reach: int) -> Iterator[tuple[Entry, int]]:
        """Entries at most `reach` bits away, each with its distance, nearest first."""
        if not self._entries:
            return
        query = np.frombuffer(value, np.uint64)
        distances = np.bitwise_count(self._words ^ query).sum(axis=1, dtype=np.uint16)
        near = np.flatnonzero(distances <= reach)
        for at in near[np.argsort(distances[near], kind="stable")]:
            yield self._entries[at], int(distances[at])
