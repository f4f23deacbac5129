"""The vault: the bytes, whole, and for nobody else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

import pytest

from tests.support import digest_of, upload_of
from upload_guard.digests import CHUNK
from upload_guard.errors import StorageFailed
from upload_guard.quarantine.vault import Vault

NAME = "ab12cd34"


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return Vault(tmp_path / "vault")


def files(vault: Vault) -> list[Path]:
    return [path for path in vault.folder.rglob("*") if path.is_file()]


@pytest.mark.parametrize("size", [0, 1, CHUNK, 2 * CHUNK + 3])
def test_the_bytes_kept_are_the_bytes(vault: Vault, size: int) -> None:
    data = (b"upload " * (size // 7 + 1))[:size]
    vault.put(NAME, upload_of(data))
    assert vault.path(NAME).read_bytes() == data
    assert files(vault) == [vault.path(NAME)]


def test_only_the_owner_can_read_what_is_kept(vault: Vault) -> None:
    vault.put(NAME, upload_of(b"data"))
    assert vault.path(NAME).stat().st_mode & 0o777 == 0o600
    assert vault.path(NAME).parent.stat().st_mode & 0o777 == 0o700


def test_the_vault_knows_what_it_holds(vault: Vault) -> None:
    assert not vault.holds(NAME)
    vault.put(NAME, upload_of(b"data"))
    assert vault.holds(NAME)
    assert not vault.holds("ab000000")


def test_bytes_that_are_not_those_that_were_checked_are_not_kept(vault: Vault) -> None:
    upload = replace(upload_of(b"what is there"), digest=digest_of(b"what was checked"))
    with pytest.raises(StorageFailed, match="not the bytes that were checked"):
        vault.put(NAME, upload)
    assert files(vault) == []


class Unreadable:
    """A content whose spool file is gone."""

    def open(self) -> BinaryIO:
        raise FileNotFoundError(2, "No such file or directory")


def test_bytes_that_cannot_be_read_again_are_a_storage_fault(vault: Vault) -> None:
    with pytest.raises(StorageFailed):
        vault.put(NAME, replace(upload_of(b"data"), content=Unreadable()))
    assert files(vault) == []


def test_a_folder_that_takes_no_file_is_a_storage_fault(tmp_path: Path) -> None:
    (tmp_path / "vault").write_text("a file")
    with pytest.raises(StorageFailed, match="vault"):
        Vault(tmp_path / "vault").put(NAME, upload_of(b"data"))
    assert (tmp_path / "vault").read_text() == "a file"


def test_a_name_in_use_is_not_written_over_halfway(vault: Vault) -> None:
    vault.put(NAME, upload_of(b"first"))
    with pytest.raises(StorageFailed):
        vault.put(NAME, replace(upload_of(b"second"), digest=digest_of(b"other")))
    assert vault.path(NAME).read_bytes() == b"first"


def test_the_probe_passes_where_something_can_be_stored_and_leaves_nothing(vault: Vault) -> None:
    vault.probe()
    assert files(vault) == []


def test_the_probe_fails_where_nothing_can_be_stored(tmp_path: Path) -> None:
    (tmp_path / "vault").write_text("a file")
    with pytest.raises(StorageFailed, match="vault"):
        Vault(tmp_path / "vault").probe()


def test_only_what_was_left_half_written_is_removed(vault: Vault) -> None:
    vault.put(NAME, upload_of(b"data"))
    half = vault.path("ab99").with_name("ab99.part")
    half.write_bytes(b"half")
    vault.remove_parts()
    assert files(vault) == [vault.path(NAME)]


def test_a_vault_that_is_not_there_has_no_parts(vault: Vault) -> None:
    vault.remove_parts()
    assert not vault.folder.exists()
