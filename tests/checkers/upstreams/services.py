"""A site's settings that ask a stand-in of EOKM's service, and that stand-in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from tests.support import digests_of, quiet_station, settings_in
from tests.upstreams.stand_in import StandIn, stand_in
from tests.upstreams.standins.eokm import Eokm
from upload_guard.compose import Station, sandbox_of
from upload_guard.sandbox.pool import Sandbox
from upload_guard.settings import Settings


@dataclass(frozen=True, slots=True)
class Service:
    """`system` is what it knows, `running` the server that tells it."""

    system: Eokm
    running: StandIn

    def table(self, **options: object) -> dict[str, object]:
        """Of [upstreams.NAME]."""
        own = {
            "kind": "eokm",
            "url": self.running.url,
            "origin": "eokm",
            "user": self.system.user,
            "password": self.system.password,
        }
        return own | options

    def settings(
        self, folder: Path, sections: dict[str, object] | None = None, **options: object
    ) -> Settings:
        """A site that asks it, and has no list unless a test activates one."""
        return settings_in(folder, upstreams={"eokm": self.table(**options)}, **(sections or {}))

    def knows(self, data: bytes) -> None:
        self.system.known.add(digests_of(data).md5.hex())

    @property
    def bodies(self) -> list[bytes]:
        """What has come to it."""
        return [one.body for one in self.running.asked]


@cache
def shared_sandbox() -> Sandbox:
    """One for all tests, since starting one takes longer than most of them."""
    return sandbox_of(Settings())


def station_of(settings: Settings) -> Station:
    """A quiet station that decodes in the shared sandbox."""
    station = quiet_station(settings)
    checker = replace(station.checker, sandbox=shared_sandbox())
    return replace(station, checker=checker, guard=replace(station.guard, checker=checker))


@contextmanager
def eokm_service() -> Iterator[Service]:
    system = Eokm()
    with stand_in() as running:
        running.otherwise = system
        yield Service(system, running)


@contextmanager
def emptied(service: Service) -> Iterator[Service]:
    """The same, which knows nothing, was asked nothing yet, and answers well again afterwards."""
    service.system.known.clear()
    service.running.asked.clear()
    yield service
    service.running.instead = None
