"""What a check service that answers after 50 ms adds to a check here, beside the service alone.

`make bench ARGS=upstreams`. The service is a stand-in on loopback in a process of its own; the picture is a
photograph of 12 megapixels, drawn, with cold memories each time.
"""

from __future__ import annotations

import math
import multiprocessing
import time
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.bench.measure import costs, print_head
from tests.support import activate_listed_picture, digests_of, quiet_station, settings_in, upload_of
from tests.upstreams.stand_in import Asked, Reply, stand_in
from tests.upstreams.standins.eokm import Eokm
from upload_guard.checkers.local import LocalChecker
from upload_guard.demo.pictures import jpeg, landscape
from upload_guard.records import SignalType

ANSWERS_AFTER = 0.05


@dataclass(frozen=True, slots=True)
class Slow:
    """Answers after a while."""

    system: Eokm

    def __call__(self, asked: Asked) -> Reply:
        time.sleep(ANSWERS_AFTER)
        return self.system(asked)


def serve(pipe: Connection) -> None:
    with stand_in() as server:
        server.otherwise = Slow(Eokm())
        pipe.send(server.url)
        pipe.recv()


def main() -> None:
    print_head("a check with a check service")
    here, there = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(target=serve, args=(there,))
    server.start()
    with TemporaryDirectory() as folder:
        measure(Path(folder), str(here.recv()))
    here.send(None)
    server.join()


def checker_in(folder: Path, **sections: object) -> LocalChecker:
    settings = settings_in(folder, cache={"entries": 0}, **sections)
    activate_listed_picture(settings)
    return quiet_station(settings).checker


def measure(folder: Path, url: str) -> None:
    known = Eokm()
    eokm = {
        "kind": "eokm",
        "url": url,
        "origin": "eokm",
        "user": known.user,
        "password": known.password,
        "cache_entries": 0,
    }
    upload = upload_of(jpeg(landscape(5, (4000, 3000))))
    signals = digests_of(upload.content.open().read()).signals()
    alone = checker_in(folder / "alone")
    looks = {one.value for one in alone.check(upload, math.inf).signals if one.type is SignalType.PDQ}
    print(f"{len(looks)} PDQ hashes\n")
    both = checker_in(folder / "both", upstreams={"eokm": eokm})
    asked = both.upstreams

    def service_only() -> None:
        assert asked.inquire(upload.digest.sha256, math.inf).answers(signals).answered

    cost_alone, cost_both, cost_service = costs(
        lambda: alone.check(upload, math.inf), lambda: both.check(upload, math.inf), service_only
    )
    for name, cost in (
        ("check here alone", cost_alone),
        ("with the service beside it", cost_both),
        ("the service alone", cost_service),
    ):
        print(f"{name:28} {cost.wall:7.1f} ms, {cost.cpu:7.1f} of processor")
    one_after_another = cost_alone.wall + cost_service.wall
    print(f"{'of one after another':28} {cost_both.wall / one_after_another:7.2f}")


if __name__ == "__main__":
    main()
