"""Twenty thousand files with fifty listed ones in odd places, by a scan that is killed on the way."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.scan.scanning import hidden_in
from tests.support import activate_list, eventually, listed_hashes, settings_in
from upload_guard.compose import open_database_of
from upload_guard.demo.pictures import jpeg, landscape
from upload_guard.scan.chunks import Chunks
from upload_guard.scan.folders import locator_of
from upload_guard.scan.scans import Scans
from upload_guard.settings import Settings

pytestmark = pytest.mark.live

FILES, LISTED, DRAWN, A_FOLDER = 20_000, 50, 30, 500


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("scan")


@pytest.fixture(scope="module")
def settings(folder: Path) -> Settings:
    (folder / "config.toml").write_text(
        f'data_dir = "{folder / "data"}"\n[trust]\nprobation_hours = 0\n[scan]\njobs = 2\n'
    )
    return settings_in(folder)


@pytest.fixture(scope="module")
def hidden(folder: Path, settings: Settings) -> set[str]:
    """The tree, its pictures under many names each; the locators of those that are listed."""
    tree = folder / "tree"
    paths = [tree / f"site{at % 7}" / f"album{at // A_FOLDER}" / f"{at}.jpg" for at in range(FILES - LISTED)]
    for parent in {path.parent for path in paths}:
        parent.mkdir(parents=True)
    for at, path in enumerate(paths):
        if at < DRAWN:
            path.write_bytes(jpeg(landscape(1000 + at, (96, 72))))
        else:
            os.link(paths[at % DRAWN], path)
    listed = [jpeg(landscape(9000 + at, (240, 180))) for at in range(LISTED)]
    activate_list(settings, [one for picture in listed for one in listed_hashes(picture)])
    return {locator_of(path) for path in hidden_in(tree, listed)}


def command(folder: Path, *arguments: str) -> list[str]:
    start = [sys.executable, "-m", "upload_guard", "--config", str(folder / "config.toml"), "scan"]
    return [*start, str(folder / "tree"), *arguments]


def begun(folder: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(command(folder), start_new_session=True, stdout=subprocess.DEVNULL)


@pytest.fixture(scope="module")
def killed(folder: Path, settings: Settings, hidden: set[str]) -> int:
    """How many files were done when the scan was killed for the third time."""
    chunks = Chunks(open_database_of(settings), 1)
    done = 0
    for at in range(3):
        process = begun(folder)
        assert eventually(lambda before=done: chunks.advance().done > before + 1000)
        # Once with its workers; twice they are left behind, and have to notice.
        if at:
            process.kill()
        else:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        done = chunks.advance().done
    return done


def test_all_that_is_listed_is_found_and_nothing_else_by_a_scan_that_was_killed_three_times(
    folder: Path, settings: Settings, hidden: set[str], killed: int
) -> None:
    assert killed < FILES
    ran = subprocess.run(command(folder, "--json", "-"), capture_output=True, text=True, timeout=300)
    assert ran.returncode == 1, ran.stderr
    told = json.loads(ran.stdout)
    assert {one["locator"] for one in told["files"] if one["found"] == "listed"} == hidden
    assert len(told["files"]) == LISTED
    assert (told["files_met"], told["clean"], told["listed"]) == (FILES, FILES - LISTED, LISTED)
    assert told["unread"] == told["unchecked"] == told["gone"] == told["waiting"] == 0
    assert [scan.id for scan in Scans(open_database_of(settings)).all()] == [1]


def test_a_second_scan_reads_only_what_is_listed(folder: Path, hidden: set[str], killed: int) -> None:
    ran = subprocess.run(command(folder, "--json", "-"), capture_output=True, text=True, timeout=300)
    told = json.loads(ran.stdout)
    assert told["scan"] == 2
    assert told["clean"] == told["clean_by_kept_hashes"] == FILES - LISTED
    assert {one["locator"] for one in told["files"]} == hidden
