"""Fixtures for all tests."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from hypothesis import settings
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

from tests.serving import Site, embedded_site, remote_site
from tests.support import activate_listed_picture, settings_in, shared_sandbox

# How long an example takes says more of the machine's other work than of ours.
# The same examples each time, so that a run tells of the change and not of the dice; `make fuzz` throws them.
settings.register_profile("upload_guard", deadline=None, derandomize="FUZZ_EXAMPLES" not in os.environ)
settings.load_profile("upload_guard")


# Servers and their decoders take memory and wake now and then: none outlives the module or room that asks it.
@pytest.fixture(scope="module", params=[embedded_site, remote_site], ids=["embedded", "remote"])
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


@pytest.fixture(autouse=True, scope="module")
def one_sandbox() -> Iterator[None]:
    """Real decoders for all, started once."""
    with pytest.MonkeyPatch.context() as patch:
        for module in ("checking", "station"):
            patch.setattr(f"upload_guard.compose.{module}.sandbox_of", shared_sandbox)
        yield


@pytest.fixture(autouse=True, scope="session")
def lists_are_waited_for() -> Iterator[None]:
    """A machine that runs other tests beside may take more than the seconds that an upload has for it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("upload_guard.matching.live._PATIENCE", 60.0)
        yield


# Each shares servers that are dear to start, so that one process runs it whole.
ROOMS_WITH_SERVERS = ("tests/live/wordpress/", "tests/live/browser/", "tests/doors/")


class ByFileOrRoom(LoadFileScheduling):
    """Hands out a file at a time, and a room with servers as one."""

    def _split_scope(self, nodeid: str) -> str:
        room = next((room for room in ROOMS_WITH_SERVERS if nodeid.startswith(room)), None)
        return room or str(super()._split_scope(nodeid))


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByFileOrRoom:
    return ByFileOrRoom(config, log)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest first, so that none runs alone at the end: rooms with servers, then what is `live`."""

    def turn(item: pytest.Item) -> int:
        if item.nodeid.startswith(ROOMS_WITH_SERVERS):
            return 0 if "wordpress" in item.nodeid else 1
        return 2 if item.get_closest_marker("live") else 3

    items.sort(key=turn)


def pytest_xdist_auto_num_workers() -> int:
    """One process more than processors: tests wait for servers and disks by the quarter."""
    return len(os.sched_getaffinity(0)) + 1
