"""What a version of a list would bring, before it may act: a pure function over entries.

Memory stays bounded: both versions are spooled to files below a scratch folder and sorted there, and only
what may not act (junk, hits on the benign bank) is held.
"""

from __future__ import annotations

import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import numpy as np
import numpy.typing as npt

from upload_guard.lists.bank.bank import BenignBank, Likeness
from upload_guard.lists.gate.junk import junk_among
from upload_guard.matching.build import Batch, EntryBatches
from upload_guard.matching.sorting import Records, sorted_parts
from upload_guard.records import BankScope, SignalType, in_order

SHRINK = 0.5
"""A version that keeps this share of the acting entries, or less, is held for approval."""
GROWTH = 10.0
"""So is one with this many times as many, or more."""
MOST_ASIDE = 100_000
"""More entries than this are not put aside one by one: such a file is no hash list."""


class Decision(StrEnum):
    """What may become of a version."""

    PASSES = "passes"
    HELD = "held"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class PutAside:
    """An entry that does not act, by its number in the version.

    `reason` is a `Junk` in words, or says how it meets the file `name` of the bank, `distance` bits away.
    """

    entry: int
    signal_type: SignalType
    reason: str
    name: str = ""
    scope: BankScope | None = None
    distance: int = 0


@dataclass(frozen=True, slots=True)
class DiffRow:
    """Entries of one signal type and category.

    `added` and `removed` are of hashes that only one version has; where both have the hash, `came` and `left`
    are those that only one of them has in this category.
    """

    signal_type: SignalType
    category: str
    before: int = 0
    now: int = 0
    added: int = 0
    removed: int = 0
    came: int = 0
    left: int = 0


@dataclass(frozen=True, slots=True)
class GateReport:
    """A version compared with the one that is active, if any, and with what may never act.

    `before` and `acting` count entries that act, `entries` all. `why` are sentences for the administrator.
    """

    entries: int
    before: int | None
    rows: tuple[DiffRow, ...]
    aside: tuple[PutAside, ...]
    decision: Decision
    why: tuple[str, ...]

    @property
    def acting(self) -> int:
        return self.entries - len(self.aside)

    @property
    def ratio(self) -> float | None:
        """Acting entries, as a multiple of those before."""
        return self.acting / self.before if self.before else None

    @property
    def junk(self) -> dict[str, int]:
        """How many entries were put aside as junk, by reason."""
        return dict(Counter(one.reason for one in self.aside if one.scope is None))

    @property
    def benign(self) -> tuple[PutAside, ...]:
        """The entries that name known-good images."""
        return tuple(one for one in self.aside if one.scope is not None)


@dataclass(frozen=True, slots=True)
class Before:
    """The active version, and how many of its entries act."""

    entries: EntryBatches
    acting: int


IDENTICAL = "names a known-good image"
ALIKE = "looks like a known-good image"


def examine(new: EntryBatches, before: Before | None, bank: BenignBank, scratch: Path) -> GateReport:
    """Compare `new` with `before`. Raises `ListError` where entries cannot be read, and `OSError`.

    Each version has a hash at most once in a category; `scratch` is a folder with room for both.
    """
    with tempfile.TemporaryDirectory(prefix="gate-", dir=scratch) as folder:
        spool = _Spool(Path(folder))
        if before is not None:
            for batch in before.entries:
                spool.write(batch, before.entries, _OLD)
        aside: list[PutAside] = []
        for batch in new:
            spool.write(batch, new, _NEW)
            if len(aside) <= MOST_ASIDE:
                aside += put_aside(batch, bank)
        entries = spool.counts[_NEW]
        rows = spool.diff()
    aside.sort(key=lambda one: one.entry)
    decision, why = _decide(entries, len(aside), before.acting if before else None)
    return GateReport(entries, before.acting if before else None, rows, tuple(aside), decision, why)


def put_aside(batch: Batch, bank: BenignBank) -> Iterator[PutAside]:
    """The entries of `batch` that may not act, each once: junk, and what names an image of `bank`."""
    numbers = batch.rows["number"]
    seen: set[int] = set()
    for row, junk in junk_among(batch.kind, batch.values):
        seen.add(row)
        yield PutAside(int(numbers[row]), batch.kind, junk.value)
    for hit in _hits(batch, bank):
        if hit.asked not in seen:
            reason = IDENTICAL if batch.kind.exact else ALIKE
            number = int(numbers[hit.asked])
            yield PutAside(number, batch.kind, reason, hit.file.name, hit.file.scope, hit.distance)


