"""A list in a folder on this machine."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.lists.sync.exchanges import numbers
from tests.support import settings_in
from tests.upstreams.test_url import KEY, PUBLIC, lines
from upload_guard.compose import build_sync, open_lists
from upload_guard.errors import ListError, UpstreamUnreachable
from upload_guard.lists.sync.run import SyncReport


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "brought here"
    folder.mkdir()
    return folder


def run(folder: Path, public_key: str = "") -> SyncReport:
    exchange = {"url": folder.as_uri(), "origin": "interpol", "category": "baseline"}
    lists = {"icse": {"public_key": public_key, "exchange": exchange}}
    return build_sync(settings_in(folder.parent, lists=lists), "icse", "ann").run()


def held(folder: Path) -> list[int]:
    return numbers(open_lists(settings_in(folder.parent)).entries("icse", None))


def test_all_files_together_are_the_list(folder: Path) -> None:
    (folder / "one.txt").write_bytes(lines([1, 2]))
    (folder / "two.txt").write_bytes(lines([2, 3]))
    assert run(folder).pages == 2
    assert held(folder) == [1, 2, 3]


def test_one_file_can_be_the_list(folder: Path) -> None:
    file = folder / "one.txt"
    file.write_bytes(lines([1, 2]))
    (folder / "two.txt").write_bytes(lines([3]))
    exchange = {"url": file.as_uri(), "origin": "interpol", "category": "baseline"}
    settings = settings_in(folder.parent, lists={"icse": {"exchange": exchange}})
    build_sync(settings, "icse", "ann").run()
    assert held(folder) == [1, 2]


def test_what_is_still_being_brought_and_what_is_no_list_is_passed_over(folder: Path) -> None:
    (folder / "one.txt").write_bytes(lines([1]))
    for name in (".hidden", "two.txt.part", "two.tmp", "one.txt.sig"):
        (folder / name).write_bytes(b"half of so")
    (folder / "inner").mkdir()
    assert run(folder).pages == 1


def test_files_that_are_as_they_were_are_not_read_again(folder: Path) -> None:
    (folder / "one.txt").write_bytes(lines([1]))
    assert [run(folder).pages, run(folder).pages] == [1, 0]


def test_a_file_that_was_taken_out_takes_its_hashes_along(folder: Path) -> None:
    for number in (1, 2):
        (folder / f"{number}.txt").write_bytes(lines([number]))
    run(folder)
    (folder / "1.txt").unlink()
    assert run(folder).is_new
    assert held(folder) == [2]


def test_after_a_bad_file_the_good_ones_are_not_read_again_unless_something_changed(folder: Path) -> None:
    (folder / "1.txt").write_bytes(lines([1]))
    bad = folder / "2.txt"
    bad.write_bytes(b"nothash\n")
    stat = bad.stat()
    with pytest.raises(ListError, match=r"2\.txt:1: is no hash"):
        run(folder)
    with bad.open("r+b") as file:
        file.write(b"# fine \n")
    os.utime(bad, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert run(folder).pages == 1
    assert held(folder) == [1]


def test_each_file_of_a_signed_list_has_its_signature_beside_it(folder: Path) -> None:
    for number in (1, 2):
        (folder / f"{number}.txt").write_bytes(lines([number]))
        (folder / f"{number}.txt.sig").write_bytes(KEY.sign(lines([number])))
    run(folder, PUBLIC)
    (folder / "1.txt").write_bytes(lines([1, 7]))
    with pytest.raises(ListError, match="is no signature of this file"):
        run(folder, PUBLIC)
    assert held(folder) == [1, 2]


def test_a_folder_that_is_empty_or_not_there_is_a_fault(folder: Path) -> None:
    with pytest.raises(ListError, match="holds no list"):
        run(folder)
    folder.rmdir()
    with pytest.raises(UpstreamUnreachable, match="No such file"):
        run(folder)
