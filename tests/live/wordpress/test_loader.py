"""Without a plugin in the site's list: loaded by a must-use loader, or by PHP before everything."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.live.wordpress.conftest import VERSIONS, Sidecar, of_version
from tests.live.wordpress.hosting import PREPEND
from tests.live.wordpress.php import php
from tests.live.wordpress.sites import BRIDGE, WordPress, guarded, wordpress, write_config
from tests.support import LISTED_SEED, picture_bytes

pytestmark = pytest.mark.live

LISTED = picture_bytes(LISTED_SEED)


def is_refused(site: WordPress) -> bool:
    before = site.state()
    answer = site.rest("POST", "/wp/v2/media", files={"file": ("a.jpg", LISTED, "image/jpeg")})
    return answer.status_code == 422 and site.state() == before


def test_a_must_use_loader_guards_a_site_with_the_plugin_beside_it_or_without(
    guard: Sidecar, tmp_path: Path
) -> None:
    constants = guarded(guard.url, guard.key, DIR=str(BRIDGE))
    with wordpress(tmp_path, php(), constants, plugin=False) as site:
        must_use = site.folder / "wp-content" / "mu-plugins"
        must_use.mkdir()
        shutil.copy(BRIDGE / "host" / "upload-guard-mu-loader.php", must_use)
        assert is_refused(site)
        site.add_plugin()
        assert is_refused(site)
        assert "refuses the test picture" in site.wp("upload-guard", "test").stdout
        # The site's own copy goes: what the other one still has to check stays.
        site.eval("return add_option( 'upload_guard_queue_a', array( 'path' => ABSPATH ), '', false );")
        site.wp("plugin", "uninstall", "upload-guard", "--deactivate", "--skip-delete")
        assert site.eval("return (bool) get_option( 'upload_guard_queue_a' );")
        # Its folder was taken away: the site goes on, unguarded, and the doctor says so.
        write_config(site.with_constants(DIR=str(tmp_path / "gone")))
        assert site.rest("GET", "/wp/v2/media").status_code == 200


@pytest.mark.parametrize("version", VERSIONS)
def test_a_site_with_a_key_of_its_own_is_guarded_behind_a_hosts_file_that_has_none(
    version: str, guard: Sidecar, tmp_path: Path
) -> None:
    constants = guarded(guard.url, guard.key)
    before_all = php(auto_prepend_file=str(PREPEND))
    with of_version(version)(tmp_path, before_all, constants, plugin=False) as site:
        assert site.version == version
        assert is_refused(site)


def test_wordpress_can_be_installed_with_the_hosts_file_before_it(tmp_path: Path) -> None:
    with wordpress(tmp_path, php(auto_prepend_file=str(PREPEND)), plugin=False) as site:
        assert site.rest("GET", "/wp/v2/media").status_code == 200
        assert site.wp("upload-guard", "status", code=None).returncode == 0
    log = site.debug_log.read_text() if site.debug_log.exists() else ""
    assert "upload-guard" not in log