def _hits(batch: Batch, bank: BenignBank) -> Iterator[Likeness]:
    # pHash and dHash never act alone: what is the very hash of a known-good view is put aside, and no more.
    return bank.near(batch.values) if batch.kind is SignalType.PDQ else bank.same(batch.kind, batch.values)


def _decide(entries: int, aside: int, before: int | None) -> tuple[Decision, tuple[str, ...]]:
    acting = entries - aside
    if not entries:
        return Decision.REFUSED, ("it holds no entry",)
    if aside > MOST_ASIDE:
        return Decision.REFUSED, (f"more than {MOST_ASIDE} entries are junk or name known-good images",)
    if before and acting <= before * SHRINK:
        return Decision.HELD, (f"it shrinks from {before} to {acting} acting entries",)
    if before and acting >= before * GROWTH:
        return Decision.HELD, (f"it grows from {before} to {acting} acting entries",)
    return Decision.PASSES, ()


_OLD, _NEW = 1, 2


class _Spool:
    """Both versions' entries in one file a signal type, and what differs between them."""

    def __init__(self, folder: Path) -> None:
        self.counts: Counter[int] = Counter()
        self._folder = folder
        self._categories: dict[str, int] = {}
        self._of_kind: Counter[SignalType] = Counter()

    def write(self, batch: Batch, batches: EntryBatches, side: int) -> None:
        records = np.empty(len(batch.rows), _record(batch.kind))
        records["value"] = batch.values
        records["side"] = side
        numbers = [self._categories.setdefault(one.category, len(self._categories)) for one in batches.groups]
        records["category"] = np.array(numbers, np.uint16)[batch.rows["group"]]
        with self._file(batch.kind).open("ab") as file:
            file.write(records.data)
        self.counts[side] += len(records)
        self._of_kind[batch.kind] += len(records)

    def diff(self) -> tuple[DiffRow, ...]:
        """One row a signal type and category, in their order."""
        names = list(self._categories)
        return tuple(
            DiffRow(kind, names[category], **counts)
            for kind in in_order(self._of_kind)
            for category, counts in sorted(self._compare(kind).items(), key=lambda item: names[item[0]])
        )

    def _compare(self, kind: SignalType) -> dict[int, Counter[str]]:
        found: defaultdict[int, Counter[str]] = defaultdict(Counter)
        records = np.memmap(self._file(kind), _record(kind), "r+")
        scratch = np.memmap(self._folder / f"{kind}.scratch", _record(kind), "w+", shape=len(records))
        for part in sorted_parts(records, scratch):
            for name, categories in _changes(part).items():
                numbers, counts = np.unique(categories, return_counts=True)
                for number, count in zip(numbers.tolist(), counts.tolist(), strict=True):
                    found[number][name] += count
        return found

    def _file(self, kind: SignalType) -> Path:
        return self._folder / f"{kind}.spool"


def _record(kind: SignalType) -> np.dtype[np.void]:
    return np.dtype([("value", "u1", (kind.size,)), ("category", "<u2"), ("side", "u1")])


def _changes(part: Records) -> dict[str, npt.NDArray[np.uint16]]:
    """The categories of entries, by what happened to them. In `part`, equal values stand together."""
    values, categories, old = part["value"], part["category"], part["side"] == _OLD
    begins = np.ones(len(part), np.bool_)
    begins[1:] = (values[1:] != values[:-1]).any(axis=1)
    first, group = np.flatnonzero(begins), np.cumsum(begins) - 1
    shared = (np.logical_or.reduceat(old, first) & np.logical_or.reduceat(~old, first))[group]
    changed = shared & _alone(group << 16 | categories)
    return {
        "before": categories[old],
        "now": categories[~old],
        "added": categories[~old & ~shared],
        "removed": categories[old & ~shared],
        "came": categories[~old & changed],
        "left": categories[old & changed],
    }


def _alone(keys: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Which of `keys` are there once."""
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    same = ordered[1:] == ordered[:-1]
    alone = np.ones(len(keys), np.bool_)
    alone[order[1:][same]] = alone[order[:-1][same]] = False
    return alone
