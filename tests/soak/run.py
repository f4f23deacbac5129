"""Uploads from several clients while processes of the sidecar are killed: nothing acknowledged may be lost.

`make soak` does so for five minutes and prints what came of it.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import os
import random
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import requests
from PIL import Image, ImageDraw

from tests.serving import SidecarProcess, Signs, children, key_of, sidecar_process, write_config
from tests.support import (
    OTHER_SEED,
    activate_listed_picture,
    eventually,
    picture_bytes,
    read,
    settings_in,
)
from upload_guard.compose import build_station, open_cases
from upload_guard.loading import load_settings
from upload_guard.quarantine.states import CaseState
from upload_guard.signing import Credentials

CLIENTS = 4
KILL_EVERY = 1.5
SAMPLE_EVERY = 0.3
MIB = 1 << 20


@dataclass
class Seen:
    """What clients were told, and what was measured. `cases` gives the SHA-256 of what was sent, by case."""

    cases: dict[str, bytes] = field(default_factory=dict)
    clean: int = 0
    wrong: list[str] = field(default_factory=list)
    busy: int = 0
    cut: int = 0
    kills: int = 0
    memory: list[float] = field(default_factory=list)
    processes: list[int] = field(default_factory=list)
    left_over: list[str] = field(default_factory=list)

    @property
    def answered(self) -> int:
        return len(self.cases) + self.clean

    def growth(self) -> float:
        """Memory in the last fifth of the time beside that in the second one, as a ratio of medians."""
        fifth = max(1, len(self.memory) // 5)
        early, late = sorted(self.memory[fifth : 2 * fifth]), sorted(self.memory[-fifth:])
        return late[len(late) // 2] / early[len(early) // 2]


class Pictures:
    """Files that nobody has sent before: of the listed picture, and of another."""

    def __init__(self, listed: bytes, seed: int) -> None:
        self._random = random.Random(seed)
        self._listed = Image.open(io.BytesIO(listed)).convert("RGB")
        self._other = Image.open(io.BytesIO(picture_bytes(OTHER_SEED))).convert("RGB")

    def next(self) -> tuple[bytes, bool]:
        """A file, and whether it is of the listed picture."""
        is_listed = self._random.random() < 0.5
        image = (self._listed if is_listed else self._other).resize((400, 300))
        corner = tuple(self._random.randrange(256) for _ in range(3))
        ImageDraw.Draw(image).rectangle((0, 0, 3, 3), fill=corner)
        out = io.BytesIO()
        image.save(out, "JPEG", quality=self._random.randrange(60, 95))
        return out.getvalue(), is_listed


def upload(url: str, key: Credentials, pictures: Pictures, seen: Seen, done: threading.Event) -> None:
    """Upload until `done`, over a connection that is kept; what is cut is sent again as another picture."""
    with requests.Session() as session:
        while not done.is_set():
            data, is_listed = pictures.next()
            try:
                response = session.post(f"{url}/v1/check", data, auth=Signs(key), timeout=60)
            except requests.RequestException:
                seen.cut += 1
                continue
            if response.status_code == 503:
                seen.busy += 1
                continue
            note(response, data, is_listed, seen)


def note(response: requests.Response, data: bytes, is_listed: bool, seen: Seen) -> None:
    if response.status_code != 200:
        seen.wrong.append(f"status {response.status_code}: {response.text[:200]}")
        return
    answer = response.json()
    if answer["case"]:
        seen.cases[answer["case"]] = hashlib.sha256(data).digest()
    # A decoder that was killed makes an upload unscannable, and so held: never clean.
    if is_listed and not answer["case"]:
        seen.wrong.append(f"a listed picture passed: {answer}")
    if not is_listed and answer["result"] not in {"clean", "unscannable"}:
        seen.wrong.append(f"a clean picture: {answer}")
    seen.clean += not answer["case"]


def kill_some(sidecar: SidecarProcess, every: float, seed: int, seen: Seen, done: threading.Event) -> None:
    """Kill a worker or something below one, now and then."""
    chosen = random.Random(seed)
    while not done.wait(min(every, threading.TIMEOUT_MAX)):
        victims = sorted(sidecar.workers())
        if victims and chosen.random() < 0.3:
            victims = sorted(below(chosen.choice(victims))) or victims
        if victims:
            with suppress(ProcessLookupError):
                os.kill(chosen.choice(victims), signal.SIGKILL)
                seen.kills += 1


def below(pid: int) -> set[int]:
    try:
        own = children(pid)
    except OSError:
        return set()
    return own.union(*(below(child) for child in own))


def measure(processes: Descendants, seen: Seen, done: threading.Event) -> None:
    while not done.wait(SAMPLE_EVERY):
        alive = processes.alive()
        seen.memory.append(sum(map(proportional, alive)))
        seen.processes.append(len(alive))


def proportional(pid: int) -> float:
    """MiB of a process, what it shares divided among all who share it (PSS); proc(5)."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) / 1024
    return 0.0


