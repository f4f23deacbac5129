"""Requests a second at a sidecar of two workers, and how long each takes: `make bench ARGS=load`.

Beside a bare Flask route that only reads the body, under the same gunicorn settings and the same signed
requests: the ratio is the cost of guarding. The clients run on the same cores as the servers, so both are
slower than they are alone.
"""

from __future__ import annotations

import argparse
import http.client
import io
import itertools
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from tests.bench.drawn import photo
from tests.bench.measure import print_columns, print_head, print_row
from tests.serving import key_of, sidecar, write_config
from tests.support import activate_listed_picture, settings_in
from upload_guard.demo.servers import Server, free_port, python, running
from upload_guard.service_settings import SidecarSettings
from upload_guard.signing import Credentials, Request, sign

CHECK, SIGNALS = "/v1/check", "/v1/check/signals"
WORKERS, THREADS = 2, 2
CLIENTS = WORKERS * THREADS
JSON, OCTETS = "application/json", "application/octet-stream"


@dataclass(frozen=True)
class Load:
    """What is asked: bodies one after another, each made by the one before it is needed."""

    name: str
    path: str
    kind: str
    bodies: Iterator[bytes]


@dataclass(frozen=True)
class Answered:
    """Seconds of each request, and of all of them together on the clock."""

    seconds: list[float]
    clock: float

    @property
    def rate(self) -> float:
        return len(self.seconds) / self.clock

    def percentile(self, of: int) -> float:
        return float(np.percentile(self.seconds, of)) * 1e3


class Shared:
    """An iterator for several threads."""

    def __init__(self, inner: Iterator[bytes]) -> None:
        self._inner, self._lock = inner, threading.Lock()

    def next(self) -> bytes:
        with self._lock:
            return next(self._inner)


def jpeg_of(size: int) -> bytes:
    """A JPEG of a photo with about so many bytes, at a usual quality."""
    side = 400
    while True:
        out = io.BytesIO()
        photo((side * 4 // 3, side)).save(out, "JPEG", quality=92)
        if out.tell() >= size:
            return out.getvalue()
        side = int(side * max(1.05, (size / out.tell()) ** 0.5))


def all_new(file: bytes) -> Iterator[bytes]:
    """The same picture in files that differ in a comment: none was seen before, so each is decoded."""
    for number in itertools.count():
        comment = f"{number:012d}".encode()
        yield file[:2] + b"\xff\xfe" + (len(comment) + 2).to_bytes(2, "big") + comment + file[2:]


def signals() -> Iterator[bytes]:
    for number in itertools.count():
        digest = sha256(str(number).encode()).hexdigest()
        yield f'{{"sha256": "{digest}", "size": 200000}}'.encode()


def ask(port: int, key: Credentials, load: Load, seconds: float) -> Answered:
    """So many clients for so long, each over a connection that it keeps."""
    bodies, taken, failed = Shared(load.bodies), [], []
    end = time.perf_counter() + seconds

    def client() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        while time.perf_counter() < end:
            body = bodies.next()
            signed = sign(key, Request("POST", load.path), sha256(body).hexdigest()).header()
            begun = time.perf_counter()
            connection.request("POST", load.path, body, {"Authorization": signed, "Content-Type": load.kind})
            response = connection.getresponse()
            answer = response.read()
            taken.append(time.perf_counter() - begun)
            if response.status != 200:
                failed.append(f"{response.status} {answer[:200]!r}")
        connection.close()

    threads = [threading.Thread(target=client) for _ in range(CLIENTS)]
    begun = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise SystemExit(f"{load.name}: {len(failed)} of {len(taken)} failed: {failed[0]}")
    return Answered(taken, time.perf_counter() - begun)


def bare_server(folder: Path, workers: int = WORKERS) -> tuple[Server, int]:
    """The bare route under gunicorn as the sidecar sets it, and its port."""
    port, own = free_port(), SidecarSettings()
    options = {
        "bind": f"127.0.0.1:{port}",
        "workers": workers,
        "worker-class": "gthread",
        "threads": THREADS,
        "timeout": own.timeout,
        "keep-alive": own.keepalive,
        "backlog": own.backlog,
    }
    given = [word for name, value in options.items() for word in (f"--{name}", str(value))]
    command = python("gunicorn", "--no-control-socket", *given, "tests.bench.bare:app")
    probe = f"http://127.0.0.1:{port}/live"
    return Server("bare route", command, {}, probe, folder / "bare.log"), port


@contextmanager
def bare(folder: Path) -> Iterator[int]:
    """It answers; gives its port."""
    server, port = bare_server(folder)
    with running(server):
        yield port


def is_there(port: int, path: str, key: Credentials) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    body = next(signals())
    signed = sign(key, Request("POST", path), sha256(body).hexdigest()).header()
    connection.request("POST", path, body, {"Authorization": signed, "Content-Type": JSON})
    return connection.getresponse().status != 404


def loads(small: bytes, large: bytes) -> tuple[Load, ...]:
    return (
        Load("signals only", SIGNALS, JSON, signals()),
        Load(f"image of {len(small) // 1000} KB, new", CHECK, OCTETS, all_new(small)),
        Load(f"image of {len(small) // 1000} KB, seen before", CHECK, OCTETS, itertools.repeat(small)),
        Load(f"image of {len(large) / 1e6:.1f} MB, new", CHECK, OCTETS, all_new(large)),
        Load(f"image of {len(large) / 1e6:.1f} MB, seen before", CHECK, OCTETS, itertools.repeat(large)),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10.0, help="for each row, at each server")
    arguments = parser.parse_args()
    print_head(
        f"Load: {CLIENTS} clients at {WORKERS} workers of {THREADS} threads, beside a bare Flask route"
    )
    small, large = jpeg_of(200_000), jpeg_of(5_000_000)
    with TemporaryDirectory() as name:
        folder = Path(name)
        activate_listed_picture(settings_in(folder))
        sections = {
            "sidecar": {"workers": WORKERS, "threads": THREADS},
            "limits": {"rate": 1_000_000, "burst": 10_000_000},
            "log": {"level": "warning"},
        }
        config = write_config(folder / "config.toml", sections, data_dir="data")
        key = key_of(config)
        with sidecar(config) as url, bare(folder) as bare_port:
            port = int(url.rsplit(":", 1)[1])
            print_columns(
                "what is asked",
                "sidecar: a second",
                "p50 / p99 ms",
                "bare: a second",
                "p50 / p99 ms",
                "ratio",
            )
            for load in loads(small, large):
                if not is_there(port, load.path, key):
                    print_row(load.name, "no such route here", "", "", "", "")
                    continue
                ours = ask(port, key, load, arguments.seconds)
                theirs = ask(bare_port, key, load, arguments.seconds)
                print_row(
                    load.name,
                    f"{ours.rate:.0f}",
                    f"{ours.percentile(50):.1f} / {ours.percentile(99):.1f}",
                    f"{theirs.rate:.0f}",
                    f"{theirs.percentile(50):.1f} / {theirs.percentile(99):.1f}",
                    f"{theirs.rate / ours.rate:.1f}",
                )


if __name__ == "__main__":
    main()
