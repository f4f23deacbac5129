"""Lists and their versions."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from tests.support import settings_in
from upload_guard.compose import open_lists
from upload_guard.errors import ListError, SnapshotDamaged, StorageFailed
from upload_guard.lists.formats import ListedHash
from upload_guard.lists.importing import ImportOrder
from upload_guard.lists.orders import Fold
from upload_guard.lists.store import ListStore
from upload_guard.lists.versions import VersionInfo
from upload_guard.matching.limits import DistanceLimits
from upload_guard.matching.snapshot import Snapshot
from upload_guard.records import Entry, Signal, SignalType
from upload_guard.storage.locks import exclusive_lock_if_free

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


def test_duplicates_are_taken_once_and_entries_are_numbered_by_their_values(lists: ListStore) -> None:
    info = imported(lists, md5(2), md5(1), md5(2), ListedHash(SignalType.PHASH, LOOK[:8]), md5(1))
    assert (info.entries, info.counts) == (3, {"md5": 2, "phash": 1})
    lists.activate("icse", 1, "bob")
    assert [entry.number for entry in active(lists)] == [1, 2, 3]
    assert values(lists)[:2] == [1, 2]


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
    assert datetime.now(UTC) - info.imported_at < timedelta(minutes=5)


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


def finds(snapshot: Snapshot, *hashes: ListedHash) -> list[bool]:
    limits = DistanceLimits(dict.fromkeys(SignalType, 0))
    return [bool(snapshot.find([Signal(one.signal_type, one.value)], limits)) for one in hashes]


def acting(lists: ListStore, *hashes: ListedHash) -> list[bool]:
    """Whether each of `hashes` is found by who loads what is in force."""
    return finds(lists.load(), *hashes)


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
    assert two_active.add("icse", [md5(8), md5(9)], "illegal", "ann").kept == (md5(8), md5(9))
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


def test_what_is_added_again_means_the_same_before_and_after_each_build(two_active: ListStore) -> None:
    def found() -> list[tuple[str, int]]:
        limits = DistanceLimits(dict.fromkeys(SignalType, 0))
        matches = two_active.load().find([Signal(SignalType.MD5, md5(1).value)], limits)
        return [(match.category, match.entry) for match in matches]

    two_active.retract("icse", [md5(1)], "ann")
    two_active.build()
    two_active.add("icse", [md5(1)], "investigative", "ann")
    assert found() == [("investigative", 4)]
    two_active.build()
    assert found() == [("investigative", 4)]


def test_a_snapshot_that_lacks_what_was_given_back_is_not_taken(two_active: ListStore) -> None:
    two_active.retract("icse", [md5(1)], "ann")
    two_active.build()
    shutil.rmtree(two_active.snapshots.path(two_active.order(), Fold()))
    imported(two_active, md5(1), md5(5))
    two_active.activate("icse", 2, "bob")
    two_active.add("icse", [md5(1)], "baseline", "ann")
    # As a restored database may say, without the build that an activation is.
    with two_active.database.session() as session:
        session.execute(text("UPDATE hash_lists SET active_number = 1"))
    two_active.mend()
    assert acting(two_active, md5(1), md5(2), md5(5)) == [True, True, False]


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


def test_the_generation_tells_a_restored_past_from_the_one_before(two_active: ListStore) -> None:
    two_active.retract("icse", [md5(1)], "ann")
    before = two_active.load()
    with two_active.database.session() as session:
        session.execute(text("DELETE FROM list_changes"))
        session.execute(text("UPDATE list_change_counter SET last = 0"))
    two_active.retract("icse", [md5(2)], "ann")
    assert two_active.generation() == two_active.load(before).generation != before.generation


def test_who_watches_notices_another_process_s_change_and_a_backup_put_in_its_place(
    two_active: ListStore, tmp_path: Path
) -> None:
    file = Path(two_active.database.engine.url.database or "")
    two_active.database.forget_deleted()
    backup = shutil.copy(file, file.with_name("backup"))
    before = two_active.generation()
    open_lists(settings_in(tmp_path)).retract("icse", [md5(1)], "ann")
    assert two_active.generation() != before
    two_active.database.forget_deleted()
    Path(backup).replace(file)
    for log in ("-wal", "-shm"):
        file.with_name(file.name + log).unlink(missing_ok=True)
    assert two_active.generation() == before


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


def test_hashes_that_come_slowly_keep_no_other_writer_waiting(two_active: ListStore) -> None:
    def slowly(number: int) -> Iterator[ListedHash]:
        yield md5(number)
        with two_active.database.session() as session:
            session.execute(text("UPDATE hash_lists SET origin = origin"))

    assert two_active.retract("icse", slowly(1), "ann") == 1
    assert two_active.add("icse", slowly(8), "baseline", "ann").kept == (md5(8),)
    assert acting(two_active, md5(1), md5(8)) == [False, True]


def only_snapshot(lists: ListStore) -> Path:
    (path,) = lists.snapshots.folder.glob("*-*-*")
    return path


def test_a_missing_snapshot_can_be_built_anew(two_active: ListStore) -> None:
    shutil.rmtree(two_active.snapshots.folder)
    with pytest.raises(SnapshotDamaged, match="there is no snapshot of the active lists"):
        two_active.load()
    two_active.mend()
    assert acting(two_active, md5(1), md5(3)) == [True, False]
    assert only_snapshot(two_active).is_dir()


@pytest.mark.parametrize("name", ["md5.values", "md5.rows", "manifest.json"])
def test_a_damaged_snapshot_can_be_built_again(two_active: ListStore, name: str) -> None:
    file = only_snapshot(two_active) / name
    whole = file.read_bytes()
    file.unlink()
    file.write_bytes(bytes(len(whole)))
    with pytest.raises(SnapshotDamaged):
        two_active.load()
    two_active.mend()
    assert acting(two_active, md5(1), md5(3)) == [True, False]
    assert file.read_bytes() == whole


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
        two_active.mend()


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


def test_what_was_in_force_carries_on_without_what_is_retracted(two_active: ListStore) -> None:
    before = two_active.load()
    imported(two_active, md5(1), md5(5), name="other")
    two_active.activate("other", 1, "bob")
    shutil.rmtree(two_active.snapshots.folder)
    assert two_active.carry_on(before) is before
    two_active.retract("icse", [md5(1)], "ann")
    carried = two_active.carry_on(before)
    assert finds(carried, md5(1), md5(2), md5(5)) == [False, True, False]
    assert carried.files is before.files
    assert two_active.carry_on(carried) is carried


def test_what_carries_on_is_never_taken_for_what_is_active(two_active: ListStore) -> None:
    before = two_active.load()
    two_active.retract("icse", [md5(1)], "ann")
    carried = two_active.carry_on(before)
    assert carried.generation not in (before.generation, two_active.generation())


def test_a_restored_database_s_retractions_act_on_what_was_built_of_another_past(
    two_active: ListStore,
) -> None:
    two_active.add("icse", [md5(8)], "baseline", "ann")
    two_active.build()
    before = two_active.load()
    with two_active.database.session() as session:
        session.execute(text("DELETE FROM list_changes"))
        session.execute(text("UPDATE list_change_counter SET last = 0"))
    two_active.retract("icse", [md5(1)], "ann")
    assert finds(two_active.carry_on(before), md5(1), md5(2)) == [False, True]


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


@pytest.mark.parametrize("stray", ["{}-copy", "{}.bak", "x{}", "{}-0-0", "a-b-c"])
def test_a_stray_folder_among_the_snapshots_is_left_alone(two_active: ListStore, stray: str) -> None:
    ours = only_snapshot(two_active)
    other = ours.with_name(stray.format(ours.name))
    shutil.copytree(ours, other)
    os.utime(other, (0, 0))
    assert acting(two_active, md5(1), md5(3)) == [True, False]
    two_active.build()
    assert other.is_dir()


def test_no_activation_comes_between_a_build_and_its_clearing_up(two_active: ListStore) -> None:
    shutil.rmtree(two_active.snapshots.folder)
    free = []

    def progress(_step: str, _done: int, _of: int) -> None:
        with exclusive_lock_if_free(two_active.folder / ".activate.lock") as could:
            free.append(could)

    two_active.build(progress)
    assert free
    assert not any(free)


def test_a_version_counts_its_categories(lists: ListStore) -> None:
    info = imported(lists, md5(1), ListedHash(SignalType.MD5, bytes(16), "other"), md5(3))
    assert info.categories == {"baseline": 2, "other": 1}
    assert lists.versions() == (info,)


def history(lists: ListStore) -> list[tuple[int, str, str]]:
    """Version, way and person of every activation, oldest first."""
    told = sorted((one for info in lists.versions() for one in info.activations), key=lambda one: one.at)
    return [(one.number, one.way.value, one.person) for one in told]


@pytest.fixture
def three_versions(lists: ListStore) -> ListStore:
    """Two have acted, the third has not."""
    for number in (1, 2):
        imported(lists, md5(number))
        lists.activate("icse", number, "bob")
    imported(lists, md5(3))
    return lists


def test_a_rollback_lets_an_earlier_version_act_and_is_told_as_such(three_versions: ListStore) -> None:
    shown = three_versions.rollback("icse", 1, "eve")
    assert (shown.number, shown.active, shown.activated_by) == (1, True, "eve")
    assert acting(three_versions, md5(1), md5(2)) == [True, False]
    assert history(three_versions) == [(1, "manual", "bob"), (2, "manual", "bob"), (1, "rollback", "eve")]


def test_a_rollback_takes_the_snapshot_that_is_there(three_versions: ListStore) -> None:
    built = {path: path.stat().st_mtime_ns for path in three_versions.snapshots.folder.glob("*-*-*")}
    three_versions.rollback("icse", 1, "eve")
    after = {path: path.stat().st_mtime_ns for path in three_versions.snapshots.folder.glob("*-*-*")}
    assert after == built


def test_a_rollback_builds_the_snapshot_that_is_gone(three_versions: ListStore) -> None:
    shutil.rmtree(three_versions.snapshots.folder)
    three_versions.rollback("icse", 1, "eve")
    assert acting(three_versions, md5(1), md5(2)) == [True, False]


def test_a_rollback_keeps_ages(three_versions: ListStore) -> None:
    first = three_versions.versions()[0]
    three_versions.rollback("icse", 1, "eve")
    assert [entry.since for entry in active(three_versions)] == [first.imported_at]


@pytest.mark.parametrize(
    ("number", "why"), [(3, "has never acted"), (2, "is the one that acts"), (4, "has no version 4")]
)
def test_there_is_no_way_back_to_what_has_not_acted(three_versions: ListStore, number: int, why: str) -> None:
    with pytest.raises(ListError, match=why):
        three_versions.rollback("icse", number, "eve")
    assert values(three_versions) == [2]
    assert len(history(three_versions)) == 2


def test_a_way_back_can_be_taken_back(three_versions: ListStore) -> None:
    three_versions.rollback("icse", 1, "eve")
    three_versions.rollback("icse", 2, "eve")
    assert values(three_versions) == [2]


def test_versions_tell_what_was_added_and_retracted_since(two_active: ListStore) -> None:
    two_active.add("icse", [md5(7), md5(8), md5(9)], "illegal", "ann")
    two_active.retract("icse", [md5(1), md5(9)], "ann")
    imported(two_active, md5(5))
    assert [(one.added, one.retracted) for one in two_active.versions()] == [(2, 2), (0, 2)]
    two_active.add("icse", [md5(1)], "illegal", "ann")
    assert [(one.added, one.retracted) for one in two_active.versions()] == [(3, 1), (0, 1)]


def test_what_is_added_keeps_the_category_that_its_file_names(two_active: ListStore) -> None:
    two_active.add("icse", [replace(md5(7), category="other"), md5(8)], "illegal", "ann")
    assert [entry.category for entry in active(two_active)][-2:] == ["other", "illegal"]


def listed_values(lists: ListStore, number: int | None = None) -> list[int]:
    return [int.from_bytes(entry.value, "big") for entry in lists.entries("icse", number)]


def test_the_entries_of_any_version_can_be_had(three_versions: ListStore) -> None:
    assert [listed_values(three_versions, number) for number in (1, 2, 3)] == [[1], [2], [3]]


def test_without_a_number_they_are_those_that_act_or_else_the_newest(lists: ListStore) -> None:
    imported(lists, md5(1))
    imported(lists, md5(2))
    assert listed_values(lists) == [2]
    lists.activate("icse", 1, "bob")
    assert listed_values(lists) == [1]


def test_they_are_what_acts_with_single_changes(two_active: ListStore) -> None:
    two_active.add("icse", [md5(8)], "illegal", "ann")
    two_active.retract("icse", [md5(1), PDQ], "ann")
    assert listed_values(two_active) == [2, 8]
    assert listed_values(two_active) == values(two_active)


def test_others_can_write_to_the_database_while_millions_are_read(lists: ListStore) -> None:
    def hashes() -> Iterator[ListedHash]:
        yield md5(1)
        lists.retract("other", [md5(1)], "ann")

    imported(lists, md5(1), name="other")
    lists.import_version(ImportOrder("icse", "file.txt", "baseline", "interpol", "ann"), hashes())
    assert [one.retracted for one in lists.versions()] == [0, 1]
