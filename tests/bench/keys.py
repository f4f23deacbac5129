"""What a machine key costs each request: `make bench ARGS=keys`.

Beside the signature alone, and beside one row that the disk is waited for, as it is for a case.
"""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import text

from tests.bench.measure import Timing, print_columns, print_head, print_row
from tests.support import settings_in
from upload_guard.machine_keys.keys import SITE_SCOPES
from upload_guard.machine_keys.opening import open_for_door
from upload_guard.settings import Settings
from upload_guard.sidecar.auth import Doorkeeper
from upload_guard.signing import EMPTY_DIGEST, Credentials, Request, sign
from upload_guard.storage.database import open_database

TIMES = 500
ASKED = Request("POST", "/v1/check?site=blog")


def environ_of(key: Credentials) -> dict[str, Any]:
    return {
        "REQUEST_METHOD": ASKED.method,
        "RAW_URI": ASKED.target,
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_AUTHORIZATION": sign(key, ASKED, EMPTY_DIGEST).header(),
        "CONTENT_LENGTH": "0",
        "wsgi.input": io.BytesIO(),
    }


def doorkeeper(settings: Settings) -> Doorkeeper:
    return Doorkeeper(*open_for_door(settings), "never")


def timed(run: Callable[[], object]) -> Timing:
    clock, processor = [], []
    for _ in range(TIMES):
        cpu, wall = time.process_time(), time.perf_counter()
        run()
        clock.append(time.perf_counter() - wall)
        processor.append(time.process_time() - cpu)
    return Timing(clock, processor)


def admit_many(folder: Path, key: Credentials) -> float:
    """Seconds that this process needs to admit so many."""
    keeper = doorkeeper(settings_of(folder))
    keeper.admit(environ_of(key))
    begun = time.perf_counter()
    for _ in range(TIMES):
        keeper.admit(environ_of(key))
    return time.perf_counter() - begun


def settings_of(folder: Path) -> Settings:
    return settings_in(folder, limits={"rate": 1_000_000, "burst": 10_000_000})


def main() -> None:
    print_head("A machine key on each request")
    with TemporaryDirectory(prefix="upload-guard-bench-") as name:
        folder = Path(name)
        keeper = doorkeeper(settings_of(folder))
        key = keeper.keys.new("blog", SITE_SCOPES, "bench")
        database = open_database(settings_of(folder).database_url)
        with database.session() as session:
            session.execute(text("CREATE TABLE one (id INTEGER PRIMARY KEY, value TEXT)"))

        def put_a_row() -> None:
            with database.session() as session:
                session.execute(text("INSERT INTO one (value) VALUES (:value)"), {"value": "x" * 32})

        rows = {
            "sign and compare": lambda: sign(key, ASKED, EMPTY_DIGEST).is_right(key.secret, ASKED),
            "put one row into this database": put_a_row,
            "admit a signed request": lambda: keeper.admit(environ_of(key)),
        }
        found = {title: timed(run) for title, run in rows.items()}
        print_columns("each", "takes")
        for title, timing in found.items():
            print_row(title, timing)
        one_row = found["put one row into this database"].median
        print(f"\nadmitting takes {found['admit a signed request'].median / one_row:.1f} times one row")
        for workers in (1, 2):
            with ProcessPoolExecutor(workers) as pool:
                longest = max(pool.map(admit_many, [folder] * workers, [key] * workers))
            print(f"{workers} processes admit {workers * TIMES / longest:,.0f} requests a second")


if __name__ == "__main__":
    main()
