"""upload-guard list rehearse, as somebody types it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.test_cli import LISTED, Said, run
from tests.support import OTHER_SEED, digests_of, pdq_of, picture_bytes, recompressed, upload_of
from upload_guard.compose import build_station
from upload_guard.lists.log.signal_log import SignalLog
from upload_guard.loading import load_settings
from upload_guard.records import Source

CONFIG = "[signal_log]\ndays = 30\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An imported list that does not act, settings with a log, and pictures."""
    pictures = tmp_path / "pictures" / "deeper"
    pictures.mkdir(parents=True)
    (pictures / "listed.jpg").write_bytes(LISTED)
    (pictures / "like.jpg").write_bytes(recompressed(LISTED))
    (pictures / "other.jpg").write_bytes(picture_bytes(OTHER_SEED))
    (pictures / "link.jpg").symlink_to(pictures / "listed.jpg")
    (tmp_path / "list.txt").write_text(f"{digests_of(LISTED).md5.hex()}\npdq {pdq_of(LISTED).hex()}\n")
    (tmp_path / "config.toml").write_text(CONFIG)
    run(tmp_path, "list", "import", "icse", "list.txt", "--category", "baseline", "--origin", "interpol")
    return tmp_path


def rehearse(folder: Path, *arguments: str) -> Said:
    return run(folder, "--config", "config.toml", "list", "rehearse", *arguments)


def row(said: Said, first: str) -> list[str]:
    """The cells of the line that begins so."""
    (line,) = (line for line in said.stdout.splitlines() if line.startswith(f"{first} "))
    return line.removeprefix(first).split()


def upload(folder: Path, *uploads: bytes) -> None:
    station = build_station(load_settings(folder / "config.toml"))
    for data in uploads:
        station.guard.check([upload_of(data, Source("shop"))])
    for observer in station.guard.observers:
        if isinstance(observer, SignalLog):
            observer.flush()


def test_over_a_folder_it_tells_now_and_after_probation(folder: Path) -> None:
    said = rehearse(folder, "icse", "pictures")
    assert said.returncode == 0, said.stderr
    assert "icse version 1: 2 entries would act, 0 are put aside" in said.stdout
    assert "Rehearsed on 3 files." in said.stdout
    assert row(said, "blocked") == ["0", "0.00%", "1", "33.33%"]
    assert row(said, "held") == ["2", "66.67%", "1", "33.33%"]
    assert row(said, "default")[:3] == ["3", "0", "2"]


def test_over_the_log_it_names_sites_and_entries(folder: Path) -> None:
    upload(folder, LISTED, recompressed(LISTED), picture_bytes(OTHER_SEED))
    said = rehearse(folder, "icse", "1")
    assert "Rehearsed on 3 uploads of the last 30 days." in said.stdout
    assert row(said, "held")[0] == "2"
    assert "Of those blocked or held, 2 uploads were let pass when they came." in said.stdout
    assert row(said, "shop")[:3] == ["3", "0", "2"]
    assert row(said, "1") == ["md5", "baseline", "1", "1", "0", "-"]
    assert row(said, "2")[:4] == ["pdq", "baseline", "2", "1"]


def test_log_and_folder_together(folder: Path) -> None:
    upload(folder, LISTED)
    said = rehearse(folder, "icse", "--days", "7", "pictures/deeper/listed.jpg", "--site", "blog")
    assert "Rehearsed on 1 uploads of the last 7 days and 1 files." in said.stdout
    assert row(said, "blog")[0] == row(said, "shop")[0] == "1"


def test_a_number_is_a_version(folder: Path) -> None:
    said = rehearse(folder, "icse", "2", "pictures")
    assert said.returncode == 2
    assert "has no version 2" in said.stderr


def test_a_list_without_probation_is_told_once(folder: Path) -> None:
    (folder / "config.toml").write_text("[trust]\nprobation_hours = 0\n")
    said = rehearse(folder, "icse", "pictures")
    assert row(said, "blocked") == ["1", "33.33%"]
    assert "after probation" not in said.stdout


def test_with_nothing_to_rehearse_on_it_says_what_to_do(folder: Path) -> None:
    (folder / "config.toml").write_text("")
    said = rehearse(folder, "icse")
    assert said.returncode == 2
    assert "[signal_log] days" in said.stderr


def test_a_folder_that_is_not_there_is_an_error(folder: Path) -> None:
    said = rehearse(folder, "icse", "misspelt")
    assert said.returncode == 2
    assert "misspelt: there is no such file or folder" in said.stderr


def test_with_another_master_key_it_says_so(folder: Path) -> None:
    upload(folder, LISTED)
    (folder / "config.toml").write_text(f'{CONFIG}[keys]\nmaster = "{"ab" * 32}"\n')
    said = rehearse(folder, "icse")
    assert said.returncode == 2
    assert "sealed under another master key" in said.stderr


def test_nothing_of_it_stays(folder: Path) -> None:
    rehearse(folder, "icse", "pictures")
    assert not (folder / "upload_guard_data" / "rehearsal").exists()
    assert run(folder, "quarantine", "list").stdout.count("\n") <= 1
