"""A folder as the place of sealed bytes: whole, and for nobody else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from upload_guard.errors import StorageFailed
from upload_guard.vault.places import FolderPlace

NAME = "ab12cd34"


@pytest.fixture
def place(tmp_path: Path) -> FolderPlace:
    return FolderPlace(tmp_path / "vault")


def files(place: FolderPlace) -> list[Path]:
    return [path for path in place.folder.rglob("*") if path.is_file()]


def stored(place: FolderPlace, name: str = NAME) -> bytes | None:
    stream = place.open(name)
    if stream is None:
        return None
    with stream:
        return stream.read()


def test_what_is_written_is_there_under_its_name_alone(place: FolderPlace) -> None:
    place.write(NAME, [b"one ", b"two"])
    assert stored(place) == b"one two"
    assert files(place) == [place.path(NAME)]
    assert place.where(NAME) == str(place.path(NAME))


def test_only_the_owner_can_read_what_is_kept(place: FolderPlace) -> None:
    place.write(NAME, [b"data"])
    assert place.path(NAME).stat().st_mode & 0o777 == 0o600
    assert place.path(NAME).parent.stat().st_mode & 0o777 == 0o700
    assert place.folder.stat().st_mode & 0o777 == 0o700


def test_it_knows_what_it_holds(place: FolderPlace) -> None:
    assert not place.holds(NAME)
    place.write(NAME, [b"data"])
    assert place.holds(NAME)
    assert stored(place, "ab000000") is None


def broken_off() -> Iterator[bytes]:
    yield b"half"
    raise StorageFailed("the source broke off")


def test_half_an_object_is_none(place: FolderPlace) -> None:
    with pytest.raises(StorageFailed, match="broke off"):
        place.write(NAME, broken_off())
    assert files(place) == []


def test_what_was_there_stays_until_the_whole_is_written(place: FolderPlace) -> None:
    place.write(NAME, [b"first"])
    with pytest.raises(StorageFailed):
        place.write(NAME, broken_off())
    assert stored(place) == b"first"
    place.write(NAME, [b"second"])
    assert stored(place) == b"second"


def test_what_is_deleted_is_gone_and_may_be_deleted_again(place: FolderPlace) -> None:
    place.write(NAME, [b"data"])
    place.delete(NAME)
    place.delete(NAME)
    assert files(place) == []


def test_a_place_that_cannot_be_made_is_a_storage_fault(place: FolderPlace) -> None:
    place.folder.write_text("a file")
    for attempt in (lambda: place.write(NAME, [b"data"]), place.probe):
        with pytest.raises(StorageFailed, match="vault"):
            attempt()
    assert place.folder.read_text() == "a file"


def test_the_probe_passes_where_something_can_be_stored_and_leaves_nothing(place: FolderPlace) -> None:
    place.probe()
    assert files(place) == []


def test_only_what_was_left_half_written_is_cleared(place: FolderPlace) -> None:
    place.clear()
    place.write(NAME, [b"data"])
    place.path("ab99").with_name("ab99.part").write_bytes(b"half")
    place.clear()
    assert files(place) == [place.path(NAME)]
