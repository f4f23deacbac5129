"""What a sidecar costs while nobody asks it anything, and to start: `make bench ARGS=idle`.

One worker over a data folder with an active list, all settings as they are by themselves, beside a bare Flask
route under gunicorn with one worker: both wait at the same time. Processor time, so other work on the machine
disturbs less than it does other figures; it does disturb (caches).
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.bench.load import bare_server
from tests.bench.measure import print_columns, print_head, print_row, used_by, used_by_all
from tests.serving import children, sidecar_process, write_config
from tests.support import activate_listed_picture, settings_in
from upload_guard.demo.servers import running

# What is done once after a start is over by then.
SETTLES = 10.0


@dataclass(frozen=True)
class Idler:
    """A server that answers. `start` is the seconds of processor time from its start to its first answer."""

    name: str
    master: int
    start: float

    def used(self) -> tuple[float, float]:
        """Seconds of its one worker, and of all its processes."""
        (worker,) = children(self.master)
        return used_by(worker), used_by_all(self.master)


@contextmanager
def sidecar_in(folder: Path) -> Iterator[Idler]:
    activate_listed_picture(settings_in(folder))
    config = write_config(folder / "config.toml", {"sidecar": {"workers": 1}}, data_dir="data")
    with sidecar_process(config) as one:
        master = one.process.pid
        yield Idler("sidecar", master, used_by_all(master))


@contextmanager
def bare_in(folder: Path) -> Iterator[Idler]:
    server, _ = bare_server(folder, workers=1)
    with running(server) as process:
        yield Idler("bare route", process.pid, used_by_all(process.pid))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20.0, help="of waiting that are measured")
    seconds = parser.parse_args().seconds
    print_head(f"Idle for {seconds:.0f} s: a sidecar of one worker beside a bare Flask route of one")
    with TemporaryDirectory() as name, sidecar_in(Path(name)) as ours, bare_in(Path(name)) as theirs:
        time.sleep(SETTLES)
        begun = [one.used() for one in (ours, theirs)]
        time.sleep(seconds)
        ended = [one.used() for one in (ours, theirs)]
    print_columns("server", "worker: ms a second", "all its processes", "start: s of processor")
    for one, before, after in zip((ours, theirs), begun, ended, strict=True):
        worker, everything = ((end - start) * 1e3 / seconds for start, end in zip(before, after, strict=True))
        print_row(one.name, f"{worker:.2f}", f"{everything:.2f}", f"{one.start:.2f}")


if __name__ == "__main__":
    main()
