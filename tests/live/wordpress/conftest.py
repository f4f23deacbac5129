"""One guarded WordPress with its sidecar for all tests that do not change how it is set up."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.live.wordpress.php import php
from tests.live.wordpress.releases import studio
from tests.live.wordpress.sites import WordPress, guarded, old_wordpress, wordpress
from tests.serving import key_of, sidecar, write_config
from tests.support import activate_listed_picture
from upload_guard.compose import open_cases
from upload_guard.loading import load_settings
from upload_guard.settings import Settings
from upload_guard.signing import Credentials

ODD_DOORS = Path(__file__).with_name("odd-doors.php")


@dataclass(frozen=True)
class Sidecar:
    """A sidecar with one listed picture, and a key of the site."""

    url: str
    key: Credentials
    config: Path
    settings: Settings

    def asked(self) -> int:
        """How often it was asked about a file: each check begins with its hashes."""
        return self._requests("/bridge/v1/hash")

    def sent(self) -> int:
        """How often a file was sent to it."""
        return self._requests("/bridge/v1/scan")

    def _requests(self, route: str) -> int:
        log = self.config.with_suffix(".sidecar.log").read_text()
        return sum(f"route={route} " in f"{line} " for line in log.splitlines())

    def cases(self) -> set[str]:
        return {case.number for case in open_cases(self.settings).newest(1000)}


@pytest.fixture(scope="package")
def guard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sidecar]:
    folder = tmp_path_factory.mktemp("sidecar")
    config = write_config(folder / "sidecar.toml", {"trust": {"probation_hours": 0}}, data_dir="data")
    settings = load_settings(config)
    activate_listed_picture(settings)
    key = key_of(config, "blog")
    with sidecar(config) as url:
        yield Sidecar(url, key, config, settings)


VERSIONS = ("7.1.1", "6.1.9")


def of_version(version: str) -> Callable[..., AbstractContextManager[WordPress]]:
    """What makes a site of that version."""
    return wordpress if version == "7.1.1" else old_wordpress


@pytest.fixture(scope="package")
def site(guard: Sidecar, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WordPress]:
    """WordPress 7.1.1 over SQLite."""
    folder = tmp_path_factory.mktemp("wordpress")
    with wordpress(folder, php(), guarded(guard.url, guard.key)) as running:
        yield with_odd_doors(running)


@pytest.fixture(scope="package", params=VERSIONS)
def either(
    request: pytest.FixtureRequest, guard: Sidecar, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[WordPress]:
    """The newest and the oldest that are supported, one after the other."""
    if request.param == "7.1.1":
        yield request.getfixturevalue("site")
        return
    with old_wordpress(tmp_path_factory.mktemp("old"), php(), guarded(guard.url, guard.key)) as running:
        yield with_odd_doors(running)


def with_odd_doors(site: WordPress) -> WordPress:
    """The site with the importer, and with a stand-in for plugins that upload in ways of their own."""
    shutil.copytree(studio() / "wordpress-importer", site.folder / "wp-content/plugins/wordpress-importer")
    site.wp("plugin", "activate", "wordpress-importer")
    (site.folder / "wp-content/mu-plugins").mkdir()
    shutil.copy(ODD_DOORS, site.folder / "wp-content/mu-plugins")
    return site
