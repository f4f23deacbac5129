"""upload-guard scan, as somebody types it."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.test_cli import LISTED, Said, run
from tests.support import OTHER_SEED, digests_of, picture_bytes, recompressed
from upload_guard.scan.folders import locator_of


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An active list, and a tree with a listed file, one that was cut, and one of neither."""
    folder = tmp_path_factory.mktemp("scan")
    tree = folder / "tree"
    tree.mkdir()
    (tree / "listed.jpg").write_bytes(LISTED)
    (tree / "cut.jpg").write_bytes(recompressed(picture_bytes(OTHER_SEED))[:3000])
    (tree / "clean.jpg").write_bytes(picture_bytes(OTHER_SEED))
    (folder / "list.txt").write_text(f"sha256 {digests_of(LISTED).sha256.hex()}\n")
    (folder / "config.toml").write_text("[trust]\nprobation_hours = 0\n")
    run(folder, "list", "import", "icse", "list.txt", "--category", "baseline", "--origin", "interpol")
    assert run(folder, "list", "activate", "icse", "1").returncode == 0
    return folder


def scan(folder: Path, *arguments: str) -> Said:
    return run(folder, "--config", "config.toml", "scan", *arguments)


@pytest.fixture(scope="module")
def said(folder: Path) -> Said:
    return scan(folder, "tree", "--json", "out.json", "--csv", "out.csv")


def test_a_summary_is_printed_and_the_exit_code_tells_of_hits(folder: Path, said: Said) -> None:
    assert said.returncode == 1
    words = {" ".join(line.split()) for line in said.stdout.splitlines()}
    assert {"clean 1", "could not read 1", "could not check 0", "listed 1", "all files 3"} <= words
    assert "Report only, nothing was touched." in words
    assert locator_of(folder / "tree" / "listed.jpg") in said.stdout


def test_json_and_csv_tell_each_file_that_is_not_clean(folder: Path, said: Said) -> None:
    told = json.loads((folder / "out.json").read_text())
    assert (told["clean"], told["unread"], told["unchecked"], told["listed"]) == (1, 1, 0, 1)
    with (folder / "out.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [(row["found"], row["locator"], row["lists"]) for row in rows] == [
        ("listed", locator_of(folder / "tree" / "listed.jpg"), "icse"),
        ("unread", locator_of(folder / "tree" / "cut.jpg"), ""),
    ]
    assert [one["locator"] for one in told["files"]] == [row["locator"] for row in rows]
    assert digests_of(LISTED).sha256.hex() not in (folder / "out.json").read_text()


def test_earlier_scans_are_listed_and_shown_again(folder: Path, said: Said) -> None:
    listed = run(folder, "--config", "config.toml", "scans", "list").stdout.splitlines()
    number = listed[-1].split()[0]
    shown = run(folder, "--config", "config.toml", "scans", "show", number)
    assert (shown.returncode, shown.stdout) == (0, said.stdout)


def test_paths_come_by_standard_input(folder: Path) -> None:
    given = b"\0".join([os.fsencode(folder / "tree" / "listed.jpg"), b"tree/clean.jpg", b""])
    command = [sys.executable, "-m", "upload_guard", "--config", "config.toml", "scan", "--stdin", "-0"]
    ran = subprocess.run([*command, "--json", "-"], cwd=folder, input=given, capture_output=True)
    assert ran.returncode == 1, ran.stderr
    told = json.loads(ran.stdout)
    assert (told["root"], told["listed"], told["clean"]) == ("stdin:", 1, 1)


def test_what_was_kept_of_files_can_be_forgotten(folder: Path, said: Said) -> None:
    assert "1 files forgotten" in run(folder, "--config", "config.toml", "scans", "forget").stdout


def test_without_an_active_list_there_is_nothing_to_scan_for(tmp_path: Path) -> None:
    (tmp_path / "tree").mkdir()
    said = run(tmp_path, "scan", "tree")
    assert said.returncode == 2
    assert "no list is active" in said.stderr


@pytest.mark.parametrize(
    "arguments",
    [(), ("tree", "--stdin"), ("no-such-folder",), ("x" * 300,)],
    ids=["none", "both", "missing", "no-name"],
)
def test_a_scan_of_no_place_is_refused(folder: Path, arguments: tuple[str, ...]) -> None:
    assert scan(folder, *arguments).returncode == 2


def test_a_summary_that_cannot_be_written_is_an_error_and_no_hit(folder: Path, said: Said) -> None:
    told = run(folder, "--config", "config.toml", "scans", "show", "1", "--json", "no-such-folder/out.json")
    assert told.returncode == 2
    assert "'upload-guard scans show 1' gives it again" in told.stderr
