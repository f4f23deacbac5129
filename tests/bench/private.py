"""What asking without telling costs: `make bench ARGS=private`.

The function's steps beside one SHA-512, a whole check beside a plain one by /v1/check/signals over the same
real sidecar in the same run, and preparing a list beside the SHA-256 of its entries.
"""

from __future__ import annotations

import argparse
import hashlib
import resource
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import requests

from tests.bench.measure import print_columns, print_head, print_row
from tests.serving import Signs, key_of, sidecar, write_config
from tests.support import activate_list, eventually
from upload_guard.lists.formats import ListedHash
from upload_guard.loading import load_settings
from upload_guard.machine_keys.keys import SITE_SCOPES, Scope
from upload_guard.private.building import Disclosed, SetOrder, write_set
from upload_guard.private.known import Known
from upload_guard.private.marks import OBLIVIOUS, Mark, input_of
from upload_guard.private.sets import SetFolder
from upload_guard.records import Signal, SignalType
from upload_guard.signing import Credentials
from upload_guard.upstreams.asking import Asker
from upload_guard.upstreams.services.private import ObliviousService
from upload_guard.upstreams.services.private_door import PrivateDoor
from upload_guard.upstreams.services.private_ranges import RangeService
from upload_guard.upstreams.services.service import Question

TIMES = 300
PAIR = OBLIVIOUS.key_pair(bytes(32), b"bench")


def digest(number: int) -> bytes:
    return hashlib.sha256(str(number).encode()).digest()


def seconds(run: Callable[[], object], times: int) -> float:
    """Of processor time, each; of the least disturbed of five rounds."""
    found = []
    for _ in range(5):
        begun = time.process_time()
        for _ in range(times):
            run()
        found.append((time.process_time() - begun) / times)
    return min(found)


def steps() -> None:
    print("## One digest, in this process (processor time)\n")
    asked = input_of(SignalType.SHA256, digest(1))
    blinded = [OBLIVIOUS.blind(input_of(SignalType.SHA256, digest(number))) for number in range(100)]
    sent = [one.element for one in blinded]
    evaluated = OBLIVIOUS.evaluate_blinded(PAIR, sent)
    proof = OBLIVIOUS.prove(PAIR, sent, evaluated)
    bucket = b"".join(Mark.of(OBLIVIOUS.evaluate(PAIR.secret, one.input)).record(0) for one in blinded)
    mark = Mark.of(OBLIVIOUS.evaluate(PAIR.secret, asked))
    least = seconds(lambda: hashlib.sha512(asked).digest(), 20_000)
    rows: dict[str, tuple[Callable[[], object], int, int]] = {
        "customer: blind": (lambda: OBLIVIOUS.blind(asked), 1000, 1),
        "service: evaluate": (lambda: OBLIVIOUS.evaluate_blinded(PAIR, sent), 10, 100),
        "service: prove, of 100 at once": (lambda: OBLIVIOUS.prove(PAIR, sent, evaluated), 10, 100),
        "service: prove, of one": (lambda: OBLIVIOUS.prove(PAIR, sent[:1], evaluated[:1]), 200, 1),
        "customer: verify, of 100 at once": (
            lambda: OBLIVIOUS.verify(PAIR.public, sent, evaluated, proof),
            10,
            100,
        ),
        "customer: finalize": (lambda: OBLIVIOUS.finalize(blinded[0], evaluated[0]), 1000, 1),
        "customer: look through a bucket of 100": (lambda: mark.label_in(bucket), 1000, 1),
        "service: evaluate an entry of its own": (lambda: OBLIVIOUS.evaluate(PAIR.secret, asked), 1000, 1),
    }
    print_columns("step", "microseconds", "a second, one processor", "times a SHA-512")
    for name, (run, times, each) in rows.items():
        took = seconds(run, times) / each
        print_row(name, f"{took * 1e6:.1f}", f"{1 / took:,.0f}", f"{took / least:.0f}")


