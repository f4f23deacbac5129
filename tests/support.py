"""What many tests need: drawn pictures, uploads made of bytes, a data folder with an active list."""

from __future__ import annotations

import io
import multiprocessing
import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from PIL import Image
from sqlalchemy.engine import make_url

from upload_guard import digests
from upload_guard.compose import Station, build_station, open_lists, sandbox_of
from upload_guard.compose.checking import declared_in, sandbox_limits, scan_limits
from upload_guard.containers.analyse import analyse
from upload_guard.demo.pictures import jpeg, landscape
from upload_guard.imaging.budget import ScanLimits
from upload_guard.imaging.pdq import pdq
from upload_guard.keyring import Keyring
from upload_guard.lists.formats import ListedHash
from upload_guard.lists.importing import ImportOrder
from upload_guard.lists.live import Live
from upload_guard.records import Content, Digest, Digests, SignalType, Source, Upload
from upload_guard.sandbox.pool import Sandbox
from upload_guard.settings import Settings
from upload_guard.spans import Span
from upload_guard.storage.database import open_database
from upload_guard.vault.places import FolderPlace
from upload_guard.vault.vault import Vault

LISTED_SEED = 1
OTHER_SEED = 2


def eventually(holds: Callable[[], object], within: float = 90.0) -> bool:
    """Whether it holds before `within` seconds are over; a loaded machine takes many of them."""
    end = time.monotonic() + within
    while time.monotonic() < end:
        if holds():
            return True
        time.sleep(0.05)
    return bool(holds())


@dataclass(frozen=True, slots=True)
class BytesContent:
    """A `Content` in memory."""

    data: bytes

    def open(self) -> BinaryIO:
        return io.BytesIO(self.data)

    @contextmanager
    def lend(self) -> Iterator[Span]:
        with tempfile.TemporaryFile() as file:
            file.write(self.data)
            file.flush()
            yield Span(file.fileno(), 0, len(self.data))


def read(content: Content) -> bytes:
    with content.open() as stream:
        return stream.read()


def digest_of(data: bytes) -> Digest:
    return digests.digest_of(io.BytesIO(data))


def digests_of(data: bytes) -> Digests:
    return digests.digest_stream(io.BytesIO(data))


def sha256_seen(uploads: Iterable[Upload]) -> set[bytes]:
    """Of all that is checked exactly: the uploads, and the files that are found inside them."""
    seen = {upload.digest.sha256 for upload in uploads}
    for upload in uploads:
        with upload.content.open() as stream:
            analysis = analyse(stream, ScanLimits())
        seen |= {signal.value for signal in analysis.signals if signal.type is SignalType.SHA256}
    return seen


def upload_of(data: bytes, source: Source = Source("test", "/upload")) -> Upload:  # noqa: B008 - frozen
    return Upload(BytesContent(data), digest_of(data), "file.bin", "application/octet-stream", source)


def picture_bytes(seed: int) -> bytes:
    """A drawn landscape as a JPEG file, the same bytes for the same seed."""
    return jpeg(landscape(seed, (800, 600)))


def recompressed(data: bytes, size: tuple[int, int] = (400, 300), quality: int = 40) -> bytes:
    """The same picture smaller and as another JPEG: other digests, a near PDQ hash."""
    return jpeg(Image.open(io.BytesIO(data)).resize(size), quality)


def pdq_of(data: bytes) -> bytes:
    return pdq(np.asarray(Image.open(io.BytesIO(data)).convert("L"))).value


def listed_hashes(data: bytes) -> list[ListedHash]:
    """What a list would hold of a picture: its SHA-256, its MD5 and its PDQ."""
    digests = digests_of(data)
    return [
        ListedHash(SignalType.SHA256, digests.sha256),
        ListedHash(SignalType.MD5, digests.md5),
        ListedHash(SignalType.PDQ, pdq_of(data)),
    ]


def settings_in(folder: Path, **sections: object) -> Settings:
    """Settings over a data folder of their own, without probation unless `trust` says otherwise."""
    values: dict[str, object] = {"data_dir": folder / "data", "trust": {"probation_hours": 0}} | sections
    settings = Settings.model_validate(values)
    lay_schema(settings.database_url)
    return settings


def lay_schema(url: str) -> str:
    """The `url`, with an empty database of the newest schema where there is none.

    A third of the time of tests went into the same steps to it, one table after another.
    """
    file = Path(make_url(url).database or "")
    if not file.exists():
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        file.write_bytes(_empty_database())
    return url


