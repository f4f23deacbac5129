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
from upload_guard.records import EXACT_TYPES, SignalType

_MOST_LABELS = 1 << (8 * LABEL_BYTES)
_EXACT = tuple(sorted(EXACT_TYPES))


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
    """Numbers for sets of categories."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[str, ...], int] = {}

    def number(self, categories: Iterable[str]) -> int:
        number = self._numbers.setdefault(tuple(sorted(set(categories))), len(self._numbers))
        if number >= _MOST_LABELS:
            raise ListError(f"private checks: more than {_MOST_LABELS} combinations of categories")
        return number

    def all(self) -> tuple[tuple[str, ...], ...]:
        return tuple(self._numbers)


Gathered = Mapping[tuple[SignalType, bytes], set[str]]


def write_set(folder: Path, order: SetOrder, entries: Iterable[Disclosed], known: Known) -> SetManifest:
    """Write all files but the manifest, which is returned. `known` spares evaluations under the same key.

    Raises `OSError` and `ListError`. Takes some 60 microseconds of processor time for each new digest.
    """
    oblivious, ranged = _gathered(entries)
    labels = _Labels()
    found, marks = _evaluated(oblivious, order.pair, known)
    tables = [
        _oblivious(folder, oblivious, labels, marks),
        *(_ranges(folder, kind, ranged, labels) for kind in _EXACT if any(one is kind for one, _ in ranged)),
    ]
    return SetManifest(
        format=FORMAT,
        epoch=order.epoch,
        generation=order.generation,
        period=order.period,
        public_key=order.pair.public.hex(),
        active=order.active,
        lists=order.lists,
        signal_types=tuple(kind for kind in _EXACT if any(one is kind for one, _ in oblivious)),
        labels=labels.all(),
        built_at=utc_now(),
        known_sha256=found.write(folder),
        tables=tuple(tables),
    )


def _gathered(entries: Iterable[Disclosed]) -> tuple[Gathered, Gathered]:
    """The categories of each digest: of all lists, and of those whose digests may be given out."""
    oblivious: defaultdict[tuple[SignalType, bytes], set[str]] = defaultdict(set)
    ranged: defaultdict[tuple[SignalType, bytes], set[str]] = defaultdict(set)
    for entry in entries:
        if not entry.signal_type.exact:
            continue
        oblivious[entry.signal_type, entry.value].add(entry.category)
        if entry.in_ranges:
            ranged[entry.signal_type, entry.value].add(entry.category)
    return oblivious, ranged


def _evaluated(gathered: Gathered, pair: KeyPair, known: Known) -> tuple[Known, Bytes]:
    """What is known from now on, and of each digest the mark, in their order."""
    inputs = [input_of(kind, value) for kind, value in gathered]
    marks = known.marks_of(inputs, pair.secret)
    return Known.of(inputs, marks), marks


def _oblivious(folder: Path, gathered: Gathered, labels: _Labels, marks: Bytes) -> TableInfo:
    numbers = np.array([labels.number(categories) for categories in gathered.values()], np.uint16)
    bits = bits_for(len(marks))
    return write_table(folder, OBLIVIOUS, pack(_heads(marks, bits), _records(marks, numbers), bits))


def _heads(marks: Bytes, bits: int) -> npt.NDArray[np.uint32]:
    heads = np.ascontiguousarray(marks[:, :4]).view(">u4")[:, 0].astype(np.uint64)
    return (heads >> np.uint64(32 - bits)).astype(np.uint32)


def _records(marks: Bytes, labels: npt.NDArray[np.uint16]) -> Bytes:
    """As `marks.Mark.record` makes each."""
    masked = marks[:, 4 + NAME_BYTES :] ^ labels.astype(">u2").view(np.uint8).reshape(-1, LABEL_BYTES)
    return np.concatenate([marks[:, 4 : 4 + NAME_BYTES], masked], axis=1)


def _ranges(folder: Path, kind: SignalType, gathered: Gathered, labels: _Labels) -> TableInfo:
    own = {value: categories for (one, value), categories in gathered.items() if one is kind}
    digests = np.frombuffer(b"".join(own), np.uint8).reshape(-1, kind.size)
    numbers = np.array([labels.number(categories) for categories in own.values()], np.uint16)
    return write_table(folder, kind, pack_digests(digests, numbers, digits_for(len(own))))


def digits_for(digests: int) -> int:
    """How many hexadecimal digits of a digest are asked for, among so many: at least one."""
    return max(1, bits_for(digests, step=4) // 4)
