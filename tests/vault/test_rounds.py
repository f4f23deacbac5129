"""The rounds of the vault (table E, row 12): what is gone or altered is told, again and again."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from tests.support import hold, vault_in
from upload_guard.errors import StorageFailed
from upload_guard.storage.vault_tables import VaultObject
from upload_guard.vault.rounds import Rounds, damaged
from upload_guard.vault.vault import Vault


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return vault_in(tmp_path)


def faults(vault: Vault) -> dict[str, str]:
    with vault.database.session() as session:
        return {row.name: row.fault for row in session.scalars(select(VaultObject)) if row.fault}


def a_round(vault: Vault) -> int:
    return Rounds(vault, again_after=timedelta()).run()


def flip(file: Path) -> None:
    data = file.read_bytes()
    file.write_bytes(data[:20] + bytes([data[20] ^ 1]) + data[21:])


def test_a_sound_vault_gives_no_alarm(vault: Vault, caplog: pytest.LogCaptureFixture) -> None:
    hold(vault, b"data")
    assert a_round(vault) == 0
    assert not caplog.text


@pytest.mark.parametrize("damage", [Path.unlink, flip], ids=["deleted", "a byte flipped"])
def test_e12_what_is_gone_or_altered_raises_an_alarm_each_time_and_its_row_is_kept(
    vault: Vault, caplog: pytest.LogCaptureFixture, damage: object
) -> None:
    sound, name = hold(vault, b"data"), hold(vault, b"other data")
    file = Path(vault.place.where(name))
    before = file.read_bytes()
    damage(file)  # type: ignore[operator]
    for _ in range(2):
        caplog.clear()
        assert a_round(vault) == damaged(vault) == 1
        assert "ALARM" in caplog.text
        assert name in caplog.text
        assert sound not in caplog.text
    assert set(faults(vault)) == {name}
    file.write_bytes(before)
    assert a_round(vault) == 0
    assert faults(vault) == {}


def test_each_round_looks_at_what_was_not_looked_at_for_longest(vault: Vault) -> None:
    names = [hold(vault, bytes([at])) for at in range(6)]
    for name in names:
        Path(vault.place.where(name)).unlink()
    assert [Rounds(vault, objects=2).run() for _ in range(3)] == [2, 4, 6]


def test_a_round_ends_once_it_has_read_enough(vault: Vault) -> None:
    names = [hold(vault, b"x" * 1000) for _ in range(4)]
    for _ in names:
        Rounds(vault, bytes=500).run()
    with vault.database.session() as session:
        assert all(session.scalars(select(VaultObject.checked_at)))


def test_what_is_being_stored_is_left_alone(vault: Vault) -> None:
    with vault.database.session() as session:
        vault.reserve(session, bytes(32))
    assert a_round(vault) == 0


def test_what_was_looked_at_today_is_not_read_again(vault: Vault) -> None:
    name = hold(vault, b"data")
    assert Rounds(vault).run() == 0
    Path(vault.place.where(name)).unlink()
    assert Rounds(vault).run() == 0
    assert a_round(vault) == 1


def test_a_disk_that_is_not_mounted_makes_no_object_gone(
    vault: Vault, caplog: pytest.LogCaptureFixture
) -> None:
    hold(vault, b"one")
    disk = vault.folder.with_name("disk")
    vault.folder.rename(disk)
    vault.folder.mkdir()
    (vault.folder / "keeping.lock").touch()
    with pytest.raises(StorageFailed, match="not mounted"):
        a_round(vault)
    assert "ALARM" not in caplog.text
    vault.folder.rename(vault.folder.with_name("hidden"))
    disk.rename(vault.folder)
    assert a_round(vault) == 0
