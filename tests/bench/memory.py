"""What workers hold of millions, and what building them takes: `make bench ARGS=memory`.

PSS counts a page that several processes map in equal shares, so that the sum is what the machine has to give.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.bench.hashes import MANY
from tests.bench.measure import print_head

# A worker: opens, reads all, asks a thousand times, says what it holds when all others do, too.
WORKER = """
import sys
from pathlib import Path
from tests.bench.hashes import find_in, opened, timed
from upload_guard.matching.snapshot import Snapshot
files, _ = opened(Path(sys.argv[1]))
timed(find_in(Snapshot("bench", files)), 1000)
print("ready", flush=True)
sys.stdin.readline()
held = dict(line.split(":") for line in Path("/proc/self/smaps_rollup").read_text().splitlines()[1:])
print(held["Pss"].split()[0], flush=True)
sys.stdin.readline()
"""


# The kernel counts against this limit what is no file's: heap and anonymous mappings.
BUILDER_MIB = 384
BUILDER = """
import resource, sys
from pathlib import Path
from tests.bench.hashes import RandomEntries, built
resource.setrlimit(resource.RLIMIT_DATA, (int(sys.argv[3]) << 20,) * 2)
print(*built(Path(sys.argv[1]), RandomEntries(int(sys.argv[2]))))
"""


def built_in_bounds(folder: Path, count: int) -> tuple[Path, float]:
    """As `built`, by a process that may hold no more than `BUILDER_MIB` of its own."""
    said = subprocess.run(
        [sys.executable, "-c", BUILDER, str(folder), str(count), str(BUILDER_MIB)],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout.split()
    return Path(said[0]), float(said[1])


def held_by(workers: int, snapshot: Path) -> int:
    """PSS of so many processes together, in KiB."""
    running = [
        subprocess.Popen(
            [sys.executable, "-c", WORKER, str(snapshot)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(workers)
    ]
    for one in running:
        assert one.stdout is not None
        assert one.stdout.readline() == "ready\n"
    total = 0
    for one in running:
        assert one.stdin is not None
        assert one.stdout is not None
        one.stdin.write("say\n")
        one.stdin.flush()
        total += int(one.stdout.readline())
    for one in running:
        one.communicate("end\n")
    return total


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=MANY)
    entries = parser.parse_args().entries
    print_head("Memory of four workers against that of one")
    with TemporaryDirectory(dir=Path.cwd()) as folder:
        snapshot, seconds = built_in_bounds(Path(folder), entries)
        print(f"{entries:,} PDQ hashes: built within {BUILDER_MIB} MiB in {seconds:.0f} s", flush=True)
        one, four = held_by(1, snapshot), held_by(4, snapshot)
    print(
        f"one worker holds {one >> 10} MiB, four together {four >> 10} MiB: "
        f"{four / one:.2f} times as much (PSS; target: 1.4)"
    )


if __name__ == "__main__":
    main()
