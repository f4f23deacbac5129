"""Whether a new version follows by itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support import settings_in
from upload_guard.compose import open_lists
from upload_guard.lists.formats import ListedHash
from upload_guard.lists.importing import ImportOrder
from upload_guard.lists.store import ListStore
from upload_guard.lists.succession import why_it_waits
from upload_guard.lists.versions import VersionInfo
from upload_guard.records import SignalType


@pytest.fixture
def lists(tmp_path: Path) -> ListStore:
    return open_lists(settings_in(tmp_path))


def imported(lists: ListStore, name: str = "icse") -> VersionInfo:
    order = ImportOrder(name, "file.txt", "baseline", "interpol", "ann")
    return lists.import_version(order, [ListedHash(SignalType.MD5, bytes(16))])


def why(lists: ListStore, version: VersionInfo) -> str:
    return why_it_waits(version, lists.versions())


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
