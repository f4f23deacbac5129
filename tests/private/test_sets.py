"""Which set is offered, and what becomes of those before it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.private.test_buckets import built, disclosed
from upload_guard.errors import EpochOver, NotReady, SnapshotDamaged, StorageFailed
from upload_guard.private.sets import SetFolder, SetManifest


def test_nothing_is_offered_before_anything_is_built(tmp_path: Path) -> None:
    with pytest.raises(NotReady, match="not prepared"):
        SetFolder(tmp_path).current()


def test_a_set_whose_building_fails_is_not_offered_and_the_one_before_stays(tmp_path: Path) -> None:
    before = built(tmp_path, disclosed(3)).manifest.epoch

    def fails(_folder: Path) -> SetManifest:
        raise OSError(28, "No space left on device")

    sets = SetFolder(tmp_path)
    with pytest.raises(StorageFailed, match="No space left"):
        sets.put("f" * 16, fails)
    assert sets.current().manifest.epoch == before
    assert not sets.is_whole("f" * 16)


def test_the_one_before_is_there_for_whoever_is_half_way(tmp_path: Path) -> None:
    first = built(tmp_path, disclosed(3)).manifest.epoch
    second = built(tmp_path, disclosed(4), "two").manifest.epoch
    sets = SetFolder(tmp_path)
    sets.clear_up()
    assert (sets.current().manifest.epoch, sets.of_epoch(first).manifest.epoch) == (second, first)


def test_after_a_while_it_is_removed_and_no_longer_answers(tmp_path: Path) -> None:
    first = built(tmp_path, disclosed(3)).manifest.epoch
    sets = SetFolder(tmp_path)
    sets.of_epoch(first)
    built(tmp_path, disclosed(4), "two")
    os.utime(tmp_path / first, (1, 1))
    os.utime(sets.folder / sets.current_epoch(), (2, 2))
    sets.clear_up()
    with pytest.raises(EpochOver):
        sets.of_epoch(first)
    assert sets.current()


def test_sets_of_long_ago_are_removed_although_a_new_one_has_just_come(tmp_path: Path) -> None:
    epochs = [built(tmp_path, disclosed(3), generation).manifest.epoch for generation in ("1", "2", "3")]
    for age, epoch in enumerate(epochs[:2], start=1):
        os.utime(tmp_path / epoch, (age, age))
    sets = SetFolder(tmp_path)
    sets.clear_up()
    with pytest.raises(EpochOver):
        sets.of_epoch(epochs[0])
    # The one that was followed just now is for those who are half way.
    assert [sets.of_epoch(epoch).manifest.epoch for epoch in epochs[1:]] == epochs[1:]


def test_a_damaged_set_that_was_built_again_is_not_answered_from_any_more(tmp_path: Path) -> None:
    epoch = built(tmp_path, disclosed(3)).manifest.epoch
    file = tmp_path / epoch / "oblivious.buckets"
    file.write_bytes(bytes(file.stat().st_size))
    sets = SetFolder(tmp_path)
    damaged = sets.current()
    assert not any(damaged.bucket(damaged.manifest.tables[0], 0))
    assert built(tmp_path, disclosed(3)).manifest.epoch == epoch
    mended = sets.current()
    assert any(mended.bucket(mended.manifest.tables[0], 0))


def test_a_file_of_another_length_is_not_served(tmp_path: Path) -> None:
    found = built(tmp_path, disclosed(3))
    file = tmp_path / found.manifest.epoch / "oblivious.buckets"
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(SnapshotDamaged, match="not what was written"):
        SetFolder(tmp_path).current()


def test_a_set_with_one_byte_turned_is_not_whole_and_is_built_again(tmp_path: Path) -> None:
    found = built(tmp_path, disclosed(3))
    file = tmp_path / found.manifest.epoch / "oblivious.buckets"
    data = bytearray(file.read_bytes())
    data[5] ^= 1
    file.write_bytes(data)
    assert not SetFolder(tmp_path).is_whole(found.manifest.epoch)


@pytest.mark.parametrize("number", [-1, 1 << 20])
def test_a_number_that_no_bucket_has_is_refused(tmp_path: Path, number: int) -> None:
    found = built(tmp_path, disclosed(3))
    with pytest.raises(EpochOver, match="no bucket"):
        found.bucket(found.manifest.tables[0], number)


def test_others_on_the_machine_may_not_look_into_it(tmp_path: Path) -> None:
    found = built(tmp_path, disclosed(3))
    assert (tmp_path / found.manifest.epoch).stat().st_mode & 0o077 == 0
