"""A scan that was interrupted is gone on with; its plan holds each file once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest

from tests.scan.scanning import always
from upload_guard.errors import UsageError
from upload_guard.scan.chunks import Chunks, claimant
from upload_guard.scan.folders import STDIN, FolderWalk
from upload_guard.scan.records import ScanState
from upload_guard.scan.scans import FILES_A_CHUNK, Order, Planner, Scans
from upload_guard.storage.database import Database, open_database

ORDER = Order("file:///srv", "shop", False, "ann")


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return open_database(f"sqlite:///{tmp_path / 'rows.sqlite3'}")


def planned_locators(database: Database, number: int) -> Iterator[str]:
    chunks = Chunks(database, number)
    while claimed := chunks.claim(claimant()):
        yield from (item.locator for item in claimed.items)


def test_an_interrupted_scan_is_gone_on_with(database: Database) -> None:
    scans = Scans(database)
    assert scans.begin(ORDER).id == scans.begin(ORDER).id


@pytest.mark.parametrize(
    "other",
    [replace(ORDER, acting=True), replace(ORDER, site="blog"), replace(ORDER, root="file:///home")],
    ids=["acting", "site", "root"],
)
def test_a_scan_of_another_kind_is_another_one(database: Database, other: Order) -> None:
    scans = Scans(database)
    assert scans.begin(ORDER).id != scans.begin(other).id


def test_a_scan_begun_anew_leaves_the_old_one(database: Database) -> None:
    scans = Scans(database)
    old = scans.begin(ORDER)
    new = scans.begin(ORDER, anew=True)
    assert new.id != old.id
    assert scans.get(old.id).state == ScanState.LEFT


def test_paths_of_standard_input_are_always_a_scan_of_their_own(database: Database) -> None:
    scans, order = Scans(database), replace(ORDER, root=STDIN)
    assert scans.begin(order).id != scans.begin(order).id


def test_one_that_ended_is_done(database: Database) -> None:
    scans = Scans(database)
    first = scans.begin(ORDER)
    scans.end(first.id)
    assert scans.get(first.id).state == ScanState.DONE
    assert scans.begin(ORDER).id != first.id


def test_there_is_no_scan_that_never_was(database: Database) -> None:
    with pytest.raises(UsageError, match="no scan 7"):
        Scans(database).get(7)


def test_a_plan_that_was_interrupted_holds_each_file_once(database: Database, tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    for at in range(3 * FILES_A_CHUNK + 7):
        (tree / f"{at}.jpg").touch()
    walk = FolderWalk(tree)
    scans = Scans(database)
    begun = scans.begin(replace(ORDER, root=walk.root))
    portions = count()
    Planner(database).plan(begun, walk, lambda: next(portions) < 2)
    assert Chunks(database, begun.id).advance().planned == 2 * FILES_A_CHUNK
    again = scans.begin(replace(ORDER, root=walk.root))
    Planner(database).plan(again, walk, always)
    found = list(planned_locators(database, begun.id))
    assert len(found) == len(set(found)) == 3 * FILES_A_CHUNK + 7
    assert scans.get(begun.id).state == ScanState.CHECKING
