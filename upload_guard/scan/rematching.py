"""Kept hashes against the entries in force now: whether a file, read long ago, still reaches none.

Kept exact digests are keyed, so the entries' are keyed, too, and compared as such: the first eight bytes of
each, sorted, in a file that all workers map. A file that may reach an entry is read again; what kept hashes
say is only ever "nothing".
"""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import numpy.typing as npt

from upload_guard.errors import StorageFailed
from upload_guard.lists.log.keyed import DigestKey
from upload_guard.matching.limits import DistanceLimits
from upload_guard.matching.snapshot import Snapshot
from upload_guard.records import EXACT_TYPES, Signal, SignalType
from upload_guard.scan.memory import Kept, Memory
from upload_guard.storage.locks import exclusive_lock

_CHUNK = 1 << 16
_SUFFIX = ".keyed.npy"
_Firsts = npt.NDArray[np.uint64]


class KeyedEntries:
    """The exact entries of one snapshot under a key, as files in `folder`: one for each generation."""

    def __init__(self, folder: Path, key: DigestKey) -> None:
        self._folder = folder
        self._key = key
        self._generation = ""
        self._firsts: _Firsts | None = None

    def may_hold(self, signals: Iterable[Signal], snapshot: Snapshot) -> bool:
        """Whether any keyed digest among `signals` may be listed; but for one in 2^64 it is."""
        asked = np.array([_first(one.value) for one in signals if one.type.exact], np.uint64)
        listed = self._of(snapshot)
        if not len(asked) or not len(listed):
            return False
        places = np.minimum(np.searchsorted(listed, asked), len(listed) - 1)
        return bool((listed[places] == asked).any())

    def _of(self, snapshot: Snapshot) -> _Firsts:
        if self._firsts is None or self._generation != snapshot.generation:
            self._firsts, self._generation = self._opened(snapshot), snapshot.generation
        return self._firsts

    def _opened(self, snapshot: Snapshot) -> _Firsts:
        named = hashlib.sha256(self._key.key + snapshot.generation.encode()).hexdigest()[:32]
        file = self._folder / f"{named}{_SUFFIX}"
        try:
            with exclusive_lock(self._folder / ".keyed.lock"):
                if not file.exists():
                    self._write(file, snapshot)
                firsts: _Firsts = np.load(file, mmap_mode="r")
        except (OSError, ValueError, EOFError) as error:
            raise StorageFailed(f"{file}: cannot be made: {error}") from error
        return firsts

    def _write(self, file: Path, snapshot: Snapshot) -> None:
        """Whole, then under its name; those of other generations go."""
        draft = file.with_name(f".{secrets.token_hex(8)}.npy")
        parts = [part for kind in EXACT_TYPES for part in self._keyed(snapshot, kind)]
        merged = np.unique(np.concatenate(parts)) if parts else np.zeros(0, np.uint64)
        for old in (*self._folder.glob(f"*{_SUFFIX}"), *self._folder.glob(".*.npy")):
            old.unlink(missing_ok=True)
        with draft.open("wb") as out:
            np.save(out, merged)
            out.flush()
            # After a power cut half of it, or noughts, would say of listed digests that they are not.
            os.fsync(out.fileno())
        draft.replace(file)

    def _keyed(self, snapshot: Snapshot, kind: SignalType) -> Iterator[_Firsts]:
        values = snapshot.values(kind)
        while chunk := list(islice(values, _CHUNK)):
            yield np.fromiter((_first(self._key.keyed(kind, one)) for one in chunk), np.uint64, len(chunk))


@dataclass(frozen=True, slots=True)
class Rematcher:
    """Compares what is kept with a snapshot, a chunk of files at a time."""

    memory: Memory
    entries: KeyedEntries
    distances: DistanceLimits

    def unlisted(self, kept: Mapping[str, Kept], snapshot: Snapshot) -> frozenset[str]:
        """The locators of those that reach no entry of `snapshot`. Raises `StorageFailed`."""
        settled = {locator for locator, one in kept.items() if one.generation == snapshot.generation}
        signals = {
            locator: found
            for locator, one in kept.items()
            if locator not in settled and (found := self.memory.signals(one)) is not None
        }
        reaching = self._looks_reaching(signals.values(), snapshot) if signals else frozenset()
        return frozenset(settled) | {
            locator
            for locator, found in signals.items()
            if reaching.isdisjoint((one.type, one.value) for one in found)
            and not self.entries.may_hold(found, snapshot)
        }

    def _looks_reaching(self, files: Iterable[Iterable[Signal]], snapshot: Snapshot) -> frozenset[_Look]:
        """The perceptual hashes among all `files` that reach an entry, by one search."""
        looks = list(
            dict.fromkeys((one.type, one.value) for file in files for one in file if not one.type.exact)
        )
        # The view of a match says which hash was asked about.
        asked = (Signal(kind, value, str(at)) for at, (kind, value) in enumerate(looks))
        return frozenset(looks[int(match.view)] for match in snapshot.find(asked, self.distances))


_Look = tuple[SignalType, bytes]


def _first(keyed: bytes) -> int:
    return int.from_bytes(keyed[:8], "big")
