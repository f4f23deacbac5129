"""Changes to lists between their versions: the last word on a hash counts."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import product

import pytest

from tests.matching.building import added, entry_of, retracted
from upload_guard.matching.delta import Change, Delta
from upload_guard.records import Entry, SignalType

MD5 = SignalType.MD5
VALUE = bytes(16)
ENTRY = entry_of(MD5, VALUE)
OTHER_LIST = entry_of(MD5, VALUE, "other")
OTHER_VERSION = replace(ENTRY, version=4, number=9)


def acting(changes: list[Change], held: list[Entry] | None = None, version: int = 3) -> list[Entry]:
    return list(Delta(changes, {"list": version, "other": 3}).applied_to(held or []))


def test_without_changes_everything_stands() -> None:
    assert acting([], [ENTRY, OTHER_LIST]) == [ENTRY, OTHER_LIST]


def test_a_retraction_takes_the_hash_out_of_its_list_only() -> None:
    assert acting([retracted(1, MD5, VALUE)], [ENTRY, OTHER_LIST]) == [OTHER_LIST]


def test_a_retraction_is_of_one_type() -> None:
    sha256, pdq = entry_of(SignalType.SHA256, bytes(32)), entry_of(SignalType.PDQ, bytes(32))
    assert acting([retracted(1, SignalType.PDQ, bytes(32))], [sha256, pdq]) == [sha256]


def test_an_addition_acts_and_its_retraction_ends_it() -> None:
    assert acting([added(1, ENTRY)]) == [ENTRY]
    assert acting([added(1, ENTRY), retracted(2, MD5, VALUE)]) == []


def test_what_is_added_again_acts_as_the_new_entry_alone() -> None:
    again = replace(ENTRY, number=9, category="investigative")
    assert acting([retracted(1, MD5, VALUE), added(2, again)], [ENTRY]) == [again]


def test_an_addition_without_a_retraction_leaves_the_entry_that_was_there() -> None:
    again = replace(ENTRY, number=9, category="investigative")
    assert acting([added(1, again)], [ENTRY]) == [ENTRY, again]


def test_the_same_addition_twice_is_one_entry() -> None:
    assert acting([added(1, ENTRY), added(2, ENTRY)]) == [ENTRY]


@pytest.mark.parametrize(("version", "entry"), [(3, ENTRY), (4, OTHER_VERSION)])
def test_an_addition_belongs_to_its_version(version: int, entry: Entry) -> None:
    assert acting([added(1, ENTRY), added(2, OTHER_VERSION)], version=version) == [entry]


def test_a_hash_added_to_another_version_is_no_longer_retracted() -> None:
    assert acting([retracted(1, MD5, VALUE), added(2, OTHER_VERSION)], [ENTRY]) == [ENTRY]


def test_wherever_changes_are_folded_in_the_same_entries_stand() -> None:
    # Every history of five changes: a retraction, additions in two categories, and one to another version.
    others = [
        None,
        replace(ENTRY, number=7, category="investigative"),
        replace(ENTRY, number=8),
        OTHER_VERSION,
    ]
    active = {"list": 3}
    unreachable = 0
    for history in product(others, repeat=5):
        changes = [Change(at, "list", MD5, VALUE, entry) for at, entry in enumerate(history, 1)]
        for held in ([ENTRY], []):
            whole = list(Delta(changes, active).applied_to(held))
            for fold in range(len(changes) + 1):
                folded = list(Delta(changes[:fold], active).applied_to(held))
                later = Delta(changes, active, fold)
                if later.returned:
                    unreachable += 1
                    continue
                assert Counter(later.applied_to(folded)) == Counter(whole), (history, fold)
    assert unreachable


def test_entries_that_lack_what_another_version_gave_back_cannot_be_brought_up_to_date() -> None:
    changes = [retracted(1, MD5, VALUE), added(2, OTHER_VERSION)]
    assert Delta(changes, {"list": 3}, 1).returned
    assert not Delta(changes, {"list": 3}, 2).returned
    assert not Delta(changes, {"list": 4}, 1).returned
