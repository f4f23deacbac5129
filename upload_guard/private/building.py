"""Makes a set of buckets of the entries that may be asked about privately."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from upload_guard.errors import ListError
from upload_guard.list_settings import Disclosure
from upload_guard.moments import utc_now
from upload_guard.private.buckets import Bytes, bits_for, pack, pack_digests
from upload_guard.private.known import Known
from upload_guard.private.marks import LABEL_BYTES, NAME_BYTES, input_of
from upload_guard.private.oprf import KeyPair
from upload_guard.private.sets import FORMAT, OBLIVIOUS, SetManifest, TableInfo, epoch_of, write_table
from upload_guard.records import SignalType

_MOST_LABELS = 1 << (8 * LABEL_BYTES)


@dataclass(frozen=True, slots=True)
class Disclosed:
    """An entry that may be asked about; `in_ranges` says that its very digest may be given out."""

    signal_type: SignalType
    value: bytes
    category: str
    in_ranges: bool


@dataclass(frozen=True, slots=True)
class SetOrder:
    """What a set is to be made of. `active` as in `SetManifest`; `pair` is the key of `period`."""

    generation: str
    lists: dict[str, Disclosure]
    active: bool
    period: int
    pair: KeyPair

    @property
    def epoch(self) -> str:
        return epoch_of(self.generation)


class _Labels:
    """Numbers for sets of categories, as they are come upon."""

    def __init__(self) -> None:
        self._sets: list[frozenset[str]] = []
        self._numbers: dict[frozenset[str], int] = {}
        self._joined: dict[tuple[int | None, str], int] = {}

    def joined(self, number: int | None, category: str) -> int:
        """The number of that set with one more category; of that category alone where there is none."""
        asked = number, category
        if asked not in self._joined:
            before = frozenset() if number is None else self._sets[number]
            self._joined[asked] = self._number(before | {category})
        return self._joined[asked]

    def _number(self, categories: frozenset[str]) -> int:
        if categories not in self._numbers:
            self._numbers[categories] = len(self._sets)
            self._sets.append(categories)
        return self._numbers[categories]

    def renumbered(self, used: Iterable[int]) -> tuple[tuple[tuple[str, ...], ...], npt.NDArray[np.uint16]]:
        """Those that are used, by name, and for each number before its number among them."""
        kept = sorted(used, key=lambda number: sorted(self._sets[number]))
        if len(kept) > _MOST_LABELS:
            raise ListError(f"private checks: more than {_MOST_LABELS} combinations of categories")
        numbers = np.zeros(len(self._sets), np.uint16)
        numbers[kept] = np.arange(len(kept))
        return tuple(tuple(sorted(self._sets[number])) for number in kept), numbers


Gathered = Mapping[SignalType, Mapping[bytes, int]]
"""The number of its label for each digest, by type."""


def write_set(folder: Path, order: SetOrder, entries: Iterable[Disclosed], known: Known) -> SetManifest:
    """Write all files but the manifest, which is returned. `known` spares evaluations under the same key.

    Raises `OSError` and `ListError`. Takes some 70 microseconds of processor time for each new digest, and
    half a kilobyte of memory for each.
    """
    provisional = _Labels()
    oblivious, ranged = _gathered(entries, provisional)
    used = {number for own in (*oblivious.values(), *ranged.values()) for number in own.values()}
    labels, renumbered = provisional.renumbered(used)
    inputs = [input_of(kind, value) for kind, own in oblivious.items() for value in own]
    marks = known.marks_of(inputs, order.pair.secret)
    return SetManifest(
        format=FORMAT,
        epoch=order.epoch,
        generation=order.generation,
        period=order.period,
        public_key=order.pair.public.hex(),
        active=order.active,
        lists=order.lists,
        signal_types=tuple(sorted(oblivious)),
        labels=labels,
        built_at=utc_now(),
        known_sha256=Known.of(inputs, marks).write(folder),
        tables=(
            _oblivious(folder, marks, renumbered[_numbers_in(*oblivious.values())]),
            *(_ranges(folder, kind, own, renumbered) for kind, own in sorted(ranged.items())),
        ),
    )


def _gathered(entries: Iterable[Disclosed], labels: _Labels) -> tuple[Gathered, Gathered]:
    """Of all lists, and of those whose digests may be given out."""
    oblivious: defaultdict[SignalType, dict[bytes, int]] = defaultdict(dict)
    ranged: defaultdict[SignalType, dict[bytes, int]] = defaultdict(dict)
    for entry in entries:
        if not entry.signal_type.exact:
            continue
        for gathered in (oblivious, ranged) if entry.in_ranges else (oblivious,):
            own = gathered[entry.signal_type]
            own[entry.value] = labels.joined(own.get(entry.value), entry.category)
    return oblivious, ranged


def _numbers_in(*gathered: Mapping[bytes, int]) -> npt.NDArray[np.intp]:
    return np.array([number for own in gathered for number in own.values()], np.intp)


def _oblivious(folder: Path, marks: Bytes, labels: npt.NDArray[np.uint16]) -> TableInfo:
    bits = bits_for(len(marks))
    return write_table(folder, OBLIVIOUS, pack(_heads(marks, bits), _records(marks, labels), bits))


def _heads(marks: Bytes, bits: int) -> npt.NDArray[np.uint32]:
    heads = np.ascontiguousarray(marks[:, :4]).view(">u4")[:, 0].astype(np.uint64)
    return (heads >> np.uint64(32 - bits)).astype(np.uint32)


def _records(marks: Bytes, labels: npt.NDArray[np.uint16]) -> Bytes:
    """As `marks.Mark.record` makes each."""
    masked = marks[:, 4 + NAME_BYTES :] ^ labels.astype(">u2").view(np.uint8).reshape(-1, LABEL_BYTES)
    return np.concatenate([marks[:, 4 : 4 + NAME_BYTES], masked], axis=1)


def _ranges(
    folder: Path, kind: SignalType, own: Mapping[bytes, int], renumbered: npt.NDArray[np.uint16]
) -> TableInfo:
    digests = np.frombuffer(b"".join(own), np.uint8).reshape(-1, kind.size)
    packed = pack_digests(digests, renumbered[_numbers_in(own)], digits_for(len(own)))
    return write_table(folder, kind, packed)


def digits_for(digests: int) -> int:
    """How many hexadecimal digits of a digest are asked for, among so many: at least one."""
    return max(1, bits_for(digests, step=4) // 4)
