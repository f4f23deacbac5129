"""The bad list of 2021 before anybody has noticed: uploads of stock images, each of them held.

The images are those of Debian's WordPress, as in tests/test_incident_2021.py. The shipped bank of known-good
images, which would excuse them, is off: they stand for a plugin or theme that no bank knows.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path

import requests

from tests.debian import pictures_of
from tests.serving import asking, guarded_site, key_of, sidecar, write_config
from tests.support import activate_list, digests_of, listed_hashes, picture_bytes
from tests.test_incident_2021 import PACKAGES
from upload_guard.lists.formats import ListedHash
from upload_guard.loading import load_settings
from upload_guard.settings import Settings

UPLOADS = 300
LIST = "national"
# So many that the gate, which holds a list that grows tenfold, lets the next version pass.
_LISTED_RIGHTLY = range(1, 31)
_SIDECAR = {
    "trust": {"probation_hours": 0},
    "benign": {"shipped": False},
    "limits": {"rate": 1000},
    "review": {"totp": "optional"},
}


@dataclass(frozen=True, slots=True)
class Incident:
    """The sidecar at `url`, the blog that asks it at `blog`, and what is uploaded there."""

    config: Path
    settings: Settings
    url: str
    blog: str
    images: tuple[Path, ...]

    def upload_all(self) -> list[int]:
        """Upload every image in a request of its own, four at a time; the statuses of the answers."""
        with ThreadPoolExecutor(4) as clients:
            return list(clients.map(lambda image: self.upload(image.name, image.read_bytes()), self.images))

    def upload(self, name: str, data: bytes) -> int:
        return requests.post(f"{self.blog}/upload", files={"file": (name, data)}, timeout=60).status_code


@contextmanager
def incident_in(folder: Path) -> Iterator[Incident]:
    """Version 1 of a list is right; version 2, which acts, holds the digests of all stock images, too."""
    config = write_config(folder / "sidecar.toml", _SIDECAR, data_dir="data")
    settings = load_settings(config)
    stock = _stock_images()
    rightly = [one for seed in _LISTED_RIGHTLY for one in listed_hashes(picture_bytes(seed))]
    activate_list(settings, rightly, LIST, origin="police")
    activate_list(settings, [*rightly, *_digests(stock)], LIST, origin="police")
    with sidecar(config) as url:
        asks = asking(url, key_of(config, "blog"))
        site = write_config(folder / "site.toml", {"service": asks}, data_dir="site-data", site="blog")
        with guarded_site(site) as blog:
            yield Incident(config, settings, url, blog, tuple(islice(cycle(stock), UPLOADS)))


def _stock_images() -> list[Path]:
    """One file of each content."""
    files = [file for package in PACKAGES for file in pictures_of(package)]
    return list({file.read_bytes(): file for file in files}.values())


def _digests(files: list[Path]) -> list[ListedHash]:
    signals = [signal for file in files for signal in digests_of(file.read_bytes()).signals()]
    return [ListedHash(signal.type, signal.value) for signal in signals]
