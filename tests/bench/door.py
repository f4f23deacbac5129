"""What the door costs: a request without a body, a large form, the memory of a very large one.

Run by `make bench`. The guard checks in this process and has one active list.
"""

from __future__ import annotations

import hashlib
import io
import resource
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.support import activate_listed_picture, settings_in
from upload_guard import Settings, UploadGuard
from upload_guard.compose import build_intake
from upload_guard.intake.receive import received
from upload_guard.records import Source

ROUNDS = 7
CALLS = 100_000
FORM_MB = 50
HUGE_MB = 2048
STATM = Path("/proc/self/statm")


def application(environ: dict[str, Any], start_response: Callable[..., object]) -> Iterable[bytes]:
    start_response("200 OK", [])
    return [b""]


class Zeros(io.RawIOBase):
    """A form whose one file is `size` zeros, made while it is read; `peak` is the most memory then in use."""

    def __init__(self, size: int) -> None:
        self._head = b'--B\r\nContent-Disposition: form-data; name="f"; filename="f"\r\n\r\n'
        self._tail = b"\r\n--B--\r\n"
        self._left = size
        self.peak = 0
        self.length = len(self._head) + size + len(self._tail)

    def read(self, size: int = -1) -> bytes:
        if self._head:
            head, self._head = self._head, b""
            return head
        count = min(size, self._left)
        self._left -= count
        self.peak = max(self.peak, resident())
        if count:
            return bytes(count)
        tail, self._tail = self._tail, b""
        return tail


def best(run: Callable[[], object]) -> float:
    """Seconds of the fastest of some rounds: the least disturbed by whatever else the machine does."""

    def once() -> float:
        start = time.perf_counter()
        run()
        return time.perf_counter() - start

    return min(once() for _ in range(ROUNDS))


def request(stream: Zeros) -> dict[str, Any]:
    return {
        "REQUEST_METHOD": "POST",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "CONTENT_TYPE": "multipart/form-data; boundary=B",
        "CONTENT_LENGTH": str(stream.length),
        "wsgi.input": stream,
    }


def bench_get(guarded: UploadGuard) -> None:
    environ = {"REQUEST_METHOD": "GET", "SERVER_PROTOCOL": "HTTP/1.1", "PATH_INFO": "/"}

    def calls(target: Any) -> Callable[[], None]:
        def run() -> None:
            for _ in range(CALLS):
                target(environ, lambda *_: None)

        return run

    bare, with_guard = best(calls(application)), best(calls(guarded))
    added = (with_guard - bare) / CALLS * 1e6
    print(f"GET without a body    adds {added:.2f} us to a call of an empty application")


def bench_form(settings: Settings) -> None:
    data, rule = bytes(FORM_MB << 20), build_intake(settings)

    def take_in() -> None:
        with received(request(Zeros(FORM_MB << 20)), rule, Source()):
            pass

    reference = best(lambda: hashlib.sha256(data).digest())
    three = best(lambda: [hashlib.new(name, data).digest() for name in ("md5", "sha1", "sha256")])
    ours = best(take_in)
    print(
        f"{FORM_MB} MB form           {ours * 1e3:.0f} ms: {ours / reference:.2f} of SHA-256 alone, "
        f"{ours / three:.2f} of the three digests alone"
    )


def resident() -> int:
    """Resident memory of this process in bytes."""
    return int(STATM.read_text().split()[1]) * resource.getpagesize()


def bench_memory(guarded: UploadGuard) -> None:
    def growth(megabytes: int) -> float:
        stream, before = Zeros(megabytes << 20), resident()
        list(guarded(request(stream), lambda *_: None))
        return (max(stream.peak, resident()) - before) / (1 << 20)

    growth(1)
    print(f"{HUGE_MB} MB form          peak memory grows by {growth(HUGE_MB):.1f} MiB")


def main() -> None:
    with TemporaryDirectory(dir=Path.cwd()) as folder:
        settings = settings_in(Path(folder))
        activate_listed_picture(settings)
        guarded = UploadGuard(application, settings)
        bench_memory(guarded)
        bench_get(guarded)
        bench_form(settings)
    print(f"(best of {ROUNDS} rounds)")


if __name__ == "__main__":
    main()
