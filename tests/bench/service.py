"""Checks a second at the check service, two workers, by wrk: `make bench ARGS=service`.

One million MD5 digests and one million PDQ are listed (`--entries` of each), and what is asked is random, as
nearly all is that people upload. Beside a bare Flask route that reads the body, under the same gunicorn
settings and the same requests: the ratio is the cost of keys, quotas, counts and the search. wrk (from
Debian) runs on the same cores as the servers, so all are slower than they are alone.
"""

from __future__ import annotations

import argparse
import base64
import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.bench.load import CLIENTS, THREADS, WORKERS, bare
from tests.bench.measure import print_columns, print_head, print_row
from tests.debian import programs_of
from tests.serving import key_of, sidecar, write_config
from tests.support import settings_in
from upload_guard.compose import open_lists
from upload_guard.lists.formats import ListedHash
from upload_guard.lists.importing import ImportOrder
from upload_guard.machine_keys.keys import Scope
from upload_guard.records import SignalType
from upload_guard.signing import Credentials

ENTRIES = 1_000_000
ITEMS = 100
# One script for all loads: who asks is the same, and every hash is another one.
_SCRIPT = """
local digits = "0123456789abcdef"
local seed = 0
function setup(thread) seed = seed + 1; thread:set("seed", seed) end
function init() math.randomseed(os.time() * 16 + seed) end
local function hex(size)
  local out = {{}}
  for at = 1, size do local d = math.random(16); out[at] = digits:sub(d, d) end
  return table.concat(out)
end
local headers = {{ ["Authorization"] = "Basic {shown}", ["Content-Type"] = "{kind}" }}
function request() {body} end
"""


@dataclass(frozen=True)
class Load:
    """A kind of request: the Lua that makes one, and how many checks it asks for."""

    name: str
    kind: str
    checks: int
    body: str


def batch(hashes: str) -> str:
    """The Lua that asks about `ITEMS` files; `hashes` are the members of one."""
    return (
        f"local items = {{}} for at = 1, {ITEMS} do "
        f"items[at] = '{{\"id\":\"' .. at .. '\",{hashes}}}' end "
        'return wrk.format("POST", "/v1/check/batch", headers, '
        "'{\"items\":[' .. table.concat(items, \",\") .. ']}')"
    )


LOADS = (
    Load(
        "EOKM's door, MD5",
        "application/x-www-form-urlencoded",
        1,
        'return wrk.format("POST", "/v1/check/md5", headers, hex(32))',
    ),
    Load(
        "HMA's door, PDQ",
        "text/plain",
        1,
        'return wrk.format("GET", "/m/lookup?signal_type=pdq&signal=" .. hex(64), headers)',
    ),
    Load(f"batch of {ITEMS}, MD5", "application/json", ITEMS, batch('"md5":"\' .. hex(32) .. \'"')),
    Load(
        f"batch of {ITEMS}, MD5 and PDQ",
        "application/json",
        ITEMS,
        batch('"md5":"\' .. hex(32) .. \'","pdq":"\' .. hex(64) .. \'"'),
    ),
)


@dataclass(frozen=True)
class Answered:
    """Requests a second, and milliseconds that half and 99 of 100 took at most."""

    rate: float
    half: float
    most: float

    @property
    def milliseconds(self) -> str:
        return f"{self.half:.1f} / {self.most:.1f}"


def ask(wrk: list[str], environment: dict[str, str], script: Path, url: str, seconds: int) -> Answered:
    """What wrk says; a run with any answer but 2xx is none."""
    options = ["-t", "2", "-c", str(CLIENTS), "-d", f"{seconds}s", "--latency", "--timeout", "30s"]
    said = subprocess.run(
        [*wrk, *options, "-s", str(script), url], env=environment, capture_output=True, text=True, check=True
    ).stdout
    if "Non-2xx" in said or "Socket errors" in said:
        raise SystemExit(f"{script.stem}: {said}")
    rate = re.search(r"Requests/sec:\s+([\d.]+)", said)
    spread = dict(re.findall(r"^\s+(50|99)%\s+(\S+)\s*$", said, re.MULTILINE))
    if rate is None or len(spread) != 2:
        raise SystemExit(f"wrk said something else: {said}")
    return Answered(float(rate[1]), _milliseconds(spread["50"]), _milliseconds(spread["99"]))


