"""The vault: bytes sealed, each under its own key, and plain nowhere that has a name."""

from __future__ import annotations

import io
import os
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

import pytest
from sqlalchemy import delete, select, update

from tests.support import digest_of, hold, read, upload_of, vault_in
from upload_guard.errors import MasterKeyError, StorageFailed, VaultDamaged
from upload_guard.keyring import Keyring
from upload_guard.storage.vault_tables import VaultObject
from upload_guard.vault.places import FolderPlace
from upload_guard.vault.states import Kept
from upload_guard.vault.vault import Vault

DATA = b"the very bytes of an upload " * 9000


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return vault_in(tmp_path)


def path(vault: Vault, name: str) -> Path:
    assert isinstance(vault.place, FolderPlace)
    return vault.place.path(name)


def row(vault: Vault, name: str) -> VaultObject:
    with vault.database.session() as session:
        return session.scalars(select(VaultObject).where(VaultObject.name == name)).one()


def files_below(folder: Path) -> list[Path]:
    return [file for file in folder.rglob("*") if file.is_file()]


# Holding ------------------------------------------------------------------------------------------


def test_what_is_held_is_read_again_any_number_of_times(vault: Vault) -> None:
    content = vault.content(hold(vault, DATA))
    assert read(content) == read(content) == DATA
    with content.lend() as span, span.open() as stream:
        assert stream.read() == DATA


def test_whoever_is_lent_the_bytes_cannot_write_them(vault: Vault) -> None:
    with vault.content(hold(vault, DATA)).lend() as span, pytest.raises(OSError, match="Bad file"):
        os.write(span.fd, b"x")


def test_no_file_anywhere_holds_the_bytes_in_plain_even_while_they_are_read(
    vault: Vault, tmp_path: Path
) -> None:
    with vault.content(hold(vault, DATA)).open() as stream:
        assert stream.read(28) == DATA[:28]
        assert os.fstat(stream.fileno()).st_nlink == 0
        assert os.fstat(stream.fileno()).st_mode & 0o777 == 0o600
        files = files_below(tmp_path)
        assert len(files) >= 2
        assert not [file for file in files if b"very bytes" in file.read_bytes()]


def test_every_object_has_a_key_of_its_own_sealed_under_the_master(vault: Vault) -> None:
    one, two = hold(vault, DATA), hold(vault, DATA)
    assert path(vault, one).read_bytes()[100:] != path(vault, two).read_bytes()[100:]
    assert row(vault, one).sealed_key != row(vault, two).sealed_key
    assert row(vault, one).master == vault.keyring.fingerprint


def test_two_objects_cannot_change_places(vault: Vault) -> None:
    one, two = path(vault, hold(vault, DATA)), path(vault, hold(vault, b"other"))
    first = one.read_bytes()
    one.write_bytes(two.read_bytes())
    two.write_bytes(first)
    for name in (one.name, two.name):
        with pytest.raises(VaultDamaged):
            read(vault.content(name))


def test_bytes_that_are_not_those_that_were_checked_are_not_kept(vault: Vault) -> None:
    with vault.database.session() as session:
        reserved = vault.reserve(session, bytes(32))
    upload = replace(upload_of(b"what is there"), digest=digest_of(b"what was checked"))
    with pytest.raises(StorageFailed, match="not the bytes that were checked"):
        vault.put(reserved, upload)
    assert not vault.holds(reserved.name)


class Unreadable(io.BytesIO):
    def open(self) -> BinaryIO:
        raise StorageFailed("the spool is gone")


def test_bytes_that_cannot_be_read_again_are_a_storage_fault(vault: Vault) -> None:
    with vault.database.session() as session:
        reserved = vault.reserve(session, bytes(32))
    with pytest.raises(StorageFailed):
        vault.put(reserved, replace(upload_of(b"data"), content=Unreadable()))  # type: ignore[arg-type]
    assert not vault.holds(reserved.name)


@pytest.mark.parametrize("damage", ["deleted", "flipped", "cut", "row deleted"])
def test_what_is_gone_or_altered_is_told_and_never_read(vault: Vault, damage: str) -> None:
    name = hold(vault, DATA)
    file = path(vault, name)
    data = file.read_bytes()
    if damage == "deleted":
        file.unlink()
    elif damage == "flipped":
        file.write_bytes(data[:70_000] + bytes([data[70_000] ^ 1]) + data[70_001:])
    elif damage == "cut":
        file.write_bytes(data[: 11 + (1 << 16) + 16])
    else:
        with vault.database.session() as session:
            session.execute(delete(VaultObject).where(VaultObject.name == name))
    with pytest.raises(VaultDamaged):
        read(vault.content(name))


# The master key -----------------------------------------------------------------------------------


def test_under_another_master_key_nothing_opens_and_the_probe_says_so(vault: Vault) -> None:
    name = hold(vault, DATA)
    vault.probe_keys()
    stranger = replace(vault, keyring=Keyring(bytes(32)))
    for attempt in (stranger.probe_keys, lambda: read(stranger.content(name))):
        with pytest.raises(MasterKeyError, match="another master key"):
            attempt()


