"""Importing with little memory, in its own process: `python -m tests.lists.bounded FOLDER import|hold`."""

from __future__ import annotations

import resource
import sys
from pathlib import Path

import numpy as np

from tests.support import settings_in
from upload_guard.compose import open_lists
from upload_guard.lists.exporting import export_to_file
from upload_guard.lists.formats import read_hashes
from upload_guard.lists.importing import ImportOrder
from upload_guard.lists.store import ListStore
from upload_guard.matching.build import no_progress

COUNT = 300_000
ALLOWED = 48 << 20


def limit_memory() -> None:
    """To what is used now, and no more than `ALLOWED` on top; mapped files do not count."""
    lines = Path("/proc/self/status").read_text().splitlines()
    used = next(int(line.split()[1]) << 10 for line in lines if line.startswith("VmData"))
    resource.setrlimit(resource.RLIMIT_DATA, (used + ALLOWED,) * 2)


def imported(lists: ListStore, file: Path) -> int:
    order = ImportOrder("bounded", file.name, "baseline", "tests", "tester")
    lists.import_version(order, read_hashes(file))
    return export_to_file(file.with_suffix(".jsonl"), "jsonl", lists.entries("bounded", None), no_progress)


def main() -> None:
    folder, task = Path(sys.argv[1]), sys.argv[2]
    lists = open_lists(settings_in(folder))
    one, many = folder / "one.txt", folder / "many.txt"
    rng = np.random.default_rng(1)
    one.write_text(f"pdq {rng.bytes(32).hex()}\n")
    with many.open("w") as out:
        out.writelines(f"pdq {rng.bytes(32).hex()}\n" for _ in range(COUNT))
    # What the first use of everything takes is no matter of how many there are.
    imported(lists, one)
    limit_memory()
    if task == "hold":
        print(len(set(read_hashes(many))))
    else:
        imported(lists, many)
        print(imported(lists, many))


if __name__ == "__main__":
    main()
