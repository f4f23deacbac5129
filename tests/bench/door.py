"""What the door costs: a request without a body, a photo in a form, a large form, the memory of a huge one.

`make bench ARGS=door`. The guard checks in this process and has one active list.
"""

from __future__ import annotations

import hashlib
import io
import resource
from collections.abc import Callable, Iterable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Any

from PIL import Image

from tests.bench.drawn import photo, written
from tests.bench.measure import ROUNDS, Run, costs, print_head
from tests.support import activate_listed_picture, settings_in
from upload_guard import Settings, UploadGuard
from upload_guard.compose import build_intake
from upload_guard.intake.receive import received
from upload_guard.records import Source
from upload_guard.settings import CacheSettings

CALLS = 100_000
PHOTO_MB = 5
FORM_MB = 50
HUGE_MB = 2048
BOUNDARY = "----WebKitFormBoundaryePkpFF7tjBAqx29L"
DISPOSITION = 'Content-Disposition: form-data; name="f"; filename="f.jpg"'
HEAD = f"--{BOUNDARY}\r\n{DISPOSITION}\r\n\r\n".encode()
TAIL = f"\r\n--{BOUNDARY}--\r\n".encode()
STATM = Path("/proc/self/statm")


def application(environ: dict[str, Any], start_response: Callable[..., object]) -> Iterable[bytes]:
    start_response("200 OK", [])
    return [b""]


def reading_application(environ: dict[str, Any], start_response: Callable[..., object]) -> Iterable[bytes]:
    """The least that any application does with an upload."""
    while environ["wsgi.input"].read(1 << 16):
        pass
    return application(environ, start_response)


class Zeros(io.RawIOBase):
    """A form whose one file is `size` zeros, made while it is read; `peak` is the most memory then in use."""

    def __init__(self, size: int) -> None:
        self._head, self._tail = HEAD, TAIL
        self._left = size
        self.peak = 0
        self.length = len(self._head) + size + len(self._tail)

    def read(self, size: int = -1) -> bytes:
        if self._head:
            head, self._head = self._head, b""
            return head
        count = min(size, self._left)
        self._left -= count
        if not self._left & 0xFFFFF:
            # Once in a megabyte: asking takes time.
            self.peak = max(self.peak, resident())
        if count:
            return bytes(count)
        tail, self._tail = self._tail, b""
        return tail


def request(stream: IO[bytes] | Zeros, length: int) -> dict[str, Any]:
    return {
        "REQUEST_METHOD": "POST",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "CONTENT_TYPE": "multipart/form-data; boundary=" + BOUNDARY,
        "CONTENT_LENGTH": str(length),
        "wsgi.input": stream,
    }


def photo_form() -> tuple[bytes, bytes]:
    """A form with a photo of `PHOTO_MB`, and the photo: 12 megapixels, as fine as it takes."""
    image, data = photo((4000, 3000)), b""
    for quality in range(88, 101):
        data = written(image, "JPEG", quality=quality)
        if len(data) >= PHOTO_MB * 1_000_000:
            break
    return HEAD + data + TAIL, data


def bench_get(guarded: UploadGuard) -> None:
    environ = {"REQUEST_METHOD": "GET", "SERVER_PROTOCOL": "HTTP/1.1", "PATH_INFO": "/"}

    def calls(target: Any) -> Run:
        def run() -> None:
            for _ in range(CALLS):
                target(environ, lambda *_: None)

        return run

    bare, with_guard = costs(calls(application), calls(guarded))
    added = (with_guard.wall - bare.wall) / CALLS * 1e3
    print(f"GET without a body    adds {added:.2f} us to a call of an empty application (target: 10)")


def bench_photo(settings: Settings) -> None:
    """With a real check each time: nothing comes from the cache."""
    guarded = UploadGuard(reading_application, settings)
    form, data = photo_form()

    def post(target: Any) -> Run:
        def run() -> None:
            statuses: list[str] = []
            for _ in target(request(io.BytesIO(form), len(form)), lambda status, *_: statuses.append(status)):
                pass
            assert statuses == ["200 OK"]

        return run

    def decode() -> None:
        with Image.open(io.BytesIO(data)) as image:
            image.load()

    bare, guarding, decoding = (one.wall for one in costs(post(reading_application), post(guarded), decode))
    name = f"{len(data) / 1e6:.1f} MB photo in a form"
    print(f"{name} adds {guarding - bare:.0f} ms to an application that only reads it ({bare:.1f} ms);")
    print(
        f"                      one that decodes it too ({decoding:.0f} ms) then takes "
        f"{(guarding + decoding) / (bare + decoding):.2f} of its time"
    )


def bench_form(settings: Settings) -> None:
    data, rule = bytes(FORM_MB << 20), build_intake(settings)

    def take_in() -> None:
        stream = Zeros(FORM_MB << 20)
        with received(request(stream, stream.length), rule, Source()):
            pass

    reference, three, ours = costs(
        lambda: hashlib.sha256(data).digest(),
        lambda: [hashlib.new(name, data).digest() for name in ("md5", "sha1", "sha256")],
        take_in,
    )
    print(
        f"{FORM_MB} MB form           {ours.wall:.0f} ms: {ours.wall / reference.wall:.2f} of SHA-256 alone "
        f"(target: 1.6), {ours.wall / three.wall:.2f} of the three digests alone ({three.wall:.0f} ms)"
    )


def resident() -> int:
    """Resident memory of this process in bytes."""
    return int(STATM.read_text().split()[1]) * resource.getpagesize()


def bench_memory(guarded: UploadGuard) -> None:
    def growth(megabytes: int) -> float:
        stream, before = Zeros(megabytes << 20), resident()
        list(guarded(request(stream, stream.length), lambda *_: None))
        return (max(stream.peak, resident()) - before) / (1 << 20)

    growth(1)
    print(f"{HUGE_MB} MB form          peak memory grows by {growth(HUGE_MB):.1f} MiB")


def main() -> None:
    print_head(f"The door against the bare application, best of {ROUNDS} rounds")
    with TemporaryDirectory(dir=Path.cwd()) as folder:
        settings = settings_in(Path(folder))
        activate_listed_picture(settings)
        guarded = UploadGuard(application, settings)
        bench_memory(guarded)
        bench_get(guarded)
        bench_photo(settings.model_copy(update={"cache": CacheSettings(entries=0)}))
        bench_form(settings)


if __name__ == "__main__":
    main()