def preparing(count: int) -> None:
    print(f"\n## Preparing {count:,} SHA-256, in this process (processor time)\n")
    entries = [Disclosed(SignalType.SHA256, digest(number), "baseline", True) for number in range(count)]
    begun = time.process_time()
    for entry in entries:
        hashlib.sha256(entry.value).digest()
    least = time.process_time() - begun
    print_columns("what", "seconds", "times the SHA-256 of each")
    print_row("SHA-256 of each", f"{least:.2f}", "1")
    with TemporaryDirectory(prefix="upload-guard-bench-") as name:
        sets, known = SetFolder(Path(name)), Known()
        for what, generation, more in (
            ("all evaluated", "one", 0),
            ("one percent new", "two", count // 100),
        ):
            order = SetOrder(generation, {"bench": "ranges"}, True, 0, PAIR)
            chosen, before = entries[more:] + _fresh(more), known
            begun = time.process_time()
            sets.put(order.epoch, lambda part, o=order, e=chosen, k=before: write_set(part, o, e, k))  # type: ignore[misc]
            took = time.process_time() - begun
            print_row(what, f"{took:.2f}", f"{took / least:.0f}")
            known = Known.read(sets.folder / order.epoch, sets.current().manifest.known_sha256)
        print()
        print_columns("file", "buckets", "records in each", "bytes of a bucket", "bytes an entry")
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
        for table in sets.current().manifest.tables:
            whole = table.bucket_bytes << table.bits
            print_row(table.name, 1 << table.bits, table.size, table.bucket_bytes, f"{whole / count:.0f}")
        print(f"\nThis process, which holds the list as well, took {peak} MB at most.")


def _fresh(count: int) -> list[Disclosed]:
    return [Disclosed(SignalType.SHA256, digest(-number - 1), "baseline", True) for number in range(count)]


@contextmanager
def serving(folder: Path, count: int) -> Iterator[tuple[str, Credentials]]:
    """A sidecar with so many listed and prepared."""
    sections = {
        "lists.bench": {"disclose": "ranges"},
        "limits": {"rate": 1e6, "burst": 10_000_000},
        "private": {"evaluations_per_day": 100_000_000},
        "review": {"enabled": False},
    }
    config = write_config(folder / "config.toml", sections, data_dir="data")
    hashes = [ListedHash(SignalType.SHA256, digest(number)) for number in range(count)]
    activate_list(load_settings(config), hashes, name="bench")
    key = key_of(config, "bench", *SITE_SCOPES, Scope.PRIVATE_CHECK)
    with sidecar(config) as url:
        ready = eventually(lambda: requests.get(f"{url}/v1/private", auth=Signs(key), timeout=10).ok, 300)
        assert ready, "the sidecar did not prepare its list"
        yield url, key


def checking(count: int) -> None:
    print(f"\n## One file by one digest, over a real sidecar with {count:,} listed (by the clock)\n")
    with TemporaryDirectory(prefix="upload-guard-bench-") as name, serving(Path(name), count) as (url, key):
        door, session = PrivateDoor(Asker(), url, key), requests.Session()
        oblivious, ranges = ObliviousService(door), RangeService(door)
        number = iter(range(10**9))

        def question() -> Question:
            return Question((Signal(SignalType.SHA256, digest(next(number) * 7919)),))

        def plain() -> object:
            asked = {"sha256": digest(next(number) * 7919).hex(), "size": 1}
            return session.post(f"{url}/v1/check/signals", json=asked, auth=Signs(key), timeout=30).json()

        ways: dict[str, Callable[[], object]] = {
            "plain: /v1/check/signals": plain,
            "by range": lambda: ranges.ask(question(), 30),
            "oblivious": lambda: oblivious.ask(question(), 30),
        }
        taken: dict[str, list[float]] = {way: [] for way in ways}
        for _ in range(TIMES):
            for way, ask in ways.items():
                begun = time.perf_counter()
                ask()
                taken[way].append(time.perf_counter() - begun)
        least = float(np.median(taken["plain: /v1/check/signals"]))
        print_columns("way", "p50 ms", "p99 ms", "times the plain one")
        for way, found in taken.items():
            middle, high = np.percentile(found, [50, 99])
            print_row(way, f"{middle * 1e3:.2f}", f"{high * 1e3:.2f}", f"{middle / least:.1f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=100_000)
    count = parser.parse_args().entries
    print_head("Asking without telling which hash")
    steps()
    preparing(count)
    checking(count)


if __name__ == "__main__":
    main()
