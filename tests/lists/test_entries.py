"""The file of one version's entries: whole and as written, or refused."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from upload_guard.errors import ListError
from upload_guard.lists.entries import StoredHash, StoredVersion, read_entries, write_entries
from upload_guard.records import Entry, SignalType

SINCE = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
HASHES = [
    StoredHash(SignalType.MD5, b"\x01" * 16, "baseline", SINCE),
    StoredHash(SignalType.PDQ, b"\x02" * 32, "catégorie", SINCE),
]


def stored(folder: Path, hashes: list[StoredHash] = HASHES) -> StoredVersion:
    file = folder / "icse" / "000004.jsonl"
    return StoredVersion("icse", 4, "interpol", file, write_entries(file, hashes))


def test_what_was_written_is_read_with_its_version(tmp_path: Path) -> None:
    assert list(read_entries(stored(tmp_path))) == [
        Entry("icse", 4, "interpol", "baseline", SignalType.MD5, b"\x01" * 16, SINCE, 1),
        Entry("icse", 4, "interpol", "catégorie", SignalType.PDQ, b"\x02" * 32, SINCE, 2),
    ]


def test_the_digest_is_that_of_the_file(tmp_path: Path) -> None:
    version = stored(tmp_path)
    assert version.sha256 == hashlib.sha256(version.file.read_bytes()).digest()


def test_a_version_without_entries_can_be_read(tmp_path: Path) -> None:
    assert list(read_entries(stored(tmp_path, []))) == []


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[:-1],
        lambda data: data + b"\n",
        lambda data: data.replace(b"0101", b"0100", 1),
        lambda data: b"".join(reversed(data.splitlines(keepends=True))),
        lambda _: b"",
    ],
    ids=["shortened", "lengthened", "one digit", "other order", "empty"],
)
def test_a_damaged_file_is_refused_before_its_first_entry(tmp_path: Path, damage: object) -> None:
    version = stored(tmp_path)
    version.file.write_bytes(damage(version.file.read_bytes()))  # type: ignore[operator]
    with pytest.raises(ListError, match=r"000004\.jsonl: is damaged"):
        next(read_entries(version))


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    version = stored(tmp_path)
    version.file.unlink()
    with pytest.raises(ListError, match=r"000004\.jsonl: cannot be read: No such file"):
        next(read_entries(version))


def test_writing_that_fails_midway_leaves_nothing(tmp_path: Path) -> None:
    def failing() -> Iterator[StoredHash]:
        yield from HASHES
        raise ListError("line 3")

    with pytest.raises(ListError, match="line 3"):
        write_entries(tmp_path / "icse" / "000001.jsonl", failing())
    assert list((tmp_path / "icse").iterdir()) == []


def test_nothing_but_the_file_is_left_behind(tmp_path: Path) -> None:
    version = stored(tmp_path)
    assert list(version.file.parent.iterdir()) == [version.file]


def test_a_folder_that_cannot_be_made_is_an_os_error(tmp_path: Path) -> None:
    (tmp_path / "icse").write_text("a file")
    with pytest.raises(OSError, match="exists"):
        write_entries(tmp_path / "icse" / "000001.jsonl", HASHES)
