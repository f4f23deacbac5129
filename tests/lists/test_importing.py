"""From hashes to a version's file."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from upload_guard.errors import ListError, StorageFailed
from upload_guard.lists.entries import StoredVersion, read_entries
from upload_guard.lists.formats import ListedHash
from upload_guard.lists.importing import ImportOrder, Written, write_version
from upload_guard.matching.build import no_progress
from upload_guard.records import Entry, SignalType

NOW = datetime(2026, 5, 1, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=900)


def md5(number: int, category: str = "", since: datetime | None = None) -> ListedHash:
    return ListedHash(SignalType.MD5, number.to_bytes(16, "big"), category, since)


def written(
    folder: Path,
    *hashes: ListedHash,
    number: int = 1,
    before: StoredVersion | None = None,
    now: datetime = NOW,
    category: str | None = "baseline",
    keep_dates: bool = False,
) -> tuple[Written, StoredVersion]:
    file = folder / "icse" / f"{number}.jsonl"
    order = ImportOrder("icse", "list.txt", category, "interpol", "ann", keep_dates)
    done = write_version(file, order, hashes, before, now, no_progress)
    return done, StoredVersion("icse", number, "interpol", file, done.sha256)


def entries(version: StoredVersion) -> list[Entry]:
    return list(read_entries(version))


def test_a_file_with_several_categories_is_one_version(tmp_path: Path) -> None:
    done, version = written(tmp_path, md5(1), md5(2, "illegal"), md5(3, "illegal"))
    assert (done.types, done.categories) == ({"md5": 3}, {"baseline": 1, "illegal": 2})
    assert [one.category for one in entries(version)] == ["baseline", "illegal", "illegal"]


def test_a_hash_that_is_said_in_two_categories_stands_in_both(tmp_path: Path) -> None:
    _, version = written(tmp_path, md5(1, "other"), md5(1, "baseline"), md5(1, "other"))
    assert sorted(one.category for one in entries(version)) == ["baseline", "other"]


@pytest.mark.parametrize("category", [None, ""])
def test_a_hash_without_any_category_refuses_the_file(tmp_path: Path, category: str | None) -> None:
    with pytest.raises(ListError, match=r"list\.txt: names no category: say with --category"):
        written(tmp_path, md5(1, "other"), md5(2), category=category)
    assert list(tmp_path.iterdir()) == []


def test_dates_of_a_file_count_only_where_they_are_trusted(tmp_path: Path) -> None:
    _, plain = written(tmp_path, md5(1, since=LONG_AGO))
    _, trusted = written(tmp_path, md5(1, since=LONG_AGO), md5(2), number=2, keep_dates=True)
    assert [one.since for one in entries(plain)] == [NOW]
    assert [one.since for one in entries(trusted)] == [LONG_AGO, NOW]


def test_a_date_to_come_is_taken_for_now(tmp_path: Path) -> None:
    _, version = written(tmp_path, md5(1, since=NOW + timedelta(days=900)), keep_dates=True)
    assert [one.since for one in entries(version)] == [NOW]


def test_an_entry_that_changes_its_category_is_on_probation_again(tmp_path: Path) -> None:
    _, first = written(tmp_path, md5(1, "other"), md5(2, "baseline"))
    later = NOW + timedelta(days=1)
    _, second = written(tmp_path, md5(1, "baseline"), md5(2, "baseline"), number=2, before=first, now=later)
    assert [one.since for one in entries(second)] == [later, NOW]


def test_no_hash_at_all_leaves_no_file(tmp_path: Path) -> None:
    with pytest.raises(ListError, match="holds no hash"):
        written(tmp_path)
    assert list((tmp_path / "icse").iterdir()) == []


def test_a_folder_that_takes_nothing_is_a_storage_fault(tmp_path: Path) -> None:
    (tmp_path / "lists").write_text("a file")
    with pytest.raises(StorageFailed, match="cannot be written"):
        written(tmp_path / "lists", md5(1))


def within(folder: Path, task: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tests.lists.bounded", str(folder), task],
        capture_output=True,
        text=True,
        check=False,
    )


def test_hundreds_of_thousands_are_imported_again_and_exported_within_48_mib(tmp_path: Path) -> None:
    done = within(tmp_path, "import")
    assert (done.returncode, done.stdout) == (0, "300000\n"), done.stderr


def test_the_same_bound_is_too_small_for_all_of_them_in_memory(tmp_path: Path) -> None:
    done = within(tmp_path, "hold")
    assert done.returncode == 1
    assert "MemoryError" in done.stderr
