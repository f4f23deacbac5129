"""The snapshot in force: what changes, what stays when loading fails, threads and forks."""

from __future__ import annotations

import gc
import os
import threading
import time
import weakref
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

import pytest
from sqlalchemy import text

from tests.matching.building import Complete, added, entry_of
from tests.support import activate_list, damage_lists, eventually, settings_in
from upload_guard.compose import open_lists
from upload_guard.errors import ListError, NotReady, SnapshotDamaged, StorageFailed
from upload_guard.lists.formats import ListedHash
from upload_guard.lists.importing import ImportOrder
from upload_guard.matching import live as live_module
from upload_guard.matching.delta import Delta
from upload_guard.matching.live import LiveSnapshot
from upload_guard.matching.snapshot import Snapshot
from upload_guard.records import SignalType

ONE = [ListedHash(SignalType.MD5, bytes(range(16)))]
TWO = [*ONE, ListedHash(SignalType.MD5, bytes(range(1, 17)))]
OFTEN = 0.02


@dataclass
class Shelf(Complete):
    """A source of snapshots in memory: of a number of entries, perhaps at fault, perhaps slow."""

    size: int = 1
    fault: Exception | None = None
    loads: int = 0
    looks: int = 0
    open: threading.Event = field(default_factory=threading.Event)
    loading: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.open.set()

    def generation(self) -> str:
        self.looks += 1
        return f"generation {self.size}"

    def load(self, before: Snapshot | None) -> Snapshot:
        self.loads += 1
        self.loading.set()
        assert self.open.wait(60)
        if self.fault:
            raise self.fault
        entries = [entry_of(SignalType.MD5, bytes([number]) * 16) for number in range(self.size)]
        delta = Delta([added(at, entry) for at, entry in enumerate(entries, 1)], {"list": 3})
        return Snapshot(f"generation {self.size}", None, delta)


def wait_until(true: Callable[[], bool]) -> None:
    assert eventually(true), "it did not happen"


def test_nothing_is_loaded_before_the_first_use() -> None:
    shelf = Shelf()
    live = LiveSnapshot(shelf)
    assert shelf.loads == 0
    assert live().size == 1


def test_it_is_not_ready_until_something_could_be_loaded() -> None:
    shelf = Shelf(fault=ListError("list.jsonl: is damaged"))
    live = LiveSnapshot(shelf, OFTEN)
    for _ in range(2):
        with pytest.raises(NotReady, match=r"list\.jsonl: is damaged"):
            live()
    assert live.fault == "list.jsonl: is damaged"
    shelf.fault = None
    wait_until(lambda: live.fault == "")
    assert live().size == 1


def test_an_empty_set_of_lists_is_ready(tmp_path: Path) -> None:
    assert LiveSnapshot(open_lists(settings_in(tmp_path)))().size == 0


