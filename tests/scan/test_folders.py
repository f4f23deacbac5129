"""The walk of a tree: everything in it, in one order, from wherever it was left."""

from __future__ import annotations

import io
import os
import shutil
from pathlib import Path

import pytest

from upload_guard.errors import HoldingsUnreachable
from upload_guard.holdings.descent import path_of
from upload_guard.scan.folders import Files, FolderWalk, NamedWalk, locator_of, names_in
from upload_guard.scan.records import Item, Link, Met, Shut

NAMES = (
    b"a.jpg",
    b".hidden/x.jpg",
    b"dir/b.jpg",
    b"dir/sub/c.jpg",
    b"dir.jpg",
    b"line\nbreak.jpg",
    b"latin\xe9.jpg",
    b"100% sure?#.jpg",
)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in NAMES:
        path = tmp_path / "tree" / os.fsdecode(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name)
    return tmp_path / "tree"


def names(tree: Path, met: list[Met]) -> list[bytes]:
    return [os.fsencode(path_of(one.locator).relative_to(tree)) for one in met if isinstance(one, Item)]


def test_every_file_is_met_whatever_its_name(tree: Path) -> None:
    assert sorted(names(tree, list(FolderWalk(tree).items()))) == sorted(NAMES)


def test_a_walk_goes_on_behind_any_file_as_if_it_had_not_stopped(tree: Path) -> None:
    whole = list(FolderWalk(tree).items())
    for at, one in enumerate(whole):
        assert list(FolderWalk(tree).items(one.locator)) == whole[at + 1 :]


def test_a_walk_goes_on_behind_a_file_that_is_gone_meanwhile(tree: Path) -> None:
    whole = list(FolderWalk(tree).items())
    path_of(whole[3].locator).unlink()
    assert list(FolderWalk(tree).items(whole[3].locator)) == whole[4:]


def test_links_are_told_and_not_followed(tree: Path) -> None:
    (tree / "loop").symlink_to(tree)
    (tree / "away").symlink_to("/etc/hostname")
    met = list(FolderWalk(tree).items())
    assert sum(isinstance(one, Link) for one in met) == 2
    assert sorted(names(tree, met)) == sorted(NAMES)


def test_what_is_no_plain_file_is_told_and_not_opened(tree: Path) -> None:
    os.mkfifo(tree / "pipe")
    assert Shut(locator_of(tree / "pipe"), "is no plain file") in list(FolderWalk(tree).items())
    with (
        pytest.raises(HoldingsUnreachable, match="no plain file"),
        Files().opened(Item(locator_of(tree / "pipe"))),
    ):
        pass


def test_a_folder_that_cannot_be_entered_is_told(tree: Path) -> None:
    walk = FolderWalk(tree).items()
    met = [next(walk)]
    shutil.rmtree(tree / "dir")
    met += walk
    assert Shut(locator_of(tree / "dir"), "No such file or directory") in met


def test_folders_of_our_own_are_spared(tree: Path) -> None:
    met = list(FolderWalk(tree, frozenset({tree / "dir"})).items())
    assert sorted(names(tree, met)) == sorted(one for one in NAMES if not one.startswith(b"dir/"))


def test_a_file_is_a_place_too(tree: Path) -> None:
    walk = FolderWalk(tree / "a.jpg")
    assert names(tree, list(walk.items())) == [b"a.jpg"]
    assert not list(walk.items(walk.root))


def test_folders_may_be_deeper_than_python_calls(tree: Path) -> None:
    """As deep as a path can be."""
    deepest = tree
    while len(os.fsencode(deepest)) < 4000:
        deepest /= "d"
        deepest.mkdir()
    (deepest / "x").touch()
    met = list(FolderWalk(tree / "d").items())
    assert [one.locator for one in met] == [locator_of(deepest / "x")]
    assert not list(FolderWalk(tree / "d").items(met[0].locator))
    # What clears up after tests calls itself for each folder.
    (deepest / "x").unlink()
    os.removedirs(deepest)


