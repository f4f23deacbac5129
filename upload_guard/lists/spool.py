"""Hashes on disk, given back in the order of their values and each once, whatever their number."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import islice
from pathlib import Path

import numpy as np
import numpy.typing as npt

from upload_guard.errors import ListError
from upload_guard.lists.entries import StoredHash
from upload_guard.matching.build import microseconds
from upload_guard.matching.sorting import sorted_parts
from upload_guard.records import SignalType, in_order

_PART_BYTES = 8 << 20
_CHUNK = 1 << 15
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MOST_CATEGORIES = 1000
_NUMBER_BYTES = 2


class Spool:
    """One file of unsorted records a signal type, below `folder`. Memory stays bounded: see `sorted_parts`.

    A hash is the same in another category only if that is said of it too: both stand, as two entries.
    """

    def __init__(self, folder: Path, part_bytes: int = _PART_BYTES) -> None:
        self._folder = folder
        self._part_bytes = part_bytes
        self._numbers: dict[str, bytes] = {}
        self._names: list[str] = []
        self._counts: Counter[SignalType] = Counter()

    def remember(self, hashes: Iterable[StoredHash]) -> None:
        """Hashes, each once, whose dates count for those taken later; called before any is taken."""
        self._write(hashes, known=True)

    def take(self, hashes: Iterable[StoredHash]) -> None:
        """Hashes to be given back; of several alike the first counts. Raises `OSError` and `ListError`."""
        self._write(hashes, known=False)

    def sorted(self) -> Iterator[StoredHash]:
        """What was taken, by signal type and value. To be called once. Raises `OSError`."""
        for kind in in_order(self._counts):
            records = np.memmap(self._file(kind), _record(kind), "r+")
            scratch = np.memmap(
                self._file(kind).with_suffix(".scratch"), _record(kind), "w+", shape=self._counts[kind]
            )
            for part in _each_once(sorted_parts(records, scratch, self._part_bytes)):
                yield from self._stored(kind, part)

    def _write(self, hashes: Iterable[StoredHash], known: bool) -> None:
        rest = iter(hashes)
        while chunk := list(islice(rest, _CHUNK)):
            for kind in in_order(one.signal_type for one in chunk):
                ours = [one for one in chunk if one.signal_type is kind]
                records = np.empty(len(ours), _record(kind))
                keys = b"".join(one.value + self._number(one.category) for one in ours)
                records["value"] = np.frombuffer(keys, np.uint8).reshape(len(ours), -1)
                records["since"] = [_microseconds(one.since) for one in ours]
                records["known"] = known
                with self._file(kind).open("ab") as file:
                    file.write(records.data)
                self._counts[kind] += len(ours)

    def _stored(self, kind: SignalType, records: npt.NDArray[np.void]) -> Iterator[StoredHash]:
        for start in range(0, len(records), _CHUNK):
            chunk = records[start : start + _CHUNK]
            keys, width = chunk["value"].tobytes(), kind.size + _NUMBER_BYTES
            for at, since in enumerate(chunk["since"].tolist()):
                key = keys[at * width : (at + 1) * width]
                category = self._names[int.from_bytes(key[kind.size :], "big")]
                yield StoredHash(kind, key[: kind.size], category, _moment(since))

    def _number(self, category: str) -> bytes:
        number = self._numbers.get(category) or self._numbers.get(category.lower())
        if number is None:
            if len(self._names) == _MOST_CATEGORIES:
                raise ListError(
                    f"names more than {_MOST_CATEGORIES} categories: is that column the category?"
                )
            number = self._numbers[category] = len(self._names).to_bytes(_NUMBER_BYTES, "big")
            # As the policy does: without regard to case.
            self._numbers[category.lower()] = number
            self._names.append(category)
        return number

    def _file(self, kind: SignalType) -> Path:
        return self._folder / f"{kind}.spool"


@contextmanager
def spool_in(folder: Path) -> Iterator[Spool]:
    """A spool whose files are gone at the end, as are those of one that was killed. Raises `OSError`."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700, parents=True)
    try:
        yield Spool(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _record(kind: SignalType) -> np.dtype[np.void]:
    """A hash and the number of its category together are what is sorted by."""
    return np.dtype([("value", "u1", (kind.size + _NUMBER_BYTES,)), ("since", "<i8"), ("known", "?")])


def _each_once(parts: Iterable[npt.NDArray[np.void]]) -> Iterator[npt.NDArray[np.void]]:
    """The first record of each value, of those values that have one which is not merely known."""
    # Very many alike may lie in several parts: the first of the last ones, and whether it was given.
    last: npt.NDArray[np.void] | None = None
    last_given = False
    for part in parts:
        values = part["value"]
        starts = np.flatnonzero(np.append(True, (values[1:] != values[:-1]).any(axis=1)))
        firsts = part[starts]
        given = np.logical_or.reduceat(~part["known"], starts)
        if last is not None and (last["value"] == firsts[0]["value"]).all():
            firsts[0] = last
            given[0] &= not last_given
            last_given &= len(firsts) == 1
        else:
            last_given = False
        yield firsts[given]
        last, last_given = firsts[-1].copy(), last_given or bool(given[-1])


# A list of millions has few moments at which its entries came.
@lru_cache(1000)
def _microseconds(moment: datetime) -> int:
    return microseconds(moment)


@lru_cache(1000)
def _moment(since: int) -> datetime:
    return _EPOCH + timedelta(microseconds=since)
