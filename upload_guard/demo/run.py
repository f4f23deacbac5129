"""Sets the demonstration up in a throw-away folder and runs it."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from upload_guard import demo
from upload_guard.compose import open_cases, open_lists
from upload_guard.demo.pictures import jpeg, landscape
from upload_guard.demo.servers import Server, free_port, python, running
from upload_guard.demo.uploads import LISTED_SEEDS, Row, samples, send
from upload_guard.digests import Sha256Digester
from upload_guard.imaging.pdq import pdq
from upload_guard.lists.formats import read_hashes
from upload_guard.lists.importing import ImportOrder
from upload_guard.machine_keys.keys import SITE_SCOPES
from upload_guard.machine_keys.opening import open_keys
from upload_guard.settings import Settings
from upload_guard.signing import Credentials


@dataclass(frozen=True, slots=True)
class Demo:
    """A running demonstration: where its parts are."""

    folder: Path
    sidecar: str
    site: str
    settings: Settings

    def upload_all(self) -> tuple[Row, ...]:
        cases = open_cases(self.settings)
        return tuple(send(sample, self.site, self.folder / "site", cases) for sample in samples())


@contextmanager
def started(folder: Path) -> Iterator[Demo]:
    """List imported and activated, sidecar and site up. Ends both; the folder is the caller's."""
    port, site_port = free_port(), free_port()
    sidecar, site = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{site_port}"
    # No bank knows a list's errors in its first day, so entries usually wait; here there is no day.
    own = _write(folder / "sidecar.toml", f'data_dir = "data"\n[trust]\nprobation_hours = 0\n{_port(port)}')
    settings = Settings.model_validate(tomllib.loads(own.read_text())).resolved_against(folder)
    key = open_keys(settings).new("demo", SITE_SCOPES, "demo")
    asking = _write(folder / "site.toml", f'data_dir = "site-data"\nsite = "demo"\n{_service(sidecar, key)}')
    _import_list(settings, folder)
    with running(_sidecar(own, sidecar, folder)), running(_site(asking, site_port, folder)):
        yield Demo(folder, sidecar, site, settings)


def _sidecar(config: Path, address: str, folder: Path) -> Server:
    return Server(
        name="sidecar",
        command=python("upload_guard", "--config", str(config), "serve"),
        environment={},
        probe=f"{address}/healthz",
        log=folder / "sidecar.log",
    )


def _site(config: Path, port: int, folder: Path) -> Server:
    return Server(
        name="example site",
        command=python(
            "gunicorn",
            "--no-control-socket",
            "--bind",
            f"127.0.0.1:{port}",
            "--threads",
            "4",
            "--chdir",
            str(_example_folder()),
            "flask_site:app",
        ),
        environment={"UPLOAD_GUARD_CONFIG": str(config), "SITE_UPLOADS": str(folder / "site")},
        probe=f"http://127.0.0.1:{port}/",
        log=folder / "site.log",
    )


def _example_folder() -> Path:
    """Where flask_site.py is: in a wheel beside this module, in a clone among the examples."""
    packaged = Path(demo.__file__).parent
    if (packaged / "flask_site.py").is_file():
        return packaged
    return packaged.parents[1] / "examples"


def _port(port: int) -> str:
    return f"[sidecar]\nport = {port}\n"


def _service(address: str, key: Credentials) -> str:
    given = {"url": address, "key_id": key.key_id, "secret": key.secret}
    return "\n".join(["[service]", *(f"{name} = {json.dumps(value)}" for name, value in given.items()), ""])


def _write(file: Path, text: str) -> Path:
    file.write_text(text, encoding="utf-8")
    return file


def _import_list(settings: Settings, folder: Path) -> None:
    """Two drawn pictures as a hash list, through the same steps as any list."""
    file = _write(folder / "demo-list.txt", "\n".join(_list_lines()) + "\n")
    lists = open_lists(settings)
    order = ImportOrder("demo", file.name, "baseline", "the demo itself", "demo")
    version = lists.import_version(order, read_hashes(file))
    lists.activate("demo", version.number, "demo")


def _list_lines() -> Iterator[str]:
    yield "# Two benign pictures, drawn by upload_guard/demo/pictures.py."
    for seed in LISTED_SEEDS:
        picture = landscape(seed)
        digester = Sha256Digester()
        digester.update(jpeg(picture))
        yield f"sha256 {digester.finish().sha256.hex()}"
        yield f"pdq {pdq(np.asarray(picture.convert('L'))).value.hex()}"
