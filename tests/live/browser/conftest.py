"""One browser for all tests here; for each module a sidecar of its own over the same furnished folder."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.live.browser.chromium import chromium
from tests.live.browser.furnished import Furnished, furnish
from tests.live.browser.visiting import Visit, visiting
from tests.serving import sidecar


# Not for the whole session: while it is open, an event loop runs in this process.
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture(scope="package")
def furnished_once(tmp_path_factory: pytest.TempPathFactory) -> Furnished:
    return furnish(tmp_path_factory.mktemp("furnished"))


@pytest.fixture(scope="module")
def furnished(furnished_once: Furnished, tmp_path_factory: pytest.TempPathFactory) -> Furnished:
    """The data folder of this module's sidecar."""
    return furnished_once.copied_to(tmp_path_factory.mktemp("copied"))


@pytest.fixture(scope="module")
def url(furnished: Furnished) -> Iterator[str]:
    with sidecar(furnished.config) as address:
        yield address


@pytest.fixture
def visit(browser: Browser, url: str) -> Iterator[Visit]:
    """A window on a desk, in daylight, in English."""
    with visiting(browser, url) as window:
        yield window
