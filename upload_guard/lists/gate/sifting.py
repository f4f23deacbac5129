"""Hashes that are to be added to a list one by one, without those that the gate would put aside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from upload_guard.lists.bank.bank import BenignBank
from upload_guard.lists.formats import ListedHash
from upload_guard.lists.gate.gate import PutAside, put_aside
from upload_guard.matching.build import Batch
from upload_guard.matching.layout import ROW
from upload_guard.records import SignalType, in_order


@dataclass(frozen=True, slots=True)
class Sifted:
    """`kept` may act. `aside` may not: each by its number, from 1, among the hashes that were given."""

    kept: tuple[ListedHash, ...]
    aside: tuple[PutAside, ...]


def sift(hashes: Sequence[ListedHash], bank: BenignBank) -> Sifted:
    """Tell what is junk or names an image of the bank from the rest; both stay in their order."""
    found = (
        one
        for kind in in_order(one.signal_type for one in hashes)
        for one in put_aside(_batch(kind, hashes), bank)
    )
    aside = {one.entry: one for one in found}
    kept = (one for number, one in enumerate(hashes, start=1) if number not in aside)
    return Sifted(tuple(kept), tuple(aside[number] for number in sorted(aside)))


def _batch(kind: SignalType, hashes: Sequence[ListedHash]) -> Batch:
    numbers = [number for number, one in enumerate(hashes, start=1) if one.signal_type is kind]
    values = np.frombuffer(b"".join(hashes[number - 1].value for number in numbers), np.uint8)
    rows = np.zeros(len(numbers), ROW)
    rows["number"] = numbers
    return Batch(kind, values.reshape(-1, kind.size), rows)
