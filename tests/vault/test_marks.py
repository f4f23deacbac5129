"""The place of a vault is told from an empty one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import delete, select, update

from tests.quarantine.test_keeper import case_of, cases, crash_while_storing, keep
from tests.support import hold, read, settings_in, vault_in
from upload_guard.compose import build_station, open_cases
from upload_guard.errors import StorageFailed
from upload_guard.storage.vault_tables import AuditRow, VaultMark, VaultObject
from upload_guard.vault.places import MARK, FolderPlace
from upload_guard.vault.rounds import Rounds
from upload_guard.vault.states import Kept
from upload_guard.vault.vault import Vault


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return vault_in(tmp_path)


def unmount(vault: Vault) -> Path:
    """As a disk leaves its folder behind: there, and empty; where the disk is now."""
    disk = vault.folder.with_name("disk")
    vault.folder.rename(disk)
    vault.folder.mkdir()
    return disk


def mount(vault: Vault, disk: Path) -> None:
    vault.folder.rename(vault.folder.with_name("hidden"))
    disk.rename(vault.folder)


def of_an_older_release(vault: Vault) -> None:
    (vault.folder / MARK).unlink()
    with vault.database.session() as session:
        session.execute(delete(VaultMark))


def objects(vault: Vault) -> list[Path]:
    return list(vault.folder.glob("*/*"))


def test_nothing_is_held_in_the_place_of_a_disk_that_is_not_mounted(vault: Vault) -> None:
    first = hold(vault, b"one")
    disk = unmount(vault)
    for act in (lambda: hold(vault, b"two"), vault.probe):
        with pytest.raises(StorageFailed, match="not mounted"):
            act()
    assert objects(vault) == []
    mount(vault, disk)
    vault.probe()
    assert read(vault.content(hold(vault, b"two"))) == b"two"
    assert read(vault.content(first)) == b"one"


def test_nor_once_nothing_is_held_any_more(vault: Vault) -> None:
    name = hold(vault, b"one")
    with vault.database.session() as session:
        vault.shred(session, name)
    vault.finish_shredding()
    unmount(vault)
    with pytest.raises(StorageFailed, match="not mounted"):
        hold(vault, b"two")


def test_nor_in_that_of_an_older_release_that_bore_no_mark(vault: Vault) -> None:
    hold(vault, b"one")
    of_an_older_release(vault)
    disk = unmount(vault)
    with pytest.raises(StorageFailed, match="not mounted"):
        hold(vault, b"two")
    mount(vault, disk)
    assert read(vault.content(hold(vault, b"two"))) == b"two"
    assert vault.place.mark()


def test_a_round_marks_the_place_of_an_older_release(vault: Vault) -> None:
    hold(vault, b"one")
    of_an_older_release(vault)
    assert Rounds(vault).run() == 0
    assert vault.place.mark()


def test_what_was_hidden_before_by_a_disk_makes_no_object_gone(
    vault: Vault, caplog: pytest.LogCaptureFixture
) -> None:
    name = hold(vault, b"one")
    unmount(vault)
    (vault.folder / "ab").mkdir()
    with pytest.raises(StorageFailed, match="not mounted"):
        read(vault.content(name))
    assert "ALARM" not in caplog.text


def test_a_mark_that_was_lost_is_left_anew_where_held_bytes_are(vault: Vault) -> None:
    hold(vault, b"one")
    before = vault.place.mark()
    (vault.folder / MARK).unlink()
    hold(vault, b"two")
    assert vault.place.mark() == before


def test_a_database_from_a_backup_takes_up_the_mark_that_is_there(vault: Vault) -> None:
    hold(vault, b"one")
    before = vault.place.mark()
    with vault.database.session() as session:
        session.execute(delete(VaultMark))
        session.execute(delete(VaultObject))
    hold(vault, b"two")
    assert vault.place.mark() == before


def test_another_vault_in_its_place_is_refused(vault: Vault, tmp_path: Path) -> None:
    hold(vault, b"one")
    unmount(vault)
    other = vault_in(tmp_path / "other")
    hold(other, b"another's")
    other.folder.rename(vault.folder)
    with pytest.raises(StorageFailed, match="not mounted"):
        hold(vault, b"two")


def test_a_place_that_was_chosen_anew_is_marked_while_the_folder_holds_the_rest(vault: Vault) -> None:
    first = hold(vault, b"one")
    moved = replace(vault, place=FolderPlace(vault.folder.with_name("new")))
    second = hold(moved, b"two")
    assert [read(moved.content(name)) for name in (first, second)] == [b"one", b"two"]
    assert moved.place.mark() != vault.place.mark()


def test_bytes_of_a_disk_that_is_not_mounted_are_not_called_shredded(vault: Vault) -> None:
    name = hold(vault, b"one")
    disk = unmount(vault)
    with vault.database.session() as session:
        vault.shred(session, name)
    with pytest.raises(StorageFailed, match="not mounted"):
        vault.finish_shredding()
    mount(vault, disk)
    assert vault.finish_shredding() == 1
    assert objects(vault) == []


def test_what_a_crash_left_is_not_settled_in_another_place(tmp_path: Path) -> None:
    keeper = build_station(settings_in(tmp_path)).keeper
    case = crash_while_storing(keeper, keep(keeper))
    with keeper.database.session() as session:
        session.execute(update(VaultObject).values(kept=Kept.COMING))
    disk = unmount(keeper.vault)
    keeper.recover()
    assert [one.state for one in cases(keeper.database).values()] == ["storing"]
    mount(keeper.vault, disk)
    keeper.recover()
    assert case_of(keeper, case.number).state == "open"


def test_a_vault_that_is_lost_is_given_up_by_a_person(tmp_path: Path) -> None:
    vault = open_cases(settings_in(tmp_path)).vault
    hold(vault, b"one")
    unmount(vault)
    vault.marks.accept("eve", "the disk is broken")
    assert vault.holds(hold(vault, b"two"))
    assert Rounds(vault).run() == 1
    with vault.database.session() as session:
        assert session.scalars(select(AuditRow.act)).all() == ["vault.accepted"]
        assert session.scalars(select(VaultObject.kept)).all() == [Kept.SEALED] * 2
