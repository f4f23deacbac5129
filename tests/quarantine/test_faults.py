"""Table E, rows 10, 11 and 13, and table F, row 5: the keeper when disk, database or key fail it."""

from __future__ import annotations

import contextlib
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from tests.quarantine.test_keeper import FINDINGS, VERDICT, cases
from tests.support import (
    activate_listed_picture,
    picture_bytes,
    quiet_station,
    read,
    settings_in,
    upload_of,
)
from upload_guard.compose import build_station, open_cases
from upload_guard.errors import MasterKeyError, StorageFailed
from upload_guard.quarantine.keeper import QuarantineKeeper
from upload_guard.settings import Settings

DATA = b"the very bytes of the upload " * 300


def keep(keeper: QuarantineKeeper, data: bytes = DATA) -> str:
    return keeper.keep(upload_of(data), VERDICT, FINDINGS)


def keep_many(keeper: QuarantineKeeper) -> None:
    for _ in range(50):
        keep(keeper)


# A disk that is full or read-only -----------------------------------------------------------------

Disk = Callable[[Path, str], None]


@pytest.fixture
def disk() -> Iterator[Disk]:
    """Mounts a memory disk with these options on a folder, or changes its options; skips where it may not."""
    mounted: list[Path] = []

    def mount(folder: Path, options: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        run = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], capture_output=True, check=False
        )
        if run.returncode:
            pytest.skip("only root may mount a small disk")
        if folder not in mounted:
            mounted.append(folder)

    yield mount
    for folder in mounted:
        subprocess.run(["umount", str(folder)], check=True)


def fill(folder: Path) -> Path:
    ballast = folder / "ballast"
    with ballast.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while file.write(b"x" * 4096):
            pass
    return ballast


def test_e10_a_full_disk_under_the_vault_closes_and_recovers_by_itself(tmp_path: Path, disk: Disk) -> None:
    settings = settings_in(tmp_path)
    disk(settings.vault_dir, "size=256k")
    keeper = build_station(settings).keeper
    ballast = fill(settings.vault_dir)
    with pytest.raises(StorageFailed, match=r"vault .*: No space left on device"):
        keep(keeper)
    with pytest.raises(StorageFailed, match=r"No space left"):
        keep(keeper, b"x" * 300_000)
    assert cases(keeper.database) == {}
    ballast.unlink()
    number = keep(keeper)
    assert read(open_cases(settings).one(number).content) == DATA
    assert len(list(settings.vault_dir.glob("*/*"))) == 1


def test_e10_a_full_disk_under_the_database_closes_and_recovers_by_itself(tmp_path: Path, disk: Disk) -> None:
    settings = settings_in(tmp_path)
    disk(settings.data_dir, "size=2m")
    keeper = build_station(settings).keeper
    first = keep(keeper)
    ballast = fill(settings.data_dir)
    with pytest.raises(StorageFailed):
        keep_many(keeper)
    ballast.unlink()
    keeper.recover()
    second = keep(keeper)
    for number in (first, second):
        assert read(open_cases(settings).one(number).content) == DATA
    assert {case.state for case in cases(keeper.database).values()} == {"open"}


def test_e10_a_read_only_mount_closes_and_recovers_by_itself(tmp_path: Path, disk: Disk) -> None:
    settings = settings_in(tmp_path)
    disk(settings.vault_dir, "size=1m")
    keeper = build_station(settings).keeper
    keep(keeper)
    subprocess.run(["mount", "-o", "remount,ro", str(settings.vault_dir)], check=True)
    with pytest.raises(StorageFailed, match="Read-only"):
        keep(keeper, b"another file")
    with pytest.raises(StorageFailed, match="Read-only"):
        keeper.vault.probe()
    # What is sealed already is not stored again, so there is nothing to write.
    repeat = keep(keeper)
    assert read(open_cases(settings).one(repeat).content) == DATA
    subprocess.run(["mount", "-o", "remount,rw", str(settings.vault_dir)], check=True)
    keep(keeper, b"another file")
    assert len(cases(keeper.database)) == 3


# A database that is locked ------------------------------------------------------------------------


def test_e11_a_locked_database_is_waited_for_and_then_it_closes(tmp_path: Path) -> None:
    settings = settings_in(tmp_path, database={"lock_wait": 0.3})
    keeper = build_station(settings).keeper
    with create_engine(settings.database_url).connect() as other:
        other.execute(text("BEGIN IMMEDIATE"))
        begun = time.monotonic()
        with pytest.raises(StorageFailed, match="locked"):
            keep(keeper)
        assert time.monotonic() - begun >= 0.3
        other.rollback()
    assert cases(keeper.database) == {}
    number = keep(keeper)
    assert read(open_cases(settings).one(number).content) == DATA


def test_it_is_waited_for_thirty_seconds_where_nothing_else_is_said() -> None:
    assert Settings().database.lock_wait == 30


# The master key -----------------------------------------------------------------------------------


def test_e13_without_the_key_under_which_things_are_held_it_does_not_start(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    number = keep(build_station(settings).keeper)
    key = settings.data_dir / "secret.key"
    away = key.rename(tmp_path / "away")
    with pytest.raises(MasterKeyError, match="give back the master key"):
        build_station(settings)
    away.replace(key)
    build_station(settings)
    assert read(open_cases(settings).one(number).content) == DATA


# Plain bytes --------------------------------------------------------------------------------------


def test_f5_a_search_of_the_disk_for_held_bytes_finds_none(tmp_path: Path) -> None:
    settings = settings_in(tmp_path, benign={"shipped": False})
    listed = activate_listed_picture(settings)
    station = quiet_station(settings)
    (outcome,) = station.guard.check([upload_of(listed)])
    assert read(open_cases(settings).one(outcome.case).content) == listed
    files = [file for file in tmp_path.rglob("*") if file.is_file()]
    assert len(files) > 3
    pieces = [listed[at : at + 32] for at in range(1000, len(listed) - 32, 5000)]
    assert pieces
    assert not [file for file in files if any(piece in file.read_bytes() for piece in pieces)]
    assert picture_bytes(1) == listed
