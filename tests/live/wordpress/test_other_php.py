"""WordPress 7.1.1 with the plugin on the oldest and newest PHP, compiled to WebAssembly."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.debian import give_up
from tests.live.wordpress.conftest import Sidecar
from tests.live.wordpress.php import php
from tests.live.wordpress.releases import other_php, wp_cli
from tests.live.wordpress.sites import WordPress, guarded, wordpress
from tests.support import LISTED_SEED, OTHER_SEED, picture_bytes

pytestmark = pytest.mark.live

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def other(guard: Sidecar, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WordPress]:
    """A site that the tests' own PHP has installed."""
    if shutil.which("node") is None:
        give_up("there is no Node.js to run other versions of PHP")
    with wordpress(tmp_path_factory.mktemp("other"), php(), guarded(guard.url, guard.key)) as running:
        yield running


def wp(site: WordPress, version: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    folders = f"{site.folder.parent}:{wp_cli().parent}:{HERE}"
    command = ["node", HERE / "other_php_run.mjs", other_php(), version, folders, wp_cli()]
    return subprocess.run(
        [*command, f"--path={site.folder}", "--allow-root", "--user=admin", *arguments],
        env=os.environ | {"WP_CLI_DISABLE_AUTO_CHECK_UPDATE": "1"},
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )


@pytest.mark.parametrize("version", ["7.4", "8.5"])
def test_every_path_without_a_web_server_is_guarded(version: str, other: WordPress, guard: Sidecar) -> None:
    listed, clean = other.folder.parent / "listed.jpg", other.folder.parent / "clean.jpg"
    listed.write_bytes(picture_bytes(LISTED_SEED))
    clean.write_bytes(picture_bytes(OTHER_SEED))
    done = wp(other, version, "eval-file", HERE / "every-path.php", listed, clean)
    said = json.loads(done.stdout.partition("\n>>>")[2].partition("<<<")[0] or f'"{done.returncode}"')
    assert isinstance(said, dict), done.stdout + done.stderr
    assert said["php"].startswith(version)
    assert set(said["clean"].values()) == {""}
    assert said["listed"].pop("inserted") == "private"
    for told in said["listed"].values():
        sentence, _, case = told.partition(" Case number: ")
        assert (sentence, case in guard.cases()) == ("This upload cannot be accepted.", True)
    # wp-cli itself is older than PHP 8.5, and says so in between.
    (identifier,) = re.findall("^[0-9a-f]{12}(?=  )", wp(other, version, "upload-guard", "held").stdout, re.M)
    assert "Everything is where it was" in wp(other, version, "upload-guard", "restore", identifier).stdout
    there = other.uploads / "there-listed.jpg"
    assert there.read_bytes() == picture_bytes(LISTED_SEED)
    log = other.debug_log.read_text() if other.debug_log.exists() else ""
    assert [line for line in log.splitlines() if "upload-guard" in line] == []
    there.unlink()
