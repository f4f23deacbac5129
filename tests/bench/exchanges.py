"""What fetching a list costs: a page of NCMEC's XML, and a whole first round: `make bench ARGS=exchanges`.

The page is compared with xml.etree.ElementTree, which keeps no bound. The round is a thousand entries a page,
from a stand-in in the same process on loopback, into staging, a version and the gate.
"""

from __future__ import annotations

import argparse
import logging
import resource
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree

from tests.bench.measure import costs, print_head
from tests.upstreams.exchanges.machine import machine
from tests.upstreams.stand_in import Asked, Reply
from tests.upstreams.standins.ncmec import Ncmec, answer, image
from upload_guard.upstreams.exchanges.ncmec_entries import read_answer

PAGE = 1000


class Paged(Ncmec):
    """`count` entries, made as they are asked for."""

    count = 0

    def page_of(self, asked: Asked) -> int:
        return int(parse_qs(urlsplit(asked.path).query).get("start", ["1"])[0]) // PAGE + 1

    def page(self, asked: Asked, number: int) -> Reply:
        first, last = (number - 1) * PAGE, min(number * PAGE, self.count)
        path = urlsplit(asked.path)
        following = f"/v2/entries?{path.query.partition('&start=')[0]}&start={last + 1}"
        return answer(map(image, range(first, last)), following if last < self.count else "")


def read_page(folder: Path) -> None:
    file = folder / "page"
    file.write_bytes(answer(map(image, range(PAGE))).body)
    ours, theirs = costs(lambda: read_answer(file, "it"), lambda: ElementTree.parse(file))  # noqa: S314 - of our own
    print(
        f"a page of {PAGE} entries, {file.stat().st_size >> 10} KiB: {ours.cpu:.1f} ms; "
        f"ElementTree {theirs.cpu:.1f} ms; ratio {ours.cpu / theirs.cpu:.2f}"
    )


def fetch_list(folder: Path, entries: int) -> None:
    supply = Paged()
    supply.count = entries
    with machine(supply, folder) as ours:
        begun = time.perf_counter()
        report = ours.run()
        seconds = time.perf_counter() - begun
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    print(
        f"{report.version.entries:,} entries in {report.pages} pages: {seconds:.1f} s, "
        f"{entries / seconds:,.0f} entries a second, peak {peak} MiB with the stand-in"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=100_000)
    arguments = parser.parse_args()
    logging.disable()
    print_head("exchanges")
    with TemporaryDirectory() as folder:
        read_page(Path(folder))
        fetch_list(Path(folder), arguments.entries)


if __name__ == "__main__":
    main()
