"""Files in folders: taken away, put back, and never another one than is meant."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support import BytesContent, digest_of
from upload_guard.errors import ChangedInPlace, GoneFromPlace, HoldingsUnreachable
from upload_guard.holdings.descent import Trees, file_locator, path_of
from upload_guard.holdings.folders import Folders

DATA = b"the very bytes"
SHA256 = digest_of(DATA).sha256
HERE = Folders()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "media" / "a.jpg"
    file.parent.mkdir()
    file.write_bytes(DATA)
    file.chmod(0o640)
    os.utime(file, ns=(1_000_000_007, 2_000_000_009))
    return file


def names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


def test_a_file_that_is_taken_is_gone_and_nothing_is_left_beside_it(file: Path) -> None:
    (file.parent / "b.jpg").write_bytes(b"another")
    HERE.take(file_locator(file), SHA256)
    assert names(file.parent) == ["b.jpg"]


def test_what_is_put_back_is_as_it_was(file: Path) -> None:
    locator, before = file_locator(file), file.stat()
    leftover = HERE.look(locator).leftover
    HERE.take(locator, SHA256)
    HERE.put(locator, BytesContent(DATA), leftover)
    after = file.stat()
    assert file.read_bytes() == DATA
    assert (after.st_mode, after.st_uid, after.st_gid) == (before.st_mode, before.st_uid, before.st_gid)
    assert after.st_mtime_ns == 2_000_000_009
    assert names(file.parent) == ["a.jpg"]


def test_folders_that_went_meanwhile_are_made_again(file: Path) -> None:
    locator = file_locator(file)
    leftover = HERE.look(locator).leftover
    HERE.take(locator, SHA256)
    file.parent.rmdir()
    HERE.put(locator, BytesContent(DATA), leftover)
    assert file.read_bytes() == DATA


def test_another_file_in_its_place_is_left_alone(file: Path) -> None:
    file.write_bytes(b"an innocent one")
    with pytest.raises(ChangedInPlace):
        HERE.take(file_locator(file), SHA256)
    assert file.read_bytes() == b"an innocent one"


def test_nothing_is_overwritten_when_a_file_is_put_back(file: Path) -> None:
    locator = file_locator(file)
    leftover = HERE.look(locator).leftover
    file.write_bytes(b"a newer one")
    with pytest.raises(ChangedInPlace):
        HERE.put(locator, BytesContent(DATA), leftover)
    assert file.read_bytes() == b"a newer one"
    assert names(file.parent) == ["a.jpg"]


def test_putting_back_twice_is_putting_back_once(file: Path) -> None:
    locator = file_locator(file)
    leftover = HERE.look(locator).leftover
    HERE.put(locator, BytesContent(DATA), leftover)
    assert names(file.parent) == ["a.jpg"]


def each_act(file: Path) -> tuple[Callable[[], object], ...]:
    locator = file_locator(file)
    return (
        lambda: HERE.look(locator),
        lambda: HERE.take(locator, SHA256),
        lambda: HERE.read(locator).__enter__(),
    )


def test_what_is_gone_is_said_to_be(file: Path) -> None:
    (file.parent / "b.jpg").write_bytes(b"another")
    file.unlink()
    for act in each_act(file):
        with pytest.raises(GoneFromPlace):
            act()


# What is not mounted ------------------------------------------------------------------------------


def unmount(folder: Path) -> None:
    """As a disk leaves its folder behind: there, and empty."""
    folder.rename(folder.with_name("unmounted"))
    folder.mkdir()


def unmount_whole(folder: Path) -> None:
    """As an automounter does."""
    folder.rename(folder.with_name("unmounted"))


@pytest.mark.parametrize("leave", [unmount, unmount_whole])
def test_a_file_of_a_disk_that_is_missing_is_not_gone(file: Path, leave: Callable[[Path], None]) -> None:
    acts = each_act(file)
    leave(file.parent)
    for act in acts:
        with pytest.raises(HoldingsUnreachable, match="not mounted"):
            act()


@pytest.mark.parametrize("leave", [unmount, unmount_whole])
def test_below_a_folder_of_the_settings_that_one_has_to_be_there(
    file: Path, leave: Callable[[Path], None]
) -> None:
    sites = Folders(Trees((file.parent,)))
    below = f"file://{file.parent}/2026/07/a.jpg"
    with pytest.raises(GoneFromPlace):
        sites.look(below)
    leave(file.parent)
    with pytest.raises(HoldingsUnreachable, match="not mounted"):
        sites.look(below)


def test_what_was_looked_at_before_is_gone_while_that_is_mounted_on_which_it_lay(file: Path) -> None:
    locator = file_locator(file)
    leftover = HERE.look(locator).leftover
    HERE.take(locator, SHA256)
    for act in (lambda: HERE.look(locator, leftover), lambda: HERE.take(locator, SHA256, "", leftover)):
        with pytest.raises(GoneFromPlace):
            act()
    elsewhere = {**leftover, "mount": str(file.parent)}
    for act in (lambda: HERE.look(locator, elsewhere), lambda: HERE.take(locator, SHA256, "", elsewhere)):
        with pytest.raises(HoldingsUnreachable, match="nothing is mounted"):
            act()


def test_nothing_is_put_below_what_a_disk_will_hide(file: Path) -> None:
    locator = file_locator(file)
    leftover = {**HERE.look(locator).leftover, "mount": str(file.parent)}
    unmount(file.parent)
    with pytest.raises(HoldingsUnreachable, match="nothing is mounted"):
        HERE.put(locator, BytesContent(DATA), leftover)
    assert names(file.parent) == []


def test_what_is_mounted_is_told_by_its_device() -> None:
    shared = Path("/dev/shm")  # noqa: S108 - as Linux mounts it
    if not shared.is_dir() or shared.stat().st_dev == Path("/dev").stat().st_dev:
        pytest.skip("nothing of its own is mounted at /dev/shm")
    with tempfile.NamedTemporaryFile(dir=shared) as file:
        assert HERE.look(f"file://{file.name}").leftover["mount"] == str(shared)


# Killed -------------------------------------------------------------------------------------------


def test_a_taking_that_was_killed_after_the_file_was_moved_aside_goes_on(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as killed:

        def dies(*_: object, **__: object) -> None:
            raise KeyboardInterrupt

        killed.setattr(os, "unlink", dies)
        with pytest.raises(KeyboardInterrupt):
            HERE.take(file_locator(file), SHA256)
    assert not file.exists()
    HERE.take(file_locator(file), SHA256)
    assert names(file.parent) == []


def test_what_was_uploaded_anew_since_is_taken_too_if_it_is_that_file(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    test_a_taking_that_was_killed_after_the_file_was_moved_aside_goes_on(file, monkeypatch)
    file.write_bytes(DATA)
    HERE.take(file_locator(file), SHA256)
    assert names(file.parent) == []


def test_a_file_that_was_replaced_in_the_last_moment_is_back_in_its_place(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rename = os.rename

    def after_another_came(old: str, new: str, src_dir_fd: int, dst_dir_fd: int) -> None:
        monkeypatch.setattr(os, "rename", rename)
        file.write_bytes(b"an innocent one")
        rename(old, new, src_dir_fd=src_dir_fd, dst_dir_fd=dst_dir_fd)

    monkeypatch.setattr(os, "rename", after_another_came)
    with pytest.raises(ChangedInPlace):
        HERE.take(file_locator(file), SHA256)
    assert names(file.parent) == ["a.jpg"]
    assert file.read_bytes() == b"an innocent one"


# Links --------------------------------------------------------------------------------------------


def test_no_link_is_followed_on_the_way_or_at_its_end(file: Path, tmp_path: Path) -> None:
    (tmp_path / "linked").symlink_to(file.parent)
    (file.parent / "link.jpg").symlink_to(file)
    for way in (tmp_path / "linked" / "a.jpg", file.parent / "link.jpg"):
        locator = f"file://{way}"
        with pytest.raises(HoldingsUnreachable):
            HERE.look(locator)
        with pytest.raises(HoldingsUnreachable):
            HERE.take(locator, SHA256)
    assert file.read_bytes() == DATA


def test_the_locator_of_a_file_behind_a_linked_folder_is_where_it_really_is(
    file: Path, tmp_path: Path
) -> None:
    (tmp_path / "linked").symlink_to(file.parent)
    assert file_locator(tmp_path / "linked" / "a.jpg") == file_locator(file)


@pytest.mark.parametrize("name", ["a b.jpg", "100%25.jpg", "café.jpg", "a\nb.jpg", "q?x#y.jpg"])
def test_every_name_comes_back_from_its_locator(tmp_path: Path, name: str) -> None:
    file = tmp_path / name
    assert path_of(file_locator(file)) == file
    assert file_locator(file).isascii()


def test_a_name_that_is_no_text_comes_back_as_well(tmp_path: Path) -> None:
    file = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff\xfe.jpg"))
    file.write_bytes(DATA)
    assert HERE.look(file_locator(file)).size == len(DATA)


@pytest.mark.parametrize(
    "locator", ["file://", "file:///", "file:///a/../etc/passwd", "s3://b/k", "file://a"]
)
def test_what_can_name_no_file_is_refused(locator: str) -> None:
    with pytest.raises(GoneFromPlace):
        path_of(locator)


def test_a_pipe_is_no_file_and_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(HoldingsUnreachable):
        HERE.look(file_locator(tmp_path / "pipe"))


# What strangers who write there may do ------------------------------------------------------------


def aside_of(file: Path) -> Path:
    """Where a file lies while it is taken away."""
    return file.with_name(f".upload-guard-{hashlib.sha256(file.name.encode()).hexdigest()[:24]}")


def test_another_file_that_lies_aside_keeps_none_from_being_taken(file: Path) -> None:
    aside_of(file).write_bytes(b"planted")
    HERE.take(file_locator(file), SHA256)
    assert not file.exists()


@pytest.mark.parametrize("make", [Path.mkdir, lambda aside: aside.symlink_to("elsewhere")])
def test_a_folder_or_link_that_lies_aside_is_no_taking(file: Path, make: Callable[[Path], None]) -> None:
    make(aside_of(file))
    with pytest.raises(HoldingsUnreachable):
        HERE.take(file_locator(file), SHA256)
    assert file.read_bytes() == DATA
