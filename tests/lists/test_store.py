"""Lists and their versions."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.support import settings_in
from upload_guard.compose import open_lists
from upload_guard.errors import ListError, StorageFailed
from upload_guard.lists.formats import ListedHash
from upload_guard.lists.store import ImportOrder, ListStore, VersionInfo
from upload_guard.records import Entry, SignalType


@pytest.fixture
def lists(tmp_path: Path) -> ListStore:
    return open_lists(settings_in(tmp_path))


def md5(number: int) -> ListedHash:
    return ListedHash(SignalType.MD5, number.to_bytes(16, "big"))


def imported(
    lists: ListStore,
    *hashes: ListedHash,
    name: str = "icse",
    origin: str | None = "interpol",
    category: str = "baseline",
) -> VersionInfo:
    return lists.import_version(ImportOrder(name, "file.txt", category, origin, "ann"), hashes)


def active(lists: ListStore) -> list[Entry]:
    return list(lists.order().entries())


def values(lists: ListStore) -> list[int]:
    return [int.from_bytes(entry.value, "big") for entry in active(lists)]


def files(lists: ListStore) -> list[str]:
    return sorted(str(file.relative_to(lists.folder)) for file in lists.folder.glob("*/*"))


def test_versions_count_up(lists: ListStore) -> None:
    assert [imported(lists, md5(number)).number for number in (1, 2, 3)] == [1, 2, 3]
    assert imported(lists, md5(1), name="other").number == 1
    shown = [(one.list_name, one.number) for one in lists.versions()]
    assert shown == [("icse", 1), ("icse", 2), ("icse", 3), ("other", 1)]


def test_a_version_says_what_was_imported_by_whom_and_when(lists: ListStore) -> None:
    begun = datetime.now(UTC)
    imported(lists, md5(1), md5(2), ListedHash(SignalType.PDQ, bytes(32)))
    (shown,) = lists.versions()
    assert (shown.list_name, shown.origin, shown.number, shown.source) == ("icse", "interpol", 1, "file.txt")
    assert (shown.entries, shown.counts) == (3, {"md5": 2, "pdq": 1})
    assert shown.imported_by == "ann"
    assert begun <= shown.imported_at <= datetime.now(UTC)
    assert (shown.active, shown.activated_at, shown.activated_by) == (False, None, None)


def test_what_an_import_returns_is_what_is_shown(lists: ListStore) -> None:
    info = imported(lists, md5(1))
    assert lists.versions() == (info,)


def test_an_import_does_not_act_until_it_is_activated(lists: ListStore) -> None:
    imported(lists, md5(1))
    assert active(lists) == []
    assert lists.generation() == ""
    shown = lists.activate("icse", 1, "bob")
    assert (shown.active, shown.activated_by) == (True, "bob")
    assert values(lists) == [1]


def test_a_new_version_leaves_the_active_one_acting(lists: ListStore) -> None:
    imported(lists, md5(1))
    lists.activate("icse", None, "bob")
    imported(lists, md5(2))
    assert values(lists) == [1]
    assert [one.active for one in lists.versions()] == [True, False]


def test_without_a_number_the_newest_is_activated(lists: ListStore) -> None:
    imported(lists, md5(1))
    imported(lists, md5(2))
    assert lists.activate("icse", None, "bob").number == 2
    assert values(lists) == [2]


def test_an_older_version_can_be_activated_again(lists: ListStore) -> None:
    for number in (1, 2):
        imported(lists, md5(number))
    lists.activate("icse", 2, "bob")
    lists.activate("icse", 1, "bob")
    assert values(lists) == [1]
    assert [one.active for one in lists.versions()] == [True, False]


def test_entries_carry_list_version_origin_and_category(lists: ListStore) -> None:
    imported(lists, md5(1), md5(2))
    lists.activate("icse", 1, "bob")
    found = [(one.list_name, one.version, one.origin, one.category, one.number) for one in active(lists)]
    assert found == [("icse", 1, "interpol", "baseline", 1), ("icse", 1, "interpol", "baseline", 2)]


def test_several_lists_act_together(lists: ListStore) -> None:
    for name in ("zeta", "alpha"):
        imported(lists, md5(1), name=name)
        lists.activate(name, 1, "bob")
    assert [entry.list_name for entry in active(lists)] == ["alpha", "zeta"]


def test_duplicates_are_taken_once_in_their_order(lists: ListStore) -> None:
    info = imported(lists, md5(2), md5(1), md5(2), ListedHash(SignalType.PHASH, bytes(8)), md5(1))
    assert (info.entries, info.counts) == (3, {"md5": 2, "phash": 1})
    lists.activate("icse", 1, "bob")
    assert [entry.number for entry in active(lists)] == [1, 2, 3]
    assert values(lists)[:2] == [2, 1]


def test_one_value_of_two_types_is_no_duplicate(lists: ListStore) -> None:
    both = [ListedHash(kind, bytes(32)) for kind in (SignalType.SHA256, SignalType.PDQ)]
    assert imported(lists, *both).entries == 2


def test_entries_keep_their_age_across_versions(lists: ListStore) -> None:
    ages: list[dict[int, datetime]] = []
    for hashes in ([md5(1)], [md5(1), md5(2)], [md5(2), md5(3)]):
        imported(lists, *hashes)
        lists.activate("icse", None, "bob")
        ages.append({int.from_bytes(entry.value, "big"): entry.since for entry in active(lists)})
        time.sleep(0.002)
    assert ages[1][1] == ages[0][1]
    assert ages[2][2] == ages[1][2] > ages[0][1]
    assert ages[2][3] > ages[1][2]


def test_a_new_entry_is_as_old_as_its_import(lists: ListStore) -> None:
    info = imported(lists, md5(1))
    lists.activate("icse", 1, "bob")
    assert [entry.since for entry in active(lists)] == [info.imported_at]
    assert datetime.now(UTC) - info.imported_at < timedelta(seconds=10)


def failing() -> Iterator[ListedHash]:
    yield md5(1)
    raise ListError("file.txt:2: is no hash")


def test_an_import_that_is_refused_leaves_no_row_and_no_file(lists: ListStore) -> None:
    with pytest.raises(ListError, match=r"file\.txt:2"):
        lists.import_version(ImportOrder("icse", "file.txt", "baseline", "interpol", "ann"), failing())
    assert lists.versions() == ()
    assert files(lists) == []
    assert imported(lists, md5(1)).number == 1


def test_a_refused_import_leaves_the_versions_before_as_they_were(lists: ListStore) -> None:
    imported(lists, md5(1))
    lists.activate("icse", 1, "bob")
    before = lists.versions(), lists.generation(), files(lists)
    with pytest.raises(ListError):
        lists.import_version(ImportOrder("icse", "file.txt", "baseline", None, "ann"), failing())
    assert (lists.versions(), lists.generation(), files(lists)) == before
    assert values(lists) == [1]


def test_an_empty_list_is_refused_whole(lists: ListStore) -> None:
    with pytest.raises(ListError, match=r"file\.txt: holds no hash"):
        imported(lists)
    assert lists.versions() == ()
    assert files(lists) == []


@pytest.mark.parametrize("origin", [None, ""])
def test_a_new_list_needs_an_origin(lists: ListStore, origin: str | None) -> None:
    with pytest.raises(ListError, match="'icse' is new: say with --origin"):
        imported(lists, md5(1), origin=origin)
    assert lists.versions() == ()


def test_a_known_list_needs_no_origin_again(lists: ListStore) -> None:
    imported(lists, md5(1))
    assert imported(lists, md5(2), origin=None).origin == "interpol"


def test_a_list_cannot_change_its_origin(lists: ListStore) -> None:
    imported(lists, md5(1))
    with pytest.raises(ListError, match="has the origin 'interpol', not 'somebody'"):
        imported(lists, md5(2), origin="somebody")
    assert len(lists.versions()) == 1


@pytest.mark.parametrize(
    "name", ["", "ICSE", "a b", "../up", "a/b", ".hidden", "-dash", "x" * 65, "icse\n", "é", ".."]
)
def test_a_name_that_could_leave_the_folder_is_refused(lists: ListStore, name: str) -> None:
    with pytest.raises(ListError, match="is no list name"):
        imported(lists, md5(1), name=name)


@pytest.mark.parametrize("name", ["a", "0", "icse-2026.06_b", "x" * 64, "import.lock"])
def test_every_other_name_can_be_used(lists: ListStore, name: str) -> None:
    imported(lists, md5(1), name=name)
    assert lists.activate(name, None, "bob").active


def test_the_generation_changes_when_the_active_set_does(lists: ListStore) -> None:
    seen = [lists.generation()]
    imported(lists, md5(1))
    imported(lists, md5(2))
    imported(lists, md5(1), name="other")
    assert lists.generation() == seen[0]
    for name, number in (("icse", 1), ("icse", 2), ("other", 1)):
        lists.activate(name, number, "bob")
        seen.append(lists.generation())
    assert len(set(seen)) == 4
    lists.activate("icse", 2, "bob")
    assert lists.generation() == seen[-1] == lists.load().generation


def test_a_list_that_is_not_there_cannot_be_activated(lists: ListStore) -> None:
    with pytest.raises(ListError, match="there is no list 'icse'"):
        lists.activate("icse", None, "bob")


def test_a_version_that_is_not_there_cannot_be_activated(lists: ListStore) -> None:
    imported(lists, md5(1))
    with pytest.raises(ListError, match="'icse' has no version 2"):
        lists.activate("icse", 2, "bob")


def damage(lists: ListStore, number: int) -> None:
    (lists.folder / "icse" / f"{number:06d}.jsonl").write_bytes(b"damaged")


def test_a_damaged_version_is_not_activated(lists: ListStore) -> None:
    imported(lists, md5(1))
    lists.activate("icse", 1, "bob")
    imported(lists, md5(2))
    damage(lists, 2)
    with pytest.raises(ListError, match="is damaged"):
        lists.activate("icse", 2, "bob")
    assert values(lists) == [1]


def test_an_active_version_that_was_damaged_cannot_be_loaded(lists: ListStore) -> None:
    imported(lists, md5(1))
    lists.activate("icse", 1, "bob")
    damage(lists, 1)
    with pytest.raises(ListError, match="is damaged"):
        active(lists)


def test_a_damaged_version_before_does_not_stop_an_import(
    lists: ListStore, caplog: pytest.LogCaptureFixture
) -> None:
    imported(lists, md5(1))
    damage(lists, 1)
    info = imported(lists, md5(1))
    assert info.number == 2
    assert "the ages of its entries are lost" in caplog.text
    lists.activate("icse", 2, "bob")
    assert [entry.since for entry in active(lists)] == [info.imported_at]


def test_a_folder_that_takes_no_file_is_a_storage_fault(lists: ListStore) -> None:
    lists.folder.mkdir()
    (lists.folder / "icse").write_text("a file")
    with pytest.raises(StorageFailed, match="cannot be written"):
        imported(lists, md5(1))
    assert lists.versions() == ()


def test_another_process_sees_the_same_lists(lists: ListStore, tmp_path: Path) -> None:
    imported(lists, md5(1))
    lists.activate("icse", 1, "bob")
    again = open_lists(settings_in(tmp_path))
    assert again.versions() == lists.versions()
    assert again.generation() == lists.generation()