def test_a_new_generation_is_picked_up_within_about_a_second(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        time.sleep(seconds)

    monkeypatch.setattr(live_module, "time", SimpleNamespace(sleep=sleep, time=time.time))
    settings = settings_in(tmp_path)
    activate_list(settings, ONE)
    live = LiveSnapshot(open_lists(settings))
    before = live()
    assert before.size == 1
    activate_list(settings, TWO)
    wait_until(lambda: live().size == 2)
    # Between two looks there is nothing else.
    assert max(slept) < 1
    assert live().generation != before.generation
    assert before.size == 1


def test_calls_neither_look_nor_load() -> None:
    shelf = Shelf()
    live = LiveSnapshot(shelf, look_every=60)
    first = live()
    assert all(live() is first for _ in range(1000))
    assert (shelf.loads, shelf.looks) == (1, 1)


def test_the_same_generation_is_not_loaded_again() -> None:
    shelf = Shelf()
    live = LiveSnapshot(shelf, OFTEN)
    first = live()
    wait_until(lambda: shelf.looks > 3)
    assert live() is first
    assert shelf.loads == 1


def test_the_last_good_one_stays_when_loading_fails(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    settings = settings_in(tmp_path)
    activate_list(settings, ONE)
    lists = open_lists(settings)
    live = LiveSnapshot(lists, OFTEN)
    good = live()
    # A change of versions whose snapshot is nowhere, as in a copied database.
    lists.import_version(ImportOrder("test-list", "test", "baseline", None, "tester"), TWO)
    damage_lists(settings)
    with lists.database.session() as session:
        session.execute(text("UPDATE hash_lists SET active_number = 2"))
    wait_until(lambda: "is damaged" in live.fault)
    assert live() is good
    assert "ALARM" in caplog.text


def test_the_last_good_one_stays_when_the_database_fails() -> None:
    class Database(Shelf):
        gone = False

        def generation(self) -> str:
            if self.gone:
                raise StorageFailed("database: is gone")
            return super().generation()

    shelf = Database()
    live = LiveSnapshot(shelf, OFTEN)
    good = live()
    shelf.gone = True
    wait_until(lambda: live.fault != "")
    assert live() is good
    assert live.fault == "database: is gone"


def test_a_fault_that_nobody_thought_of_does_not_end_the_looking() -> None:
    shelf = Shelf(fault=ZeroDivisionError())
    live = LiveSnapshot(shelf, OFTEN)
    with pytest.raises(NotReady, match="ZeroDivisionError"):
        live()
    shelf.fault = None
    wait_until(lambda: live.fault == "")
    assert live().size == 1


def test_a_fault_that_lasts_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    shelf = Shelf(fault=ListError("damaged"))
    live = LiveSnapshot(shelf, OFTEN)
    with pytest.raises(NotReady):
        live()
    wait_until(lambda: shelf.loads > 4)
    assert caplog.text.count("ALARM") == 1


@dataclass
class Lacking(Shelf):
    """A shelf where the second generation has to be built, which goes on until `built` or fails."""

    builds: int = 0
    fails: bool = False
    carried: int = 0
    built: threading.Event = field(default_factory=threading.Event)

    def load(self, before: Snapshot | None) -> Snapshot:
        if self.size > 1 and not self.built.is_set():
            self.loads += 1
            raise SnapshotDamaged("it is not there")
        return super().load(before)

    def carry_on(self, before: Snapshot) -> Snapshot:
        self.carried += 1
        return Snapshot(f"carried {self.size}")

    def mend(self) -> None:
        self.builds += 1
        if self.fails:
            raise ListError("list.jsonl: is damaged")
        assert self.built.wait(60)


def test_while_the_next_one_is_built_changes_act_on_the_one_in_use() -> None:
    shelf = Lacking()
    live = LiveSnapshot(shelf, OFTEN)
    assert live().generation == "generation 1"
    for size in (2, 3):
        shelf.size = size
        wait_until(lambda size=size: live().generation == f"carried {size}")
        assert live.fault == "it is not there"
    shelf.built.set()
    wait_until(lambda: live().generation == "generation 3")
    wait_until(lambda: live.fault == "")
    assert shelf.builds == 1


def test_what_cannot_be_built_is_not_tried_without_pause_and_changes_act_meanwhile() -> None:
    shelf = Lacking(fails=True)
    live = LiveSnapshot(shelf, OFTEN)
    live()
    shelf.size = 2
    # Once at the start, once as it was found missing, and once after the attempt to build it.
    wait_until(lambda: shelf.loads == 3)
    looks = shelf.looks
    wait_until(lambda: shelf.looks > looks + 5)
    assert (shelf.builds, shelf.loads, live.fault) == (1, 3, "list.jsonl: is damaged")
    shelf.size = 3
    wait_until(lambda: live().generation == "carried 3")
    assert (shelf.builds, live.fault) == (1, "list.jsonl: is damaged")


def test_it_is_tried_again_after_the_pause_and_used_once_it_is_there() -> None:
    shelf = Lacking(fails=True)
    live = LiveSnapshot(shelf, OFTEN, first_pause=0.01)
    live()
    shelf.size = 2
    wait_until(lambda: shelf.builds > 2)
    shelf.built.set()
    wait_until(lambda: live().generation == "generation 2")
    wait_until(lambda: live.fault == "")


def test_nothing_is_clean_before_what_is_missing_at_the_start_is_built() -> None:
    shelf = Lacking(size=2, fails=True)
    live = LiveSnapshot(shelf, OFTEN, first_pause=0.01)
    with pytest.raises(NotReady, match=r"it is not there|is damaged"):
        live()
    assert shelf.carried == 0
    shelf.built.set()
    wait_until(lambda: live.fault == "")
    assert live().size == 2


def test_the_first_uploads_wait_while_what_is_missing_is_built() -> None:
    shelf = Lacking(size=2)
    live = LiveSnapshot(shelf, OFTEN)
    with ThreadPoolExecutor(1) as threads:
        call = threads.submit(live)
        wait_until(lambda: shelf.builds == 1)
        shelf.built.set()
        assert call.result(timeout=60).size == 2


def test_a_retraction_acts_where_the_active_lists_cannot_be_built(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    activate_list(settings, TWO)
    lists = open_lists(settings)
    live = LiveSnapshot(lists, OFTEN)
    assert live().size == 2
    lists.import_version(ImportOrder("other", "test", "baseline", "test", "tester"), ONE)
    (lists.folder / "other" / "000001.jsonl").unlink()
    with lists.database.session() as session:
        session.execute(text("UPDATE hash_lists SET active_number = 1"))
    lists.retract("test-list", ONE, "tester")
    wait_until(lambda: live().size == 1)
    wait_until(lambda: "000001.jsonl" in live.fault)


def test_many_threads_at_the_start_load_once_and_share() -> None:
    shelf = Shelf()
    shelf.open.clear()
    live = LiveSnapshot(shelf, OFTEN)
    with ThreadPoolExecutor(8) as threads:
        calls = [threads.submit(live) for _ in range(8)]
        assert shelf.loading.wait(60)
        shelf.open.set()
        found = {id(call.result(timeout=60)) for call in calls}
    assert len(found) == 1
    assert shelf.loads == 1


def test_nobody_waits_while_the_next_one_is_loaded() -> None:
    shelf = Shelf()
    live = LiveSnapshot(shelf, OFTEN)
    old = live()
    shelf.loading.clear()
    shelf.open.clear()
    shelf.size = 2
    assert shelf.loading.wait(60)
    assert live() is old
    shelf.open.set()
    wait_until(lambda: live() is not old)
    assert live().size == 2


def test_who_comes_before_the_first_one_is_loaded_is_told_to_come_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("upload_guard.matching.live._PATIENCE", 0.05)
    shelf = Shelf()
    shelf.open.clear()
    live = LiveSnapshot(shelf, OFTEN)
    with pytest.raises(NotReady, match="being read or built"):
        live()
    shelf.open.set()
    wait_until(lambda: shelf.looks > 0)
    assert live().size == 1


def test_a_forked_child_looks_for_itself() -> None:
    shelf = Shelf()
    live = LiveSnapshot(shelf, OFTEN)
    live()
    child = os.fork()
    if child == 0:
        shelf.size = 2
        live()
        eventually(lambda: live().size == 2)
        os._exit(live().size)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 2
    assert live().size == 1


def test_the_thread_ends_with_the_object() -> None:
    live = LiveSnapshot(Shelf(), OFTEN)
    live()
    thread = live._thread
    assert thread is not None
    gone = weakref.ref(live)
    del live
    wait_until(lambda: gc.collect() >= 0 and gone() is None)
    thread.join(60)
    assert not thread.is_alive()


def test_an_old_snapshot_is_let_go_when_its_last_holder_is(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    activate_list(settings, ONE)
    live = LiveSnapshot(open_lists(settings), OFTEN)
    held = live()
    old = weakref.ref(held.files.tables[SignalType.MD5]._values) if held.files else None
    assert old is not None
    activate_list(settings, TWO)
    wait_until(lambda: live().size == 2)
    assert held.size == 1
    assert old() is not None
    del held
    wait_until(lambda: gc.collect() >= 0 and old() is None)
