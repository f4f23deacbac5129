"""Lists and their versions."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from tests.support import settings_in
from upload_guard.compose import open_lists
from upload_guard.errors import ListError, SnapshotDamaged, StorageFailed
from upload_guard.lists.formats import ListedHash
from upload_guard.lists.store import ImportOrder, ListStore, VersionInfo
from upload_guard.matching.limits import DistanceLimits
from upload_guard.records import Entry, Signal, SignalType

LOOK = bytes([0x55, 0x33, 0x0F, 0x96]) * 8


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
    imported(lists, md5(1), md5(2), ListedHash(SignalType.PDQ, LOOK))
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
    info = imported(lists, md5(2), md5(1), md5(2), ListedHash(SignalType.PHASH, LOOK[:8]), md5(1))
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


PDQ = ListedHash(SignalType.PDQ, LOOK)


def acting(lists: ListStore, *hashes: ListedHash) -> list[bool]:
    """Whether each of `hashes` is found by who loads what is in force."""
    snapshot = lists.load()
    limits = DistanceLimits({SignalType.PDQ: 0, SignalType.PHASH: 0, SignalType.DHASH: 0})
    return [bool(snapshot.find([Signal(one.signal_type, one.value)], limits)) for one in hashes]


@pytest.fixture
def two_active(lists: ListStore) -> ListStore:
    imported(lists, md5(1), md5(2), PDQ)
    lists.activate("icse", 1, "bob")
    return lists


def test_what_is_retracted_no_longer_acts_and_the_generation_says_so(two_active: ListStore) -> None:
    before = two_active.generation()
    assert two_active.retract("icse", [md5(1), PDQ], "ann") == 2
    assert acting(two_active, md5(1), md5(2), PDQ) == [False, True, False]
    assert two_active.generation() == two_active.load().generation != before


def test_what_is_added_acts_as_an_entry_of_the_active_version(two_active: ListStore) -> None:
    begun = datetime.now(UTC)
    assert two_active.add("icse", [md5(8), md5(9)], "illegal", "ann") == 2
    assert acting(two_active, md5(8), md5(9), md5(7)) == [True, True, False]
    two_active.add("icse", [md5(7)], "illegal", "ann")
    entry = active(two_active)[-1]
    assert (entry.version, entry.origin, entry.category, entry.number) == (1, "interpol", "illegal", 6)
    assert entry.since >= begun


def test_a_retraction_outlives_the_version_and_an_addition_does_not(two_active: ListStore) -> None:
    two_active.retract("icse", [md5(1)], "ann")
    two_active.add("icse", [md5(9)], "baseline", "ann")
    imported(two_active, md5(1), md5(3))
    two_active.activate("icse", 2, "bob")
    assert acting(two_active, md5(1), md5(3), md5(9)) == [False, True, False]
    two_active.activate("icse", 1, "bob")
    assert acting(two_active, md5(1), md5(2), md5(9)) == [False, True, True]


def test_adding_takes_a_retraction_back(two_active: ListStore) -> None:
    two_active.retract("icse", [md5(1)], "ann")
    two_active.add("icse", [md5(1)], "baseline", "ann")
    assert acting(two_active, md5(1)) == [True]
    imported(two_active, md5(1), md5(3))
    two_active.activate("icse", 2, "bob")
    assert acting(two_active, md5(1)) == [True]


def test_a_retraction_from_one_list_leaves_the_others(two_active: ListStore) -> None:
    imported(two_active, md5(1), name="other")
    two_active.activate("other", 1, "bob")
    two_active.retract("icse", [md5(1)], "ann")
    assert [entry.list_name for entry in active(two_active) if entry.value == md5(1).value] == ["other"]
    assert acting(two_active, md5(1)) == [True]


def folds(lists: ListStore) -> list[int]:
    return sorted(int(path.name.split("-")[1]) for path in lists.snapshots.folder.glob("*-*-*"))


def test_changes_are_folded_in_by_the_next_build_and_mean_the_same(two_active: ListStore) -> None:
    two_active.retract("icse", [md5(1)], "ann")
    two_active.add("icse", [md5(8)], "illegal", "ann")
    generation, matches = two_active.generation(), acting(two_active, md5(1), md5(2), md5(8))
    two_active.build()
    assert folds(two_active) == [0, 2]
    files = two_active.load().files
    assert files is not None
    assert (files.manifest.folded, files.manifest.entries) == (2, 3)
    assert two_active.generation() == two_active.load().generation == generation
    assert acting(two_active, md5(1), md5(2), md5(8)) == matches == [False, True, True]


def test_a_change_after_the_build_acts_on_what_was_folded(two_active: ListStore) -> None:
    two_active.retract("icse", [md5(1)], "ann")
    two_active.add("icse", [md5(8)], "illegal", "ann")
    two_active.build()
    two_active.retract("icse", [md5(8)], "ann")
    two_active.add("icse", [md5(1)], "baseline", "ann")
    assert acting(two_active, md5(1), md5(8)) == [True, False]


def test_many_changes_are_folded_in_and_few_are_not(
    two_active: ListStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("upload_guard.lists.store._MOST_CHANGES", 3)
    two_active.add("icse", [md5(number) for number in (5, 6, 7)], "illegal", "ann")
    two_active.fold()
    assert folds(two_active) == [0]
    two_active.add("icse", [md5(8)], "illegal", "ann")
    two_active.fold()
    assert folds(two_active) == [0, 4]


def test_a_snapshot_of_another_past_is_not_taken(two_active: ListStore) -> None:
    # The database comes back from a backup: its numbers are given out again, to other changes.
    two_active.retract("icse", [md5(1)], "ann")
    two_active.build()
    with two_active.database.session() as session:
        session.execute(text("DELETE FROM list_changes"))
        session.execute(text("UPDATE list_change_counter SET last = 0"))
    assert acting(two_active, md5(1), md5(2)) == [True, True]
    two_active.retract("icse", [md5(2)], "ann")
    assert acting(two_active, md5(1), md5(2)) == [True, False]


def test_changes_need_a_list_and_additions_an_active_version(lists: ListStore) -> None:
    with pytest.raises(ListError, match="there is no list 'icse'"):
        lists.retract("icse", [md5(1)], "ann")
    imported(lists, md5(1))
    with pytest.raises(ListError, match="'icse' has no active version"):
        lists.add("icse", [md5(1)], "baseline", "ann")


def test_a_change_that_cannot_be_read_whole_changes_nothing(two_active: ListStore) -> None:
    before = two_active.generation()
    with pytest.raises(ListError, match=r"file\.txt:2"):
        two_active.retract("icse", failing(), "ann")
    assert two_active.generation() == before
    assert acting(two_active, md5(1)) == [True]


def only_snapshot(lists: ListStore) -> Path:
    (path,) = lists.snapshots.folder.glob("*-*-*")
    return path


def test_a_missing_snapshot_is_built_by_whoever_needs_it(two_active: ListStore) -> None:
    shutil.rmtree(two_active.snapshots.folder)
    assert acting(two_active, md5(1), md5(3)) == [True, False]
    assert only_snapshot(two_active).is_dir()


@pytest.mark.parametrize("name", ["md5.values", "md5.rows", "manifest.json"])
def test_a_damaged_snapshot_is_built_again(
    two_active: ListStore, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    file = only_snapshot(two_active) / name
    whole = file.read_bytes()
    file.unlink()
    file.write_bytes(bytes(len(whole)))
    assert acting(two_active, md5(1), md5(3)) == [True, False]
    assert file.read_bytes() == whole
    assert "ALARM" in caplog.text


def test_verifying_tells_of_damage_and_mends_nothing(two_active: ListStore) -> None:
    assert two_active.verify().size == 3
    file = only_snapshot(two_active) / "md5.values"
    size = file.stat().st_size
    file.unlink()
    file.write_bytes(bytes(size))
    with pytest.raises(SnapshotDamaged, match=r"md5\.values: is damaged"):
        two_active.verify()
    assert file.read_bytes() == bytes(size)


def test_what_cannot_be_built_says_why(two_active: ListStore) -> None:
    damage(two_active, 1)
    shutil.rmtree(two_active.snapshots.folder)
    with pytest.raises(ListError, match="is damaged"):
        two_active.load()


def test_a_snapshot_that_cannot_be_written_stops_the_activation(lists: ListStore) -> None:
    imported(lists, md5(1))
    lists.snapshots.folder.write_text("a file")
    with pytest.raises(StorageFailed, match="snapshots"):
        lists.activate("icse", 1, "bob")
    assert lists.generation() == ""


def test_a_change_does_not_read_the_snapshot_again(two_active: ListStore) -> None:
    before = two_active.load()
    two_active.retract("icse", [md5(1)], "ann")
    assert two_active.load(before).files is before.files


def test_snapshots_that_nothing_needs_are_removed_once_they_are_old(two_active: ListStore) -> None:
    first = only_snapshot(two_active)
    imported(two_active, md5(5), md5(6))
    two_active.activate("icse", 2, "bob")
    assert first.is_dir()
    os.utime(first, (0, 0))
    two_active.build()
    assert not first.exists()
    assert acting(two_active, md5(5)) == [True]


def test_the_snapshot_before_stays_for_the_way_back(two_active: ListStore) -> None:
    first = only_snapshot(two_active)
    os.utime(first, (0, 0))
    imported(two_active, md5(5), md5(6))
    two_active.activate("icse", 2, "bob")
    assert first.is_dir()


def test_the_active_snapshot_stays_however_old(two_active: ListStore) -> None:
    os.utime(only_snapshot(two_active), (0, 0))
    two_active.build()
    assert only_snapshot(two_active).is_dir()
