"""Building a snapshot's folder, and opening it again: whole, or refused."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.matching.building import entry_of, files_of
from upload_guard.errors import ListError, SnapshotDamaged
from upload_guard.matching.bands import plan_bands
from upload_guard.matching.build import Batches, build_snapshot
from upload_guard.matching.files import open_files
from upload_guard.records import Entry, SignalType

ENTRIES = [
    entry_of(SignalType.PDQ, bytes([byte]) * 32, name, byte, category)
    for byte in range(50)
    for name, category in (("one", "baseline"), ("two", "illegal"))
] + [entry_of(SignalType.MD5, bytes([byte]) * 16, "one", byte) for byte in range(20)]


def test_the_manifest_tells_what_is_inside(tmp_path: Path) -> None:
    manifest = build_snapshot(tmp_path / "s", "icse@1", 7, Batches(ENTRIES))
    assert open_files(tmp_path / "s").manifest == manifest
    assert (manifest.generation, manifest.folded, manifest.entries) == ("icse@1", 7, 120)
    assert {info.signal_type: info.entries for info in manifest.tables} == {"pdq": 100, "md5": 20}
    assert {(group.list_name, group.category) for group in manifest.groups} == {
        ("one", "baseline"),
        ("two", "illegal"),
    }
    for file in manifest.files:
        assert hashlib.sha256((tmp_path / "s" / file.name).read_bytes()).hexdigest() == file.sha256


def test_nothing_but_what_the_manifest_names_is_left(tmp_path: Path) -> None:
    manifest = build_snapshot(tmp_path / "s", "g", 0, Batches(ENTRIES))
    names = {file.name for file in manifest.files} | {"manifest.json", "manifest.sha256"}
    assert {file.name for file in (tmp_path / "s").iterdir()} == names
    assert [one.name for one in tmp_path.iterdir()] == ["s"]


def test_a_snapshot_of_nothing_can_be_opened(tmp_path: Path) -> None:
    files = files_of(tmp_path, [])
    files.verify()
    assert files.manifest.entries == 0


def failing() -> Iterator[Entry]:
    yield from ENTRIES
    raise ListError("000001.jsonl: is damaged")


def test_entries_that_cannot_be_read_leave_no_snapshot(tmp_path: Path) -> None:
    with pytest.raises(ListError):
        build_snapshot(tmp_path / "s", "g", 0, Batches(failing()))
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_build_left_is_no_snapshot_and_in_nobodys_way(tmp_path: Path) -> None:
    (tmp_path / "s.part").mkdir()
    (tmp_path / "s.part" / "pdq.spool").write_bytes(b"half")
    build_snapshot(tmp_path / "s", "g", 0, Batches(ENTRIES))
    assert [one.name for one in tmp_path.iterdir()] == ["s"]


def test_progress_is_told_and_ends(tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    build_snapshot(tmp_path / "s", "g", 0, Batches(ENTRIES), lambda *step: told.append(step))
    assert ("reading", 120, 0) in told
    assert ("sorting pdq", 100, 100) in told
    assert told[-1] == ("sealing", 1, 1)


Damage = Callable[[Path], object]


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda folder: (folder / "pdq.values").write_bytes(b"short"), r"pdq\.values: has 5 bytes, not 3200"),
        (lambda folder: (folder / "md5.rows").unlink(), "cannot be read: No such file"),
        (lambda folder: (folder / "manifest.json").unlink(), "cannot be read: No such file"),
        (lambda folder: (folder / "manifest.json").write_bytes(b"{}"), "is not the one that was written"),
    ],
    ids=["shortened", "file missing", "manifest missing", "manifest changed"],
)
def test_a_snapshot_that_is_not_whole_is_refused(tmp_path: Path, damage: Damage, said: str) -> None:
    folder = files_of(tmp_path, ENTRIES).folder
    damage(folder)
    with pytest.raises(SnapshotDamaged, match=said):
        open_files(folder)


def test_another_format_is_refused_by_its_number(tmp_path: Path) -> None:
    folder = files_of(tmp_path, ENTRIES).folder
    body = (folder / "manifest.json").read_bytes().replace(b'"format": 1', b'"format": 2')
    (folder / "manifest.json").write_bytes(body)
    (folder / "manifest.sha256").write_text(hashlib.sha256(body).hexdigest() + "  manifest.json\n")
    with pytest.raises(SnapshotDamaged, match="is of format 2, not 1"):
        open_files(folder)


@pytest.mark.parametrize("name", ["pdq.values", "pdq.rows", "pdq.starts", "md5.values"])
def test_one_bit_of_any_file_is_noticed(tmp_path: Path, name: str) -> None:
    folder = files_of(tmp_path, ENTRIES).folder
    data = bytearray((folder / name).read_bytes())
    data[len(data) // 2] ^= 1
    (folder / name).write_bytes(data)
    files = open_files(folder)
    for compare in (files.read, files.verify):
        with pytest.raises(SnapshotDamaged, match=f"{name}: is damaged"):
            compare()


def test_two_words_that_changed_places_are_noticed_when_asked(tmp_path: Path) -> None:
    folder = files_of(tmp_path, ENTRIES).folder
    words = np.fromfile(folder / "pdq.values", np.uint32)
    words[::-1].tofile(folder / "pdq.values")
    with pytest.raises(SnapshotDamaged, match=r"pdq\.values: is damaged: its SHA-256"):
        open_files(folder).verify()


def test_what_was_released_can_still_be_read(tmp_path: Path) -> None:
    files = files_of(tmp_path, ENTRIES)
    files.release()
    files.verify()
    assert len(files.tables[SignalType.MD5].locate(bytes(16))) == 1


@pytest.mark.parametrize("entries", [1, 2, 1000, 16_384, 10**5, 10**6, 10**7, 5 * 10**7, 10**9])
@pytest.mark.parametrize("kind", list(SignalType))
def test_the_bands_of_any_number_of_entries_cover_the_hash_or_are_one_directory(
    kind: SignalType, entries: int
) -> None:
    widths = plan_bands(kind, entries)
    assert all(1 <= width <= 24 for width in widths)
    assert len(widths) == 1 or sum(widths) == kind.size * 8
    assert (len(widths) == 1) == (kind.exact or entries < 16_384)


def test_ten_million_have_eleven_bands() -> None:
    assert len(plan_bands(SignalType.PDQ, 10**7)) == 11
    assert np.ptp(plan_bands(SignalType.PDQ, 10**7)) == 1
