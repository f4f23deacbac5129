"""A scan beside a walk that only reads and decodes, and by kept hashes: `make bench ARGS=scan`."""

from __future__ import annotations

import argparse
import io
import multiprocessing
import os
import secrets
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image

from tests.bench.drawn import photo, written
from tests.bench.measure import Meter, print_columns, print_head, print_row
from tests.support import activate_list, settings_in
from upload_guard.compose import open_database_of
from upload_guard.lists.formats import ListedHash
from upload_guard.records import SignalType
from upload_guard.scan.building import Manner, walk_of
from upload_guard.scan.records import Column
from upload_guard.scan.scans import Order, Scans
from upload_guard.scan.summary import Summary, summary_of
from upload_guard.scan.working import Pool
from upload_guard.settings import Settings

SIZES = ((1152, 864), (2304, 1728), (4000, 3000))
PHOTOS, ENTRIES = 12, 100_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=600)
    parser.add_argument("--jobs", type=int, default=2)
    arguments = parser.parse_args()
    with TemporaryDirectory() as folder:
        bench = Bench(Path(folder), arguments.files, arguments.jobs)
        bench.draw()
        print_head(f"scan: {arguments.files} JPEG files of 1, 4 and 12 MP, {arguments.jobs} jobs")
        bench.run()


@dataclass(frozen=True, slots=True)
class Taken:
    """Seconds by the clock and of the processor."""

    wall: float
    cpu: float

    def less(self, start: Taken) -> Taken:
        """The same without what starting takes."""
        return Taken(max(self.wall - start.wall, 1e-3), max(self.cpu - start.cpu, 1e-3))


@dataclass(frozen=True, slots=True)
class Bench:
    folder: Path
    files: int
    jobs: int

    @property
    def tree(self) -> Path:
        return self.folder / "tree"

    @property
    def settings(self) -> Settings:
        return settings_in(self.folder, scan={"jobs": self.jobs})

    def draw(self) -> None:
        """Few photos, each under many digests: a comment is in each file, so that none is known already."""
        self.tree.mkdir()
        drawn = [written(photo(SIZES[at % 3], at), "JPEG", quality=88) for at in range(PHOTOS)]
        for at in range(self.files):
            data, comment = drawn[at % PHOTOS], b"%020d" % at
            segment = b"\xff\xfe" + (len(comment) + 2).to_bytes(2, "big") + comment
            (self.tree / f"{at}.jpg").write_bytes(data[:2] + segment + data[2:])

    def run(self) -> None:
        settings = self.settings
        activate_list(settings, random_hashes(ENTRIES), name="first")
        print_columns("what", "files/s", "CPU ms a file", "share of CPUs", "by the clock", "by CPU")
        empty = self.folder / "empty"
        empty.mkdir()
        start = measured(lambda: self.scan(empty, Counter(), 0))
        bare = measured(lambda: read_and_decode(empty, self.jobs))
        least = measured(lambda: read_and_decode(self.tree, self.jobs)).less(bare)
        self.tell("only read and decoded", least, least)
        self.scanned("scanned, all read", start, least, kept=0)
        self.scanned("again, nothing changed", start, least, kept=self.files)
        activate_list(settings, random_hashes(ENTRIES), name="second")
        self.scanned("again, a new list of 100,000", start, least, kept=self.files)
        print(
            f"\nThe last two columns: times the cost of only reading and decoding. Not counted: starting, "
            f"{start.cpu:.1f} s of CPU for a scan and {bare.cpu:.1f} s for the other."
        )

    def scanned(self, what: str, start: Taken, least: Taken, kept: int) -> None:
        expected = Counter({Column.CLEAN: self.files})
        self.tell(what, measured(lambda: self.scan(self.tree, expected, kept)).less(start), least)

    def scan(self, tree: Path, expected: Counter[Column], kept: int) -> Summary:
        database = open_database_of(self.settings)
        walk = walk_of(str(tree), self.settings)
        scan = Scans(database).begin(Order(walk.root, "bench", False, "bench"))
        Pool(self.settings, Manner("bench"), self.jobs).run(database, scan, walk, lambda *_: None)
        summary = summary_of(database, scan.id)
        assert summary.counts == expected
        assert summary.kept == kept
        return summary

    def tell(self, what: str, meter: Taken, least: Taken) -> None:
        print_row(
            what,
            f"{self.files / meter.wall:.0f}",
            f"{meter.cpu / self.files * 1e3:.1f}",
            f"{meter.cpu / meter.wall / (os.cpu_count() or 1):.0%}",
            f"{meter.wall / least.wall:.2f}",
            f"{meter.cpu / least.cpu:.2f}",
        )


def measured(run: Callable[[], object]) -> Taken:
    with Meter() as meter:
        run()
    return Taken(meter.wall, meter.cpu)


def read_and_decode(tree: Path, jobs: int) -> None:
    """The least that anybody pays who shows the pictures: whole, in full colour."""
    with multiprocessing.get_context("spawn").Pool(jobs, os.nice, (10,)) as pool:
        # So that starting is all in what is taken off, too.
        pool.map(time.sleep, [1.0] * jobs, chunksize=1)
        for _ in pool.imap_unordered(decoded, sorted(tree.iterdir()), 10):
            pass


def decoded(path: Path) -> None:
    Image.open(io.BytesIO(path.read_bytes())).load()


def random_hashes(count: int) -> list[ListedHash]:
    kinds = (SignalType.SHA256, SignalType.MD5, SignalType.PDQ)
    return [ListedHash(kinds[at % 3], secrets.token_bytes(kinds[at % 3].size)) for at in range(count)]


if __name__ == "__main__":
    main()
