"""The host's file under Apache's mod_php: before a plain script, and before a WordPress."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import requests

from tests.live.wordpress import doors
from tests.live.wordpress.apache import mod_php
from tests.live.wordpress.conftest import Sidecar
from tests.live.wordpress.hosting import guarded_pool
from tests.live.wordpress.php import php, quiet
from tests.live.wordpress.sites import wordpress
from tests.support import LISTED_SEED, OTHER_SEED, picture_bytes

pytestmark = pytest.mark.live

LISTED, CLEAN = picture_bytes(LISTED_SEED), picture_bytes(OTHER_SEED)


@pytest.fixture
def shown() -> Iterator[Path]:
    """A folder that another account may look into; pytest's own are closed to all others."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def test_a_plain_script_never_sees_what_is_listed_and_its_own_prepend_file_runs(
    guard: Sidecar, shown: Path
) -> None:
    root = shown / "customer"
    (root / "stored").mkdir(parents=True)
    shutil.copy(Path(__file__).with_name("plain-script.php"), root / "index.php")
    own = root / "own.php"
    own.write_text("<?php define( 'OWN_PREPEND', true );")
    pool = guarded_pool(guard.url, guard.key, CHAIN=str(own))
    asked = guard.asked()
    with (
        mod_php(shown / "apache", root, php(), pool.environment) as url,
        quiet(requests.Session()) as session,
    ):
        files = {"a": ("a.jpg", LISTED, "image/jpeg"), "b": ("b.jpg", CLEAN, "image/jpeg")}
        said = session.post(f"{url}/index.php", files=files, timeout=60).json()
        raw = session.post(
            f"{url}/index.php", data=LISTED, headers={"Content-Type": "image/jpeg"}, timeout=60
        )
    assert (said["own"], said["files"]["a"]["error"], said["files"]["b"]["error"]) == (True, 8, 0)
    assert raw.status_code == 422
    assert [file.read_bytes() for file in (root / "stored").iterdir()] == [CLEAN]
    assert guard.asked() - asked == 3


def test_a_wordpress_is_guarded_with_nothing_of_ours_in_its_folder(guard: Sidecar, shown: Path) -> None:
    with wordpress(shown, php(), plugin=False) as own:
        # As PassEnv hands on what is set and empty.
        pool = guarded_pool(guard.url, guard.key, CHAIN="")
        with mod_php(shown / "apache", own.folder, own.php, pool.environment) as url:
            for option in ("home", "siteurl"):
                own.wp("option", "update", option, url)
            site = replace(own, url=url)
            before, asked = site.state(), guard.asked()
            told = doors.rest_multipart(site, LISTED, shown)
            assert any(case in told for case in guard.cases())
            assert site.state() == before
            assert doors.rest_multipart(site, CLEAN, shown) == ""
            assert CLEAN in {file.read_bytes() for file in site.landed()}
            assert guard.asked() - asked == 2