def test_an_empty_vault_opens_under_any_key(vault: Vault) -> None:
    replace(vault, keyring=Keyring(bytes(32))).probe_keys()


# Shredding ----------------------------------------------------------------------------------------


def shred(vault: Vault, name: str) -> None:
    with vault.database.session() as session:
        vault.shred(session, name)


def test_what_is_shredded_is_gone_and_its_key_is_on_the_disk_no_more(vault: Vault, tmp_path: Path) -> None:
    name, other = hold(vault, DATA), hold(vault, b"other")
    key = row(vault, name).sealed_key or b""
    assert any(key in file.read_bytes() for file in files_below(tmp_path))
    shred(vault, name)
    assert vault.finish_shredding() == 1
    assert not path(vault, name).exists()
    assert not any(key in file.read_bytes() for file in files_below(tmp_path))
    with pytest.raises(VaultDamaged, match="shredded"):
        read(vault.content(name))
    assert (row(vault, name).kept, read(vault.content(other))) == (Kept.SHREDDED, b"other")


def test_shredding_that_was_killed_half_way_has_shredded_and_goes_on(vault: Vault) -> None:
    name = hold(vault, DATA)
    shred(vault, name)
    assert path(vault, name).exists()
    with pytest.raises(VaultDamaged, match="shredded"):
        read(vault.content(name))
    assert (vault.finish_shredding(), vault.finish_shredding()) == (1, 0)
    assert not path(vault, name).exists()


# What a release without seals kept ----------------------------------------------------------------


def as_before(vault: Vault, data: bytes) -> str:
    """An object as earlier releases left it."""
    name = hold(vault, data)
    path(vault, name).write_bytes(data)
    with vault.database.session() as session:
        session.execute(
            update(VaultObject)
            .where(VaultObject.name == name)
            .values(kept=Kept.PLAIN, sealed_key=None, master=None)
        )
    return name


def test_what_lay_there_otherwise_than_it_came_is_no_copy_of_the_file(
    vault: Vault, caplog: pytest.LogCaptureFixture
) -> None:
    sound, cut = digest_of(DATA).sha256, digest_of(DATA + b"and more").sha256
    for sha256 in (sound, cut):
        name = as_before(vault, DATA)
        with vault.database.session() as session:
            session.execute(update(VaultObject).where(VaultObject.name == name).values(sha256=sha256))
    vault.seal_all_plain()
    with vault.database.session() as session:
        ((one,), (other,)) = (vault.copies(session, sha256) for sha256 in (sound, cut))
    assert vault.reads(one, sound)
    assert not vault.reads(other, cut)
    assert "ALARM" in caplog.text
    assert "not those of the file" in row(vault, name).fault


def test_what_lay_there_plain_is_sealed(vault: Vault) -> None:
    names = [as_before(vault, DATA), as_before(vault, b"UGV\x01 as the uploader chose it")]
    assert (vault.seal_all_plain(), vault.seal_all_plain()) == (2, 0)
    assert [read(vault.content(name)) for name in names] == [DATA, b"UGV\x01 as the uploader chose it"]
    assert not [name for name in names if path(vault, name).read_bytes() in (DATA, b"UGV\x01 as the")]
    assert row(vault, names[0]).kept == Kept.SEALED


def test_sealing_that_was_killed_before_its_last_word_is_not_done_twice(vault: Vault) -> None:
    name = as_before(vault, DATA)
    vault.seal_plain(name)
    sealed = path(vault, name).read_bytes()
    with vault.database.session() as session:
        session.execute(update(VaultObject).where(VaultObject.name == name).values(kept=Kept.PLAIN))
    assert vault.seal_all_plain() == 1
    assert path(vault, name).read_bytes() == sealed
    assert read(vault.content(name)) == DATA


def test_a_reader_that_comes_first_has_it_sealed(vault: Vault) -> None:
    assert read(vault.content(as_before(vault, DATA))) == DATA


def test_what_was_held_before_another_place_was_chosen_is_read_and_shredded_where_it_is(
    vault: Vault, tmp_path: Path
) -> None:
    name = hold(vault, DATA)
    elsewhere = replace(vault, place=FolderPlace(tmp_path / "elsewhere"))
    assert read(elsewhere.content(name)) == DATA
    shred(elsewhere, name)
    elsewhere.finish_shredding()
    assert not path(vault, name).exists()


def test_plain_bytes_leave_the_folder_for_an_object_store(vault: Vault, tmp_path: Path) -> None:
    name = as_before(vault, DATA)
    plain = path(vault, name)
    elsewhere = replace(vault, place=FolderPlace(tmp_path / "elsewhere"))
    elsewhere.seal_all_plain()
    assert read(elsewhere.content(name)) == DATA
    assert not plain.exists()
