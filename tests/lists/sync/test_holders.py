"""Which records a hash stands in, read beside a run."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.lists.sync.exchanges import md5
from upload_guard.errors import StorageFailed
from upload_guard.lists.sync.exchange import Page, Record
from upload_guard.lists.sync.holders import keys_holding
from upload_guard.lists.sync.staging import open_staging
from upload_guard.records import SignalType


def staged(folder: Path) -> Path:
    file = folder / "odd % name?.staging"
    records = (Record("a", [md5(1), md5(2)]), Record("b", [md5(1)]), Record("c", [md5(3)]))
    with open_staging(file) as staging, staging.page(Page(records, (), "1"), iter):
        pass
    return file


def test_every_record_with_the_hash_is_named_up_to_a_bound(tmp_path: Path) -> None:
    file = staged(tmp_path)
    assert keys_holding(file, SignalType.MD5, md5(1).value) == ("a", "b")
    assert keys_holding(file, SignalType.MD5, md5(1).value, most=1) == ("a",)
    assert keys_holding(file, SignalType.MD5, md5(9).value) == ()
    assert keys_holding(file, SignalType.PDQ, md5(1).value) == ()


def test_a_list_that_was_never_fetched_has_none_and_no_file_is_made(tmp_path: Path) -> None:
    assert keys_holding(tmp_path / "none", SignalType.MD5, bytes(16)) == ()
    assert not (tmp_path / "none").exists()


def test_a_file_that_is_damaged_is_told(tmp_path: Path) -> None:
    (tmp_path / "bad").write_bytes(b"nonsense" * 200)
    with pytest.raises(StorageFailed):
        keys_holding(tmp_path / "bad", SignalType.MD5, bytes(16))