def _milliseconds(text: str) -> float:
    number, unit = re.fullmatch(r"([\d.]+)(us|ms|s)", text).groups()  # type: ignore[union-attr]
    return float(number) * {"us": 1e-3, "ms": 1.0, "s": 1e3}[unit]


def script_of(folder: Path, load: Load, key: Credentials) -> Path:
    """The secret stands in a file of ours and in no argument."""
    shown = base64.b64encode(f"{key.key_id}:{key.secret}".encode()).decode()
    file = folder / f"{re.sub('[^A-Za-z0-9]+', '-', load.name)}.lua"
    file.touch(mode=0o600)
    file.write_text(_SCRIPT.format(shown=shown, kind=load.kind, body=load.body))
    return file


def listed(entries: int) -> Iterator[ListedHash]:
    for kind in (SignalType.MD5, SignalType.PDQ):
        for _ in range(entries):
            yield ListedHash(kind, os.urandom(kind.size))


def import_list(folder: Path, entries: int) -> float:
    """Random hashes as an active list; the seconds that took."""
    begun = time.perf_counter()
    lists = open_lists(settings_in(folder))
    version = lists.import_version(
        ImportOrder("bench", "random", "baseline", "bench", "bench"), listed(entries)
    )
    lists.activate("bench", version.number, "bench")
    return time.perf_counter() - begun


def found_wrk() -> tuple[list[str], dict[str, str]]:
    if own := shutil.which("wrk"):
        return [own], dict(os.environ)
    unpacked = programs_of("wrk")
    return [unpacked.program("usr/bin/wrk")], unpacked.environment


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=ENTRIES, help="digests listed, and as many PDQ")
    parser.add_argument("--seconds", type=int, default=10, help="for each row, at each server")
    arguments = parser.parse_args()
    wrk, environment = found_wrk()
    print_head(
        f"Check service: {arguments.entries:,} MD5 and as many PDQ, {CLIENTS} connections at {WORKERS} "
        f"workers of {THREADS} threads, beside a bare Flask route"
    )
    with TemporaryDirectory() as name:
        folder = Path(name)
        print(f"imported and activated in {import_list(folder, arguments.entries):.0f} s\n", flush=True)
        sections = {
            "sidecar": {"workers": WORKERS, "threads": THREADS, "bearer": "loopback"},
            "limits": {"rate": 1_000_000, "burst": 10_000_000},
            "customers.bench": {"rate": 1_000_000, "burst": 10_000_000, "per_day": 10**12},
            "trust": {"probation_hours": 0},
            "log": {"level": "warning"},
        }
        config = write_config(folder / "config.toml", sections, data_dir="data")
        key = key_of(config, "bench", Scope.SERVICE)
        with sidecar(config) as url, bare(folder) as bare_port:
            print_columns(
                "what is asked",
                "checks a second",
                "requests a second",
                "p50 / p99 ms",
                "bare: a second",
                "p50 / p99 ms",
                "ratio",
            )
            for load in LOADS:
                script = script_of(folder, load, key)
                # The first requests wait for lists to be read.
                ask(wrk, environment, script, url, 1)
                ours = ask(wrk, environment, script, url, arguments.seconds)
                theirs = ask(wrk, environment, script, f"http://127.0.0.1:{bare_port}", arguments.seconds)
                print_row(
                    load.name,
                    f"{ours.rate * load.checks:.0f}",
                    f"{ours.rate:.0f}",
                    ours.milliseconds,
                    f"{theirs.rate:.0f}",
                    theirs.milliseconds,
                    f"{theirs.rate / ours.rate:.1f}",
                )


if __name__ == "__main__":
    main()
