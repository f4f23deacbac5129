"""Entries written out."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.support import settings_in
from upload_guard.compose import open_lists
from upload_guard.errors import ListError, StorageFailed
from upload_guard.lists.exporting import export, export_to_file
from upload_guard.lists.formats import WRITERS, ListedHash, read_hashes
from upload_guard.lists.importing import ImportOrder
from upload_guard.lists.store import ListStore
from upload_guard.matching.build import no_progress
from upload_guard.records import Entry, SignalType

SINCE = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)


def entry(number: int, category: str = "baseline") -> Entry:
    return Entry("icse", 1, "o", category, SignalType.MD5, number.to_bytes(16, "big"), SINCE, number)


def failing() -> Iterator[Entry]:
    yield entry(1)
    raise ListError("is damaged")


@pytest.mark.parametrize("form", WRITERS)
def test_a_file_and_a_stream_get_the_same(tmp_path: Path, form: str) -> None:
    out, file = io.StringIO(), tmp_path / "out"
    entries = [entry(1), entry(2, 'ill\u00e9gal, "so"')]
    assert export(out, form, entries, no_progress) == 2
    assert export_to_file(file, form, entries, no_progress) == 2
    assert file.read_text(encoding="utf-8") == out.getvalue()
    assert [one.value for one in read_hashes(file)] == [one.value for one in entries]


def test_a_file_is_its_owners_alone_even_where_another_was(tmp_path: Path) -> None:
    file = tmp_path / "out"
    file.write_text("before")
    file.chmod(0o644)
    export_to_file(file, "plain", [entry(1)], no_progress)
    assert file.stat().st_mode & 0o777 == 0o600


def test_what_cannot_be_read_whole_leaves_the_file_that_was_there(tmp_path: Path) -> None:
    file = tmp_path / "out"
    file.write_text("before")
    with pytest.raises(ListError, match="is damaged"):
        export_to_file(file, "jsonl", failing(), no_progress)
    assert file.read_text() == "before"
    assert list(tmp_path.iterdir()) == [file]


def test_a_folder_that_is_not_there_is_a_storage_fault(tmp_path: Path) -> None:
    with pytest.raises(StorageFailed, match="cannot be written: No such file"):
        export_to_file(tmp_path / "gone" / "out", "jsonl", [], no_progress)


def test_a_reader_that_went_away_is_a_storage_fault() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as out:
        with pytest.raises(StorageFailed, match="cannot be written: Broken pipe"):
            export(out, "plain", [entry(1)], no_progress)
        # Closing would try once more.
        os.dup2(os.open(os.devnull, os.O_WRONLY), out.fileno())


def held(lists: ListStore, name: str) -> list[tuple[SignalType, bytes, str, datetime]]:
    return [(one.signal_type, one.value, one.category, one.since) for one in lists.entries(name, None)]


@pytest.mark.parametrize("form", ["jsonl", "csv"])
def test_a_list_moves_with_its_categories_and_ages(tmp_path: Path, form: str) -> None:
    lists = open_lists(settings_in(tmp_path))
    long_ago = datetime.now(UTC) - timedelta(days=30)
    hashes = [
        ListedHash(SignalType.MD5, bytes(16), "baseline", long_ago),
        ListedHash(SignalType.MD5, bytes(16), "other"),
        ListedHash(SignalType.PDQ, b"\x01" * 32, "illegal"),
    ]
    lists.import_version(ImportOrder("here", "file", None, "origin", "ann", keep_dates=True), hashes)
    export_to_file(tmp_path / "out", form, lists.entries("here", None), no_progress)
    order = ImportOrder("there", "out", None, "origin", "ann", keep_dates=True)
    lists.import_version(order, read_hashes(tmp_path / "out"))
    assert held(lists, "there") == held(lists, "here")
    assert held(lists, "here")[0][3] == long_ago
