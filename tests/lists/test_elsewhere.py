"""Building in a process of its own: once, whole, and not in the way when it was killed."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

from tests.support import activate_list, settings_in
from upload_guard.compose import open_lists
from upload_guard.errors import StorageFailed
from upload_guard.lists.elsewhere import Places, build_elsewhere
from upload_guard.lists.formats import ListedHash
from upload_guard.lists.store import ListStore
from upload_guard.records import SignalType

COUNT = 20_000


@pytest.fixture
def lists(tmp_path: Path) -> ListStore:
    """Twenty thousand active hashes whose snapshot is gone."""
    settings = settings_in(tmp_path)
    rng = np.random.default_rng(2)
    activate_list(settings, [ListedHash(SignalType.PDQ, rng.bytes(32)) for _ in range(COUNT)])
    shutil.rmtree(settings.snapshots_dir)
    return open_lists(settings)


def places(lists: ListStore) -> Places:
    return Places(str(lists.database.engine.url), str(lists.folder), str(lists.snapshots.folder))


def started(lists: ListStore) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-m", "upload_guard.lists.elsewhere"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    process.stdin.write(json.dumps(asdict(places(lists))))
    process.stdin.close()
    return process


def left(lists: ListStore) -> list[str]:
    return [path.name for path in lists.snapshots.folder.glob("*-*-*")]


def test_what_is_in_force_is_built(lists: ListStore) -> None:
    build_elsewhere(places(lists))
    assert lists.verify().size == COUNT


def test_several_at_once_build_it_once(lists: ListStore) -> None:
    building = [started(lists) for _ in range(3)]
    assert [process.wait(60) for process in building] == [0, 0, 0]
    assert len(left(lists)) == 1
    assert lists.verify().size == COUNT
    for process in building:
        assert process.stdout is not None
        process.stdout.close()


def test_one_killed_while_building_leaves_nothing_that_would_be_taken(lists: ListStore) -> None:
    with started(lists) as process:
        deadline = time.monotonic() + 60
        while not list(lists.snapshots.folder.glob("*.part/*.spool")):
            assert time.monotonic() < deadline
            assert process.poll() is None
        process.kill()
    assert [name.endswith(".part") for name in left(lists)] == [True]
    lists.mend()
    assert lists.load().size == COUNT
    assert [name.endswith(".part") for name in left(lists)] == [False]


def test_a_folder_that_takes_nothing_is_said_in_its_own_words(lists: ListStore) -> None:
    lists.snapshots.folder.write_text("a file")
    with pytest.raises(StorageFailed, match="snapshots"):
        build_elsewhere(places(lists))


def test_a_process_that_dies_without_a_word_is_a_storage_fault(lists: ListStore) -> None:
    with pytest.raises(StorageFailed, match="ended with code 1"):
        build_elsewhere(Places("no url", str(lists.folder), str(lists.snapshots.folder)))
