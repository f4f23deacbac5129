"""What the lists in force hold, so that nobody hears "not listed" of a type that no list has."""

from __future__ import annotations

from pathlib import Path

from tests.support import activate_list, settings_in
from upload_guard.compose import open_lists
from upload_guard.lists.coverage import CoverageStore, InForce
from upload_guard.lists.formats import ListedHash
from upload_guard.records import SignalType

MD5 = [ListedHash(SignalType.MD5, bytes([number]) * 15 + b"x") for number in range(1, 9)]
SHA1 = [ListedHash(SignalType.SHA1, b"0123456789abcdefghij")]


def test_a_list_has_its_types_and_categories_once_it_is_active(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    store = CoverageStore(open_lists(settings).database)
    assert store.load().lists == ()
    activate_list(settings, MD5, category="Baseline")
    held = store.load()
    assert held.lists == (InForce("test-list", frozenset({SignalType.MD5}), frozenset({"baseline"})),)
    assert held.generation == store.generation()


def test_what_is_added_to_a_version_counts_and_changes_its_name(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    activate_list(settings, MD5)
    lists = open_lists(settings)
    store = CoverageStore(lists.database)
    before = store.generation()
    lists.add("test-list", SHA1, "illegal", "tester")
    kinds, categories = frozenset({SignalType.MD5, SignalType.SHA1}), frozenset({"baseline", "illegal"})
    assert store.load().lists == (InForce("test-list", kinds, categories),)
    assert store.generation() != before
