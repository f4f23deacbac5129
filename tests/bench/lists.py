"""Reading, importing, activating, exporting and fetching lists: `python -m tests.bench.lists [MILLIONS]`.

Each step runs in a process of its own that may hold no more than `ALLOWED_MIB`, mapped files apart. Ratios
of CPU are to the least that anybody pays who reads such a file in Python: lines to bytes.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from tests.support import settings_in
from upload_guard.compose import build_sync, open_lists
from upload_guard.lists.exporting import export_to_file
from upload_guard.lists.formats import read_hashes
from upload_guard.lists.importing import ImportOrder
from upload_guard.matching.build import no_progress

ALLOWED_MIB = 512
_CHUNK = 1 << 16
ICSE = (
    "MD5;SHA1;PhotoDNA;Image ID;Is distributed;Victim identified;Offender identified;Series name;"
    "Number of submissions;File Available;Media Type;Baseline\n"
)


def write_plain(file: Path, count: int) -> None:
    rng = np.random.default_rng(4)
    with file.open("w") as plain:
        for start in range(0, count, _CHUNK):
            digits = rng.bytes(32 * min(_CHUNK, count - start)).hex()
            plain.writelines(f"pdq {digits[at : at + 64]}\n" for at in range(0, len(digits), 64))


def write_others(folder: Path, count: int) -> None:
    """One file a form, of so many random hashes: PDQ, or else MD5 and SHA-1 by turns."""
    rng = np.random.default_rng(5)
    with (folder / "csv").open("w") as table:
        table.write("pdq,category,note\n")
        table.writelines(f"{rng.bytes(32).hex()},baseline,some words\n" for _ in range(count))
    with (folder / "icse").open("w") as icse, (folder / "vics").open("w") as vics:
        icse.write(ICSE)
        vics.write('{"odata.metadata": "http://example/1.3.xml#Media", "value": [')
        for number in range(count // 2):
            md5, sha1 = rng.bytes(16).hex(), rng.bytes(20).hex()
            icse.write(f"{md5};{sha1};;{number};True;False;False;a series;3;True;Image;True\n")
            medium = {"MediaID": number, "Category": 1, "MD5": md5, "SHA1": sha1, "MediaSize": 12345}
            vics.write(("," if number else "") + json.dumps(medium))
        vics.write("]}")


def reference(folder: Path) -> int:
    with (folder / "plain").open() as lines:
        return sum(len(bytes.fromhex(line.split()[1])) == 32 for line in lines)


def read(form: str) -> Callable[[Path], int]:
    return lambda folder: sum(1 for _ in read_hashes(folder / form))


def import_(form: str) -> Callable[[Path], int]:
    def run(folder: Path) -> int:
        order = ImportOrder("bench", form, "baseline", "bench", "bench")
        lists = open_lists(settings_in(folder))
        return lists.import_version(order, read_hashes(folder / form)).entries

    return run


def activate(folder: Path) -> int:
    return open_lists(settings_in(folder)).activate("bench", None, "bench").entries


def rollback(folder: Path) -> int:
    return open_lists(settings_in(folder)).rollback("bench", 1, "bench").entries


def export(form: str) -> Callable[[Path], int]:
    def run(folder: Path) -> int:
        entries = open_lists(settings_in(folder)).entries("bench", None)
        return export_to_file(folder / form, form, entries, no_progress)

    return run


def fetch(folder: Path) -> int:
    """The same file by way of an exchange: staged on disk, and then imported."""
    exchange = {"url": (folder / "plain").absolute().as_uri(), "origin": "bench", "category": "baseline"}
    settings = settings_in(folder, lists={"fetched": {"exchange": exchange}})
    return build_sync(settings, "fetched", "bench").run().version.entries


STEPS: dict[str, Callable[[Path], int]] = {
    "the least: lines to bytes": reference,
    **{f"read {form}": read(form) for form in ("plain", "csv", "icse", "vics")},
    "import plain": import_("plain"),
    "activate": activate,
    "import plain again, as the next version": import_("plain"),
    "activate the next version": activate,
    "roll back": rollback,
    "export jsonl": export("jsonl"),
    "export csv": export("csv"),
    "import jsonl": import_("jsonl"),
    "fetch plain": fetch,
    "fetch plain again, nothing new": fetch,
}


class Peak(threading.Thread):
    """The most memory of this process that is no file's, looked at every 20 ms; in MiB."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.mebibytes = 0
        self.ended = threading.Event()

    def run(self) -> None:
        while not self.ended.wait(0.02):
            lines = Path("/proc/self/status").read_text().splitlines()
            now = next(int(line.split()[1]) >> 10 for line in lines if line.startswith("RssAnon"))
            self.mebibytes = max(self.mebibytes, now)


def take_step(name: str, folder: Path) -> None:
    resource.setrlimit(resource.RLIMIT_DATA, (ALLOWED_MIB << 20,) * 2)
    peak = Peak()
    peak.start()
    begun, cpu = time.perf_counter(), time.process_time()
    count = STEPS[name](folder)
    seconds, cpu = time.perf_counter() - begun, time.process_time() - cpu
    peak.ended.set()
    print(count, seconds, cpu, peak.mebibytes)


def main() -> None:
    if len(sys.argv) == 4:
        take_step(sys.argv[2], Path(sys.argv[3]))
        return
    count = int(float(sys.argv[1]) * 1e6) if len(sys.argv) > 1 else 1_000_000
    with TemporaryDirectory(dir=Path.cwd()) as folder:
        write_plain(Path(folder) / "plain", count)
        write_others(Path(folder), min(count, 1_000_000))
        least = 0.0
        for name in STEPS:
            command = [sys.executable, "-m", "tests.bench.lists", "step", name, folder]
            said = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout.split()
            entries, seconds, cpu, mebibytes = int(said[0]), float(said[1]), float(said[2]), int(said[3])
            least = least or cpu / entries
            print(
                f"{name}: {entries:,} entries in {seconds:.1f} s (CPU {cpu:.1f} s, "
                f"{cpu / entries / least:.1f} times the least), {entries / seconds:,.0f} a second, "
                f"peak {mebibytes} MiB",
                flush=True,
            )


if __name__ == "__main__":
    main()
