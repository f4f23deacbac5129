"""Fixtures for all tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import settings

from tests.serving import Site, embedded_site, remote_site
from tests.support import activate_listed_picture, settings_in

# How long an example takes says more of the machine's other work than of ours.
settings.register_profile("upload_guard", deadline=None)
settings.load_profile("upload_guard")


@pytest.fixture(scope="session", params=[embedded_site, remote_site], ids=["embedded", "remote"])
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A guarded site with one listed picture, once checking by itself and once by a sidecar."""
    folder = tmp_path_factory.mktemp("site")
    activate_listed_picture(settings_in(folder))
    with request.param(folder) as running:
        yield running


@pytest.fixture(autouse=True)
def no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test may depend on what the developer has configured."""
    monkeypatch.delenv("UPLOAD_GUARD_CONFIG", raising=False)
