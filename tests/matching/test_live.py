"""The snapshot in force: what changes, what stays when loading fails, and threads."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.support import activate_list, settings_in
from upload_guard.compose import open_lists
from upload_guard.errors import ListError, NotReady, StorageFailed
from upload_guard.lists.formats import ListedHash
from upload_guard.matching.live import LiveSnapshot
from upload_guard.records import Entry, SignalType

SINCE = datetime(2026, 1, 1, tzinfo=UTC)
ONE = [ListedHash(SignalType.MD5, bytes(16))]
TWO = [*ONE, ListedHash(SignalType.MD5, b"\x01" * 16)]


@dataclass
class Shelf:
    """A source of entries in memory: of a number of entries, perhaps at fault, perhaps slow."""

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

    def load(self) -> tuple[str, Iterator[Entry]]:
        return f"generation {self.size}", self._entries()

    def _entries(self) -> Iterator[Entry]:
        self.loads += 1
        self.loading.set()
        assert self.open.wait(10)
        for number in range(self.size):
            yield Entry("list", 1, "o", "baseline", SignalType.MD5, bytes([number]) * 16, SINCE, number)
            if self.fault:
                raise self.fault


def wait_until(true: Callable[[], bool], seconds: float = 3.0) -> float:
    """Seconds until `true` holds; fails if it does not."""
    start = time.monotonic()
    while not true():
        assert time.monotonic() - start < seconds, "it did not happen in time"
        time.sleep(0.05)
    return time.monotonic() - start


def test_nothing_is_loaded_before_the_first_use() -> None:
    shelf = Shelf()
    live = LiveSnapshot(shelf)
    assert shelf.loads == 0
    assert live().size == 1


def test_it_is_not_ready_until_something_could_be_loaded() -> None:
    shelf = Shelf(fault=ListError("list.jsonl: is damaged"))
    live = LiveSnapshot(shelf)
    for _ in range(2):
        with pytest.raises(NotReady, match=r"list\.jsonl: is damaged"):
            live()
    assert live.fault == "list.jsonl: is damaged"
    shelf.fault = None
    assert live().size == 1
    assert live.fault == ""


def test_half_a_load_is_no_snapshot() -> None:
    shelf = Shelf(size=2, fault=ListError("the second line"))
    with pytest.raises(NotReady):
        LiveSnapshot(shelf)()


def test_an_empty_set_of_lists_is_ready(tmp_path: Path) -> None:
    assert LiveSnapshot(open_lists(settings_in(tmp_path)))().size == 0


def test_a_new_generation_is_picked_up_within_about_a_second(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    activate_list(settings, ONE)
    live = LiveSnapshot(open_lists(settings))
    before = live()
    assert before.size == 1
    activate_list(settings, TWO)
    assert wait_until(lambda: live().size == 2) < 2
    assert live().generation != before.generation
    assert before.size == 1


def test_looking_for_a_new_generation_is_not_done_at_every_call() -> None:
    shelf = Shelf()
    live = LiveSnapshot(shelf)
    first = live()
    assert all(live() is first for _ in range(1000))
    assert (shelf.loads, shelf.looks) == (1, 0)


def test_the_same_generation_is_not_loaded_again() -> None:
    shelf = Shelf()
    live = LiveSnapshot(shelf)
    first = live()
    wait_until(lambda: live() is not None and shelf.looks == 1)
    assert live() is first
    assert shelf.loads == 1


def test_the_last_good_one_stays_when_loading_fails(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    settings = settings_in(tmp_path)
    activate_list(settings, ONE)
    live = LiveSnapshot(open_lists(settings))
    good = live()
    activate_list(settings, TWO)
    newest = max(settings.lists_dir.glob("*/*.jsonl"))
    kept = newest.read_bytes()
    newest.write_bytes(b"damaged")
    wait_until(lambda: live() is not good or live.fault != "")
    assert live() is good
    assert "is damaged" in live.fault
    assert "ALARM" in caplog.text
    newest.write_bytes(kept)
    wait_until(lambda: live().size == 2)
    assert live.fault == ""


def test_the_last_good_one_stays_when_the_database_fails() -> None:
    class Gone(Shelf):
        def generation(self) -> str:
            raise StorageFailed("database: is gone")

    live = LiveSnapshot(Gone())
    good = live()
    wait_until(lambda: live() is not good or live.fault != "")
    assert live() is good
    assert live.fault == "database: is gone"


def test_a_fault_that_lasts_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    live = LiveSnapshot(Shelf(fault=ListError("damaged")))
    for _ in range(5):
        with pytest.raises(NotReady):
            live()
    assert caplog.text.count("ALARM") == 1


def test_many_threads_at_the_start_load_once_and_share() -> None:
    shelf = Shelf()
    shelf.open.clear()
    live = LiveSnapshot(shelf)
    with ThreadPoolExecutor(8) as threads:
        calls = [threads.submit(live) for _ in range(8)]
        assert shelf.loading.wait(5)
        shelf.open.set()
        found = {id(call.result(timeout=5)) for call in calls}
    assert len(found) == 1
    assert shelf.loads == 1


def test_who_comes_while_another_thread_loads_goes_on_with_what_is_there() -> None:
    shelf = Shelf()
    live = LiveSnapshot(shelf)
    old = live()
    shelf.size = 2
    shelf.loading.clear()
    shelf.open.clear()
    with ThreadPoolExecutor(1) as thread:
        wait_until(lambda: time.monotonic() - live._looked_at > 1)
        loading = thread.submit(live)
        assert shelf.loading.wait(5)
        try:
            assert live() is old
        finally:
            shelf.open.set()
        assert loading.result(timeout=5).size == 2
    assert live().size == 2
