"""The benchmarks one after another, each in a process of its own: `make bench`.

`make bench ARGS="check peer"` runs those alone; `ARGS="check --entries 1000000"` with as many hashes listed.
"""

from __future__ import annotations

import argparse
import subprocess
import sys

ALL = ("door", "check", "peer", "matching", "memory", "swaps", "keys", "load")
ON_DEMAND = (
    *("growth", "compiled", "rehearsal", "breaker", "statistics", "queue", "idle"),
    *("asking", "upstreams", "service", "private", "onnx", "exchanges", "scan", "retro"),
)
WITHOUT_LISTS = {
    "door",
    "keys",
    "load",
    "idle",
    "breaker",
    "statistics",
    "queue",
    "asking",
    "upstreams",
    "onnx",
    "scan",
    "retro",
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="make bench ARGS=...", description=__doc__)
    parser.add_argument("names", nargs="*", default=[], metavar="NAME", help=", ".join(ALL + ON_DEMAND))
    parser.add_argument(
        "--entries", type=int, help="hashes listed; 10 million, 1 million for peer and service"
    )
    arguments = parser.parse_args()
    unknown = set(arguments.names) - {*ALL, *ON_DEMAND}
    if unknown:
        parser.error(f"no such benchmark: {', '.join(sorted(unknown))}")
    failed = 0
    for name in arguments.names or ALL:
        options = (
            [] if arguments.entries is None or name in WITHOUT_LISTS else [f"--entries={arguments.entries}"]
        )
        failed |= subprocess.run(
            [sys.executable, "-m", f"tests.bench.{name}", *options], check=False
        ).returncode
    return int(failed != 0)


if __name__ == "__main__":
    sys.exit(main())
