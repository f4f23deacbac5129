"""What came with WordPress, a theme or a plugin is offered to the site's own bank, and nothing else is."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.live.wordpress.conftest import Sidecar
from tests.live.wordpress.sites import WordPress
from tests.support import LISTED_SEED, picture_bytes

pytestmark = pytest.mark.live

SPINNER = "wp-includes/images/spinner.gif"


def exported(site: WordPress, *options: str | Path) -> dict[str, str]:
    lines = site.wp("upload-guard", "benign-export", *options).stdout.splitlines()
    return {row["name"]: row["sha256"] for row in map(json.loads, lines)}


@pytest.fixture
def checksums(site: WordPress, tmp_path: Path) -> Path:
    """As api.wordpress.org answers: MD5 by path, here of three files; the third was changed afterwards."""
    files = {name: (site.folder / name).read_bytes() for name in (SPINNER, "wp-includes/version.php")}
    values = {name: hashlib.md5(data).hexdigest() for name, data in files.items()}
    values["wp-includes/images/wpspin.gif"] = "0" * 32
    values["wp-content/themes/twentytwentyfive/screenshot.png"] = "0" * 32
    file = tmp_path / "checksums.json"
    file.write_text(json.dumps({"checksums": values}))
    return file


def test_only_images_of_core_that_are_as_published_are_offered(site: WordPress, checksums: Path) -> None:
    spinner = hashlib.sha256((site.folder / SPINNER).read_bytes()).hexdigest()
    assert exported(site, f"--checksums={checksums}") == {SPINNER: spinner}


def test_themes_and_plugins_are_offered_where_they_are_named(site: WordPress, checksums: Path) -> None:
    plugin = site.folder / "wp-content" / "plugins" / "akismet"
    names = {
        f"akismet/{file.relative_to(plugin)}"
        for file in plugin.rglob("*")
        if file.suffix in {".png", ".jpg", ".gif", ".svg"}
    }
    assert names
    assert set(exported(site, f"--checksums={checksums}", "--plugin=akismet")) == names | {SPINNER}


@pytest.mark.parametrize("name", ["../uploads", "nothing", ".", ""])
def test_no_other_folder_can_be_named(name: str, site: WordPress, checksums: Path) -> None:
    done = site.wp("upload-guard", "benign-export", f"--checksums={checksums}", f"--plugin={name}", code=None)
    assert (done.returncode, done.stdout) == (1, "")


def test_without_checksums_nothing_is_vouched_for(site: WordPress, tmp_path: Path) -> None:
    (tmp_path / "none.json").write_text("[]")
    done = site.wp("upload-guard", "benign-export", f"--checksums={tmp_path / 'none.json'}", code=None)
    assert done.returncode == 1
    assert "no checksums" in done.stderr


def test_an_update_of_a_theme_is_never_hindered(site: WordPress, guard: Sidecar, tmp_path: Path) -> None:
    """Even where a listed picture came with it: whoever supplies themes is no uploader."""
    theme = tmp_path / "tiny"
    theme.mkdir()
    (theme / "style.css").write_text("/* Theme Name: Tiny */")
    (theme / "index.php").write_text("<?php\n")
    (theme / "screenshot.jpg").write_bytes(picture_bytes(LISTED_SEED))
    archive = shutil.make_archive(str(tmp_path / "tiny"), "zip", tmp_path, "tiny")
    asked = guard.asked()
    site.wp("theme", "install", archive, "--force")
    installed = site.folder / "wp-content" / "themes" / "tiny" / "screenshot.jpg"
    assert installed.read_bytes() == picture_bytes(LISTED_SEED)
    assert guard.asked() == asked


def bank_takes(guard: Sidecar, folder: Path) -> subprocess.CompletedProcess[str]:
    """What the sidecar's administrator does with what was exported."""
    command = [
        sys.executable,
        "-m",
        "upload_guard",
        "--config",
        guard.config,
        "benign",
        "add",
        "--site",
        "blog",
        folder,
    ]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


def test_what_is_exported_is_taken_into_the_sites_bank(
    site: WordPress, guard: Sidecar, checksums: Path, tmp_path: Path
) -> None:
    into = tmp_path / "good"
    site.wp("upload-guard", "benign-export", f"--checksums={checksums}", f"--into={into}")
    assert (into / SPINNER).read_bytes() == (site.folder / SPINNER).read_bytes()
    done = bank_takes(guard, into)
    assert done.returncode == 0, done.stdout + done.stderr


def test_nobody_launders_a_picture_through_a_theme(
    site: WordPress, guard: Sidecar, checksums: Path, tmp_path: Path
) -> None:
    theme = site.folder / "wp-content" / "themes" / "laundry"
    theme.mkdir()
    (theme / "washed.jpg").write_bytes(picture_bytes(LISTED_SEED))
    into = tmp_path / "good"
    site.wp("upload-guard", "benign-export", f"--checksums={checksums}", "--theme=laundry", f"--into={into}")
    cases = guard.cases()
    done = bank_takes(guard, into)
    assert done.returncode == 1
    (case,) = guard.cases() - cases
    assert case in done.stdout
