"""The pool's processes: one that dies is replaced, one that cannot work ends the scan."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from tests.scan.scanning import always
from tests.support import activate_listed_picture, eventually, picture_bytes, settings_in
from upload_guard.compose import open_database_of
from upload_guard.errors import CheckFailed
from upload_guard.scan.building import Manner, walk_of
from upload_guard.scan.chunks import Chunks
from upload_guard.scan.records import Column
from upload_guard.scan.scans import Order, Planner, Scans
from upload_guard.scan.summary import summary_of
from upload_guard.scan.workers import Workers
from upload_guard.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return settings_in(tmp_path)


@pytest.fixture
def chunks(settings: Settings, tmp_path: Path) -> Chunks:
    activate_listed_picture(settings)
    tree = tmp_path / "tree"
    tree.mkdir()
    picture = picture_bytes(20)
    for at in range(250):
        (tree / f"{at}.jpg").write_bytes(picture)
    walk = walk_of(str(tree), settings)
    database = open_database_of(settings)
    scan = Scans(database).begin(Order(walk.root, "shop", False, "ann"))
    Planner(database).plan(scan, walk, always)
    return Chunks(database, scan.id)


def test_a_worker_that_is_killed_is_replaced_and_nothing_is_lost(settings: Settings, chunks: Chunks) -> None:
    workers = Workers(settings, Manner("shop"), chunks)
    workers.start(1)
    try:
        (victim,) = workers.processes
        os.kill(victim, signal.SIGKILL)

        def done() -> bool:
            workers.tend()
            return chunks.advance().open_chunks == 0

        assert eventually(done)
        assert victim not in workers.processes
    finally:
        workers.end()
    assert summary_of(chunks.database, chunks.scan_id).counts == {Column.CLEAN: 250}


def test_a_worker_that_cannot_work_ends_the_scan(settings: Settings, chunks: Chunks, tmp_path: Path) -> None:
    nobody = settings.model_copy(
        update={"quarantine": settings.quarantine.model_copy(update={"vault": "nowhere://"})}
    )
    workers = Workers(nobody, Manner("shop", acting=True), chunks)
    workers.start(1)

    def tended() -> bool:
        workers.tend()
        return False

    try:
        with pytest.raises(CheckFailed, match="could not go on"):
            eventually(tended)
    finally:
        workers.end()
