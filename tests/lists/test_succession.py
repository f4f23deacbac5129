"""Whether a new version follows by itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support import settings_in
from upload_guard.compose import build_examine, open_lists
from upload_guard.lists.formats import ListedHash
from upload_guard.lists.importing import ImportOrder
from upload_guard.lists.store import ListStore
from upload_guard.lists.succession import Examination, Examine, pass_always, why_it_waits
from upload_guard.lists.versions import VersionInfo
from upload_guard.records import SignalType


@pytest.fixture
def lists(tmp_path: Path) -> ListStore:
    return open_lists(settings_in(tmp_path))


def imported(lists: ListStore, name: str = "icse") -> VersionInfo:
    order = ImportOrder(name, "file.txt", "baseline", "interpol", "ann")
    return lists.import_version(order, [ListedHash(SignalType.MD5, bytes(16))])


def why(lists: ListStore, version: VersionInfo, examine: Examine = pass_always) -> str:
    return why_it_waits(version, lists.versions(), examine)


def test_the_first_version_waits_whatever_other_lists_do(lists: ListStore) -> None:
    imported(lists, "other")
    lists.activate("other", 1, "bob")
    assert why(lists, imported(lists)) == "no version of the list acts yet"
    assert why(lists, imported(lists)) == "no version of the list acts yet"


def test_a_version_of_an_active_list_follows(lists: ListStore) -> None:
    imported(lists)
    lists.activate("icse", 1, "bob")
    assert why(lists, imported(lists)) == ""


def test_after_a_rollback_a_person_decides_until_one_has(lists: ListStore) -> None:
    for number in (1, 2):
        imported(lists)
        lists.activate("icse", number, "bob")
    lists.rollback("icse", 1, "eve")
    version = imported(lists)
    assert why(lists, version) == "the list was rolled back to version 1"
    lists.activate("icse", version.number, "bob")
    assert why(lists, imported(lists)) == ""


def test_what_the_gate_holds_back_waits_with_its_reasons(lists: ListStore) -> None:
    imported(lists)
    lists.activate("icse", 1, "bob")
    seen: list[VersionInfo] = []

    def hold(version: VersionInfo) -> Examination:
        seen.append(version)
        return Examination(("it is ten times as large", "it holds junk"))

    version = imported(lists)
    assert why(lists, version, hold) == "it is ten times as large; it holds junk"
    assert seen == [version]


def test_the_gate_that_is_built_stands_open_for_now(lists: ListStore, tmp_path: Path) -> None:
    assert build_examine(settings_in(tmp_path))(imported(lists)) == Examination()
