"""Real servers for tests: a sidecar and guarded sites under gunicorn, each in a process of its own."""

from __future__ import annotations

import hashlib
import json
import socket
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import requests
from requests.auth import AuthBase

from tests.support import lay_schema
from upload_guard.compose import open_cases
from upload_guard.demo.servers import Server, free_port, python, running
from upload_guard.loading import load_settings
from upload_guard.machine_keys.keys import SITE_SCOPES, Scope
from upload_guard.machine_keys.opening import open_keys
from upload_guard.quarantine.cases import CaseInfo
from upload_guard.settings import Settings
from upload_guard.signing import Credentials, Request, sign
from upload_guard.upstreams.signing import Signing

MAX_BODY = 4 << 20
NOTHING: Mapping[str, str] = MappingProxyType({})
# On a loaded machine two decoders take long for what many clients send at once.
PATIENT = {"UPLOAD_GUARD_SANDBOX__QUEUE_SECONDS": "60"}


@dataclass(frozen=True, slots=True)
class Site:
    """A guarded site that answers on `url`; `quarantine` is where its refused uploads go."""

    url: str
    folder: Path
    quarantine: Settings

    def post(self, path: str = "/upload", **options: object) -> requests.Response:
        return self.send("POST", path, **options)

    def send(self, method: str, path: str = "/upload", **options: object) -> requests.Response:
        headers = {"Accept": "application/json"} | dict(options.pop("headers", {}))  # type: ignore[call-overload]
        return requests.request(method, self.url + path, headers=headers, timeout=30, **options)  # type: ignore[arg-type]

    def calls(self) -> int:
        """How often the application has been called with an upload."""
        return int(requests.get(self.url, timeout=60).json()["calls"])

    def cases(self) -> tuple[CaseInfo, ...]:
        return open_cases(self.quarantine).newest(1000)

    def spooled(self) -> list[Path]:
        """Files left in any spool folder; a spool has no name, so there should never be one."""
        return [file for spool in self.folder.rglob("spool") for file in spool.iterdir()]


def write_config(file: Path, sections: Mapping[str, Mapping[str, object]], **top: object) -> Path:
    """A TOML file; JSON's notation of plain values is TOML's too."""
    lines = [f"{key} = {json.dumps(value)}" for key, value in top.items()]
    for name, section in sections.items():
        lines += [f"[{name}]", *(f"{key} = {json.dumps(value)}" for key, value in section.items())]
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    # A site that asks a sidecar has no database, and does not come to have one.
    if "data_dir" in top and "service" not in sections:
        lay_schema(f"sqlite:///{file.parent / str(top['data_dir']) / 'upload_guard.sqlite3'}")
    return file


def key_of(config: Path, site: str = "default", *scopes: Scope) -> Credentials:
    """A new key for the sidecar that `config` sets up; a site's, unless scopes are given."""
    return open_keys(load_settings(config)).new(site, scopes or SITE_SCOPES, "tester")


def asking(url: str, key: Credentials) -> dict[str, object]:
    """The [service] section of a site that asks there."""
    return {"url": url, "key_id": key.key_id, "secret": key.secret}


def signature(key: Credentials, method: str, target: str, body: bytes = b"") -> dict[str, str]:
    """The header that a request is signed with."""
    digest = hashlib.sha256(body).hexdigest()
    return {"Authorization": sign(key, Request(method, target), digest).header()}


@dataclass(frozen=True, slots=True)
class Signs(AuthBase):
    """Signs whatever `requests` sends, of a body in memory."""

    key: Credentials

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        body = request.body or b""
        sent = body.encode() if isinstance(body, str) else body
        return Signing(self.key, hashlib.sha256(sent).hexdigest())(request)


@dataclass(frozen=True, slots=True)
class SidecarProcess:
    """A sidecar that runs: its address, its master process, and what it has written on standard error."""

    url: str
    process: subprocess.Popen[bytes]
    log: Path

    def workers(self) -> set[int]:
        """The process ids that answer requests."""
        return children(self.process.pid)

    def signal(self, number: int) -> None:
        self.process.send_signal(number)