@cache
def _empty_database() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "empty.sqlite3")
        open_database(f"sqlite:///{file}")
        return file.read_bytes()


def activate_list(
    settings: Settings,
    hashes: list[ListedHash],
    name: str = "test-list",
    category: str = "baseline",
    origin: str = "test-origin",
) -> None:
    """Import `hashes` as a new version of a list and activate it."""
    lists = open_lists(settings)
    version = lists.import_version(ImportOrder(name, "test", category, origin, "tester"), hashes)
    lists.activate(name, version.number, "tester")


def activate_listed_picture(settings: Settings, seed: int = LISTED_SEED) -> bytes:
    """Put one drawn picture on an active baseline list; returns its bytes."""
    data = picture_bytes(seed)
    activate_list(settings, listed_hashes(data))
    return data


def damage_lists(settings: Settings) -> None:
    """Spoil all that is known of the lists' entries: the versions' files and what was built of them."""
    for folder in (settings.lists_dir, settings.snapshots_dir):
        for file in folder.rglob("*"):
            if file.suffix in {".jsonl", ".values"}:
                file.write_bytes(b"damaged")


def quiet_station(settings: Settings) -> Station:
    """A station whose housekeeping runs only when the test says so."""
    station = build_station(settings)
    others = tuple(one for one in station.guard.observers if one is not station.housekeeper)
    return replace(station, guard=replace(station.guard, observers=others))


def shared_sandbox(settings: Settings) -> Sandbox:
    """One a process for all tests whose settings bound it alike: to start one takes half a second."""
    wanted = repr((sandbox_limits(settings), scan_limits(settings), declared_in(settings)))
    sandbox = _sandboxes.get(wanted)
    if sandbox is None or sandbox._closed:
        # As the code itself makes it: where that forgets a setting, tests have to fail.
        sandbox = _sandboxes[wanted] = sandbox_of(settings)
    return sandbox


_sandboxes: dict[str, Sandbox] = {}


def vault_in(folder: Path) -> Vault:
    """An empty vault in a folder, with rows and a master key of its own."""
    database = open_database(f"sqlite:///{folder / 'data' / 'test.sqlite3'}")
    place = FolderPlace(folder / "vault")
    return Vault(database, Keyring(b"m" * 32), place, place.folder, folder / "spool")


def hold(vault: Vault, data: bytes) -> str:
    """Put `data` into the vault; its name."""
    with vault.database.session() as session:
        reserved = vault.reserve(session, digest_of(data).sha256)
    vault.put(reserved, upload_of(data))
    with vault.database.session() as session:
        vault.settle(session, reserved.name)
    return reserved.name


def live(source: object) -> Live[Any]:
    """What a checker asks for bank or opinions, to have it look at once."""
    assert isinstance(source, Live)
    return source


def in_a_fork(act: Callable[[], None]) -> int:
    """The exit code of a forked process in which `act` was done; for what is about forks."""
    process = multiprocessing.get_context("fork").Process(target=act)
    with _nobody_else_in_the_database():
        process.start()
    return _exit_code(process)


def fork() -> int:
    """As `os.fork`, for a child that uses a database."""
    with _nobody_else_in_the_database():
        return os.fork()


@contextmanager
def _nobody_else_in_the_database() -> Iterator[None]:
    """A lock of SQLite that another thread holds as a process is forked stays held in the child for ever.

    Threads outlive the tests that began them, so there may be some. None gets its turn in here.
    """
    before = sys.getswitchinterval()
    sys.setswitchinterval(5)
    try:
        assert eventually(_nobody_else_is_in_the_database)
        yield
    finally:
        sys.setswitchinterval(before)


def _nobody_else_is_in_the_database() -> bool:
    frames = sys._current_frames()
    del frames[threading.get_ident()]
    return not any("sqlalchemy" in frame.f_code.co_filename for frame in frames.values())


def in_a_new_process(act: Callable[..., None], *args: object, patience: float = 60) -> int:
    """The exit code of a process that shares nothing with this one but what `act` is given."""
    return _exit_code(new_process(act, *args), patience)


def new_process(act: Callable[..., None], *args: object) -> BaseProcess:
    """Such a process, begun; what most tests need is imported once for all of them."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.support"])
    process = context.Process(target=act, args=args)
    process.start()
    return process


def _exit_code(process: BaseProcess, patience: float = 60) -> int:
    process.join(patience)
    assert process.exitcode is not None, "it hangs"
    return process.exitcode
