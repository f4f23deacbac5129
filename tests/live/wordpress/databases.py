"""What a site keeps its rows in: a file of SQLite by the drop-in, or a real MariaDB."""

from __future__ import annotations

import getpass
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from tests.debian import programs_of


class Database(Protocol):
    """Rows as a test sees them, around WordPress."""

    def rows(self, statement: str) -> list[tuple[str, ...]]: ...


@dataclass(frozen=True, slots=True)
class Sqlite:
    """The drop-in's file."""

    file: Path

    def rows(self, statement: str) -> list[tuple[str, ...]]:
        # Its own 5 s are little where PHP writes and the machine is loaded.
        with closing(sqlite3.connect(self.file, timeout=60)) as database, database:
            return [tuple(map(str, row)) for row in database.execute(statement)]


@dataclass(frozen=True, slots=True)
class MariaDb:
    """A server of its own on a socket."""

    socket: Path

    def rows(self, statement: str) -> list[tuple[str, ...]]:
        programs = programs_of("mariadb-server")
        command = [
            programs.program("usr/bin/mariadb"),
            "--no-defaults",
            f"--socket={self.socket}",
            "--user=root",
        ]
        done = subprocess.run(
            [*command, "--batch", "--skip-column-names", "wordpress", "--execute", statement],
            env=programs.environment,
            capture_output=True,
            text=True,
            check=True,
        )
        return [tuple(line.split("\t")) for line in done.stdout.splitlines()]


@contextmanager
def mariadb(folder: Path) -> Iterator[MariaDb]:
    """A MariaDB with an empty database `wordpress`, where root needs no password."""
    folder.mkdir(exist_ok=True)
    programs = programs_of("mariadb-server")
    usr = programs.root / "usr"
    mine = (
        f"--datadir={folder / 'data'}",
        f"--user={getpass.getuser()}",
        f"--lc-messages-dir={usr}/share/mysql",
    )
    install = [programs.program("usr/bin/mariadb-install-db"), "--no-defaults", f"--basedir={usr}", *mine]
    options = ("--auth-root-authentication-method=normal", "--skip-test-db")
    subprocess.run([*install, *options], env=programs.environment, capture_output=True, check=True)
    socket = folder / "db.sock"
    (folder / "init.sql").write_text("CREATE DATABASE wordpress CHARACTER SET utf8mb4;\n")
    server = [programs.program("usr/sbin/mariadbd"), "--no-defaults", f"--basedir={usr}", *mine]
    alone = (
        "--skip-networking",
        f"--socket={socket}",
        f"--pid-file={folder / 'pid'}",
        "--innodb-buffer-pool-size=32M",
    )
    with (folder / "mariadb.log").open("wb") as log:
        process = subprocess.Popen(
            [*server, *alone, f"--init-file={folder / 'init.sql'}", f"--plugin-dir={usr}/lib/mysql/plugin"],
            env=programs.environment,
            stdout=log,
            stderr=log,
        )
    try:
        deadline = time.monotonic() + 60
        while not socket.exists():
            assert process.poll() is None, (folder / "mariadb.log").read_text()[-2000:]
            assert time.monotonic() < deadline, "MariaDB did not start"
            time.sleep(0.1)
        yield MariaDb(socket)
    finally:
        process.terminate()
        process.wait(timeout=60)