def children(pid: int) -> set[int]:
    """Of this very process."""
    return {int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()}


@contextmanager
def held_port() -> Iterator[int]:
    """A port that nobody else is given as long as this lasts; whoever names it may listen there.

    For what starts late: `free_port` keeps one for a minute only, and a loaded machine takes longer.
    """
    with closing(socket.socket()) as held:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


@contextmanager
def sidecar(config: Path, at: int = 0, environment: Mapping[str, str] = NOTHING) -> Iterator[str]:
    """`upload-guard serve` over the data folder that `config` names, at a port or any; gives its address.

    One worker, unless its settings say something of the sidecar: what several share is shown where they do.
    """
    settings = config.read_text(encoding="utf-8")
    if "[sidecar]" not in settings:
        config.write_text(f"{settings}[sidecar]\nworkers = 1\n", encoding="utf-8")
    with sidecar_process(config, at, environment) as running_one:
        yield running_one.url


@contextmanager
def sidecar_process(
    config: Path, at: int = 0, environment: Mapping[str, str] = NOTHING
) -> Iterator[SidecarProcess]:
    """The same, for a test that has something to do with its processes."""
    port, certificate = at or free_port(), load_settings(config).sidecar.certificate
    url = f"{'https' if certificate else 'http'}://127.0.0.1:{port}"
    server = Server(
        name="sidecar",
        command=python("upload_guard", "--config", str(config), "serve", "--port", str(port)),
        environment=PATIENT | dict(environment),
        probe=f"{url}/live",
        log=config.with_suffix(".sidecar.log"),
        authority=certificate,
    )
    with running(server) as process:
        yield SidecarProcess(url, process, server.log)


def gunicorn(port: int, application: str) -> tuple[str, ...]:
    """The command that serves `application` under gunicorn."""
    return python(
        "gunicorn", "--no-control-socket", "--bind", f"127.0.0.1:{port}", "--threads", "4", application
    )


def waitress(port: int, application: str) -> tuple[str, ...]:
    """The same under waitress."""
    return python("waitress", "--listen", f"127.0.0.1:{port}", application)


@contextmanager
def guarded_site(
    config: Path,
    application: str = "tests.sites.recording:app",
    served_by: Callable[[int, str], tuple[str, ...]] = gunicorn,
    environment: Mapping[str, str] = NOTHING,
) -> Iterator[str]:
    """The application under a real server, its guard configured by `config`; gives its address."""
    port = free_port()
    server = Server(
        name="site",
        command=served_by(port, application),
        environment={"UPLOAD_GUARD_CONFIG": str(config), **environment},
        probe=f"http://127.0.0.1:{port}/",
        log=config.with_suffix(".site.log"),
    )
    with running(server):
        yield f"http://127.0.0.1:{port}"


@contextmanager
def embedded_site(folder: Path, **sections: Mapping[str, object]) -> Iterator[Site]:
    """A site that checks in its own process."""
    config = write_config(folder / "site.toml", _with_defaults(sections), data_dir="data")
    with guarded_site(config) as url:
        yield Site(url, folder, load_settings(config))


@contextmanager
def remote_site(folder: Path, **sections: Mapping[str, object]) -> Iterator[Site]:
    """A site that asks a sidecar, and that sidecar."""
    own = write_config(folder / "sidecar.toml", _with_defaults(sections), data_dir="data")
    with sidecar(own) as url:
        site = _with_defaults(sections) | {"service": asking(url, key_of(own))}
        config = write_config(folder / "site.toml", site, data_dir="site-data")
        with guarded_site(config) as site_url:
            yield Site(site_url, folder, load_settings(own))


def _with_defaults(sections: Mapping[str, Mapping[str, object]]) -> dict[str, Mapping[str, object]]:
    return {"trust": {"probation_hours": 0}, "intake": {"max_body": MAX_BODY}} | dict(sections)
