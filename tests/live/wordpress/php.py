"""PHP of Debian's packages, unpacked and not installed: command line, its own web server, FPM."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import requests

from tests.debian import Unpacked, programs_of
from tests.serving import NOTHING
from upload_guard.demo.servers import Server, free_port, running

VERSION = "8.2"
PACKAGES = tuple(
    f"php{VERSION}-{part}"
    for part in ("cli", "fpm", "opcache", "sqlite3", "gd", "curl", "mbstring", "xml", "zip", "mysql")
)
# In this order, since some need others.
EXTENSIONS = [
    "ctype",
    "tokenizer",
    "dom",
    "fileinfo",
    "iconv",
    "mbstring",
    "pdo",
    "pdo_sqlite",
    "sqlite3",
    "mysqlnd",
    "mysqli",
    "gd",
    "curl",
    "xml",
    "simplexml",
    "xmlreader",
    "xmlwriter",
    "posix",
    "zip",
    "phar",
    "exif",
]


@dataclass(frozen=True, slots=True)
class Php:
    """One PHP, with `settings` as php.ini has them."""

    unpacked: Unpacked
    settings: Mapping[str, str] = field(default_factory=dict)
    without: frozenset[str] = frozenset()

    @property
    def environment(self) -> dict[str, str]:
        return self.unpacked.environment

    @property
    def program(self) -> str:
        return self.unpacked.program(f"usr/bin/php{VERSION}")

    @property
    def fpm(self) -> str:
        return self.unpacked.program(f"usr/sbin/php-fpm{VERSION}")

    def options(self) -> list[str]:
        (modules,) = self.unpacked.root.glob("usr/lib/php/20*")
        loaded = [name for name in EXTENSIONS if name not in self.without]
        values = {"memory_limit": "256M", "upload_max_filesize": "64M", "post_max_size": "80M"} | dict(
            self.settings
        )
        return [
            "-n",
            f"-dextension_dir={modules}",
            *(f"-dextension={name}" for name in loaded),
            *(f"-d{name}={value}" for name, value in values.items()),
        ]

    def run(
        self, *arguments: str | Path, environment: Mapping[str, str] = NOTHING, code: int | None = 0
    ) -> subprocess.CompletedProcess[str]:
        """Run a script; `code` is the exit code it must end with, if that matters."""
        done = subprocess.run(
            [self.program, *self.options(), *arguments],
            env=self.environment | dict(environment),
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )
        assert code is None or done.returncode == code, done.stdout + done.stderr
        return done

    @contextmanager
    def serving(self, folder: Path, log: Path, port: int = 0) -> Iterator[str]:
        """PHP's own web server over a folder; gives its address."""
        port = port or free_port()
        server = Server(
            name="php",
            command=(self.program, *self.options(), "-S", f"localhost:{port}", "-t", str(folder)),
            environment=self.environment | {"PHP_CLI_SERVER_WORKERS": "4"},
            probe=f"http://localhost:{port}/license.txt",
            log=log,
        )
        with running(server) as process:
            try:
                yield f"http://localhost:{port}"
            finally:
                # Its workers outlive it, unless all of its group are told.
                os.killpg(process.pid, signal.SIGTERM)


@cache
def php(**settings: str) -> Php:
    """The PHP that tests use; fetched once."""
    return Php(programs_of(*PACKAGES), settings)


def quiet(session: requests.Session) -> requests.Session:
    """One that knows no proxies: everything is on this machine."""
    session.trust_env = False
    return session