@dataclass
class Descendants:
    """All processes that were ever seen below another, and which of them still are."""

    of: int
    _begun: dict[int, str] = field(default_factory=dict)

    def alive(self) -> list[int]:
        for pid in below(self.of) | {self.of}:
            self._begun.setdefault(pid, begun_at(pid))
        return [pid for pid, begun in self._begun.items() if begun and begun_at(pid) == begun]


def begun_at(pid: int) -> str:
    """What tells it from another of that number; empty where there is none, or only what is left of it."""
    with suppress(OSError):
        words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return "" if words[0] == "Z" else words[19]
    return ""


@contextmanager
def at_work(threads: list[threading.Thread], done: threading.Event) -> Iterator[None]:
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        done.set()
        for thread in threads:
            thread.join()


def soak(folder: Path, seconds: float, seed: int, kill_every: float = KILL_EVERY) -> Seen:
    """Run it, with a kill every so many seconds; what is wrong stands in `wrong`, lost cases included."""
    listed = activate_listed_picture(settings_in(folder))
    # The breaker lowers the one entry that all these uploads match; they are held all the same.
    config = write_config(
        folder / "config.toml",
        {
            "trust": {"probation_hours": 0},
            "limits": {"rate": 100_000, "burst": 1_000_000},
            "log": {"format": "json"},
        },
        data_dir="data",
    )
    key, seen, done = key_of(config), Seen(), threading.Event()
    with sidecar_process(config) as sidecar:
        processes = Descendants(sidecar.process.pid)
        pictures = [Pictures(listed, seed + number) for number in range(CLIENTS)]
        threads = [
            *(threading.Thread(target=upload, args=(sidecar.url, key, one, seen, done)) for one in pictures),
            threading.Thread(target=kill_some, args=(sidecar, kill_every, seed, seen, done)),
            threading.Thread(target=measure, args=(processes, seen, done)),
        ]
        with at_work(threads, done):
            time.sleep(seconds)
    # Who loses its parent ends by itself, on a loaded machine not at once.
    eventually(lambda: not processes.alive())
    seen.left_over = list(map(str, processes.alive()))
    seen.wrong += lost(config, seen)
    return seen


def lost(config: Path, seen: Seen) -> list[str]:
    """Acknowledged uploads that are not in the quarantine as they were sent, and what is there by half."""
    settings = load_settings(config)
    # As at the next start: it settles what was under way when its process was killed.
    build_station(settings)
    cases = {case.number: case for case in open_cases(settings).newest(10_000_000)}
    wrong = [f"case {number} is lost" for number in seen.cases.keys() - cases.keys()]
    for number, sha256 in seen.cases.items():
        case = cases.get(number)
        if case is None:
            continue
        if case.state is not CaseState.OPEN or case.sha256 != sha256:
            wrong.append(f"case {number} is {case.state}, or of another file")
        if hashlib.sha256(read(case.content)).digest() != sha256:
            wrong.append(f"case {number}: not the bytes that were sent")
    blobs = sum(1 for file in settings.vault_dir.glob("*/*") if file.is_file())
    if blobs != len(cases):
        wrong.append(f"{blobs} files in the vault for {len(cases)} cases")
    return wrong


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=300.0)
    parser.add_argument("--kill-every", type=float, default=KILL_EVERY, help="seconds; inf for never")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 30))
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}, {arguments.seconds:.0f} s, {CLIENTS} clients", flush=True)
    with TemporaryDirectory() as folder:
        seen = soak(Path(folder), arguments.seconds, arguments.seed, arguments.kill_every)
    print(
        f"answered {seen.answered}, of these kept as cases {len(seen.cases)}; processes killed {seen.kills}"
    )
    print(f"cut by a kill and sent anew {seen.cut}, told to come again {seen.busy}")
    print(f"processes {min(seen.processes)} to {max(seen.processes)}, left over {len(seen.left_over)}")
    print(
        f"memory {min(seen.memory):.0f} to {max(seen.memory):.0f} MiB, "
        f"last fifth of the time beside the second {seen.growth():.2f}"
    )
    for line in seen.wrong[:20]:
        print(f"WRONG: {line}")
    print(f"acknowledged and lost, or wrong: {len(seen.wrong)}")
    return int(bool(seen.wrong or seen.left_over))


if __name__ == "__main__":
    sys.exit(main())
