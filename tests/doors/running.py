"""`upload-guard doors` as a process of its own, and sockets to talk to it."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.serving import MAX_BODY, write_config
from upload_guard.compose import open_cases
from upload_guard.demo.servers import free_port, python
from upload_guard.loading import load_settings
from upload_guard.quarantine.cases import CaseInfo
from upload_guard.settings import Settings

_STARTS_WITHIN = 60.0
PLENTY = 100_000


@dataclass(frozen=True, slots=True)
class Doors:
    """Running doors; clamd on the unix socket `clamd` and on `clamd_port`, ICAP on `icap_port`."""

    settings: Settings
    clamd: Path
    clamd_port: int
    icap_port: int
    process: subprocess.Popen[bytes]
    log: Path

    def to_clamd(self) -> socket.socket:
        sock = socket.socket(socket.AF_UNIX)
        sock.settimeout(60)
        sock.connect(str(self.clamd))
        return sock

    def to_icap(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.icap_port), timeout=60)

    def cases(self) -> tuple[CaseInfo, ...]:
        return open_cases(self.settings).newest(1000)

    def spooled(self) -> list[Path]:
        return list(self.settings.spool_dir.iterdir()) if self.settings.spool_dir.exists() else []


@contextmanager
def running_doors(folder: Path, **sections: Mapping[str, object]) -> Iterator[Doors]:
    """Doors over `folder`/data; sections are merged over ones that let a test ask as often as it likes."""
    ports = free_port(), free_port()
    often = {"checks_per_minute": PLENTY, "burst": PLENTY}
    merged: dict[str, Mapping[str, object]] = {
        "trust": {"probation_hours": 0},
        "intake": {"max_body": MAX_BODY} | dict(sections.pop("intake", {})),
        "clamd": {"socket": "clamd.sock", "host": "127.0.0.1", "port": ports[0]}
        | often
        | dict(sections.pop("clamd", {})),
        "icap": {"host": "127.0.0.1", "port": ports[1]} | often | dict(sections.pop("icap", {})),
    }
    routes = sections.pop("routes", {})
    config = write_config(folder / "doors.toml", merged | sections, data_dir="data")
    with config.open("a", encoding="utf-8") as file:
        for path, options in routes.items():
            file.write(f'[[routes]]\npath = "{path}"\n{options}\n')
    log = folder / "doors.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            python("upload_guard", "--config", str(config), "doors"),
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    doors = Doors(load_settings(config), folder / "clamd.sock", *ports, process, log)
    try:
        _wait(doors)
        yield doors
    finally:
        process.terminate()
        try:
            process.wait(timeout=90)
        finally:
            process.kill()


def _wait(doors: Doors) -> None:
    deadline = time.monotonic() + _STARTS_WITHIN
    while time.monotonic() < deadline:
        assert doors.process.poll() is None, doors.log.read_text()
        try:
            doors.to_icap().close()
            doors.to_clamd().close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError(f"the doors did not open: {doors.log.read_text()}")


def everything(sock: socket.socket) -> bytes:
    """All that comes until the other side closes; a reset ends it too."""
    with sock:
        got = b""
        try:
            while data := sock.recv(1 << 16):
                got += data
        except ConnectionError:
            pass
        return got