def test_named_paths_are_met_once_each_and_what_is_not_there_is_told(tree: Path) -> None:
    given = [b"a.jpg", b"./a.jpg", b"dir/../a.jpg", b"missing.jpg", b"dir", os.fsencode(tree / "dir.jpg")]
    met = list(NamedWalk(given, tree).items())
    assert names(tree, met) == [b"a.jpg", b"dir.jpg"]
    assert [one.why for one in met if isinstance(one, Shut)] == [
        "No such file or directory",
        "is a folder; name the files in it",
    ]


def test_an_item_changes_with_its_file_even_if_the_times_are_set_back(tree: Path) -> None:
    path = tree / "a.jpg"
    before = Files().look(Item(locator_of(path)))
    facts = path.stat()
    path.write_bytes(b"a.jpX")
    os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns))
    assert Files().look(before) != before


@pytest.mark.parametrize("end", [b"\n", b"\0"], ids=["lines", "nul"])
def test_names_are_told_apart_by_what_ends_them(end: bytes) -> None:
    names = [b"a b.jpg", b"latin\xe9", b"x" * 70_000, b"last"]
    assert list(names_in(io.BytesIO(end.join(names)), end)) == names
    assert list(names_in(io.BytesIO(end.join(names) + end * 2), end)) == names


def test_a_folder_that_became_a_link_leads_nowhere(tree: Path, tmp_path: Path) -> None:
    item = Item(locator_of(tree / "dir" / "b.jpg"))
    (tree / "dir").rename(tmp_path / "elsewhere")
    (tree / "dir").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(HoldingsUnreachable), Files().opened(item):
        pass


def test_a_named_path_through_a_link_is_the_file_that_it_leads_to(tree: Path, tmp_path: Path) -> None:
    (tmp_path / "www").symlink_to(tree)
    (met,) = NamedWalk([b"www/dir/b.jpg"], tmp_path).items()
    assert met == Files().look(Item(locator_of(tree / "dir" / "b.jpg")))


def test_what_follows_a_link_to_the_folder_above_is_the_file_that_the_system_means(
    tree: Path, tmp_path: Path
) -> None:
    (tmp_path / "www").symlink_to(tree / "dir")
    (tmp_path / "a.jpg").touch()
    assert names(tree, list(NamedWalk([b"www/../a.jpg"], tmp_path).items())) == [b"a.jpg"]


def test_one_file_by_two_ways_is_met_once(tree: Path, tmp_path: Path) -> None:
    (tmp_path / "www").symlink_to(tree)
    assert len(list(NamedWalk([b"www/a.jpg", b"tree/a.jpg"], tmp_path).items())) == 1


@pytest.mark.parametrize(
    "bad",
    [b"x" * 300, b"a.jpg\0dir.jpg\0", b"loop/a.jpg", b"a.jpg/b.jpg", b"/", b".."],
    ids=["too-long", "nul", "loop", "below-a-file", "root", "above"],
)
def test_a_name_that_names_no_file_is_told_and_the_next_is_looked_at(tree: Path, bad: bytes) -> None:
    (tree / "loop").symlink_to("loop")
    told, met = NamedWalk([bad, b"a.jpg"], tree).items()
    assert isinstance(told, Shut)
    assert names(tree, [met]) == [b"a.jpg"]


def test_an_empty_folder_could_not_be_read_as_a_disk_that_is_not_mounted_leaves_one(tmp_path: Path) -> None:
    (met,) = FolderWalk(tmp_path).items()
    assert isinstance(met, Shut)
    assert "not mounted" in met.why


@pytest.mark.parametrize("make", [True, False], ids=["empty", "missing"])
def test_a_walk_does_not_end_well_where_its_disk_went_meanwhile(
    tree: Path, tmp_path: Path, make: bool
) -> None:
    walk = FolderWalk(tree)
    planned = next(iter(walk.items()))
    tree.rename(tmp_path / "unmounted")
    if make:
        tree.mkdir()
    (met,) = walk.items(planned.locator)
    assert isinstance(met, Shut)
