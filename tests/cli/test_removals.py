"""upload-guard removals: as a person at a terminal does it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.test_custody import refused, said
from tests.quarantine.test_keeper import FINDINGS, VERDICT
from tests.support import settings_in, upload_of
from upload_guard.compose import build_station


@pytest.fixture
def case(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("UPLOAD_GUARD_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    Path("a.jpg").write_bytes(b"data")
    return build_station(settings_in(tmp_path)).keeper.keep(upload_of(b"data"), VERDICT, FINDINGS)


def test_a_file_is_noted_removed_and_put_back(case: str) -> None:
    assert "No file" in said("removals", "list")
    assert said("removals", "add", case, "a.jpg") == "Noted as place 1.\n"
    assert "removals restore 1" in said("removals", "remove", "1")
    assert not Path("a.jpg").exists()
    assert "removed" in said("removals", "list", "--case", case)
    assert said("removals", "restore", "1") == "Put back.\n"
    assert Path("a.jpg").read_bytes() == b"data"


def test_what_cannot_be_done_is_said_in_one_line(case: str) -> None:
    assert "no such file" in refused("removals", "add", case, "elsewhere.jpg")
    assert "no case" in refused("removals", "add", "2222-2222-2222", "a.jpg")
    assert "no place 7" in refused("removals", "remove", "7")
    Path("a.jpg").write_bytes(b"an innocent one")
    said("removals", "add", case, "a.jpg")
    assert "left alone" in refused("removals", "remove", "1")
    assert Path("a.jpg").read_bytes() == b"an innocent one"


def test_a_file_whose_folder_went_as_a_whole_is_said_to_be_gone_by_a_person(case: str) -> None:
    folder = Path("album")
    folder.mkdir()
    Path("a.jpg").rename(folder / "a.jpg")
    said("removals", "add", case, "album/a.jpg")
    (folder / "a.jpg").unlink()
    folder.rmdir()
    assert "not mounted" in refused("removals", "remove", "1")
    assert said("removals", "gone", "1") == "Noted as gone.\n"
    assert "gone when it was to be removed" in " ".join(said("removals", "list", "--case", case).split())
