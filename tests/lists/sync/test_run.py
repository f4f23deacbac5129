"""Runs: what becomes of pages, and of a run that fails."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.lists.sync.exchanges import Written, md5, numbers, page
from tests.support import settings_in
from upload_guard.compose import exchange_states, known_categories, open_lists
from upload_guard.errors import (
    CheckpointLost,
    ListError,
    ListHeld,
    StagingDamaged,
    SyncBusy,
    UploadGuardError,
    UpstreamUnreachable,
)
from upload_guard.lists.formats import ListedHash
from upload_guard.lists.importing import ImportOrder
from upload_guard.lists.sync.exchange import Page, Record
from upload_guard.lists.sync.rows import ExchangeState, Stage
from upload_guard.lists.sync.run import FOLDER, Sync, SyncOrder, SyncReport
from upload_guard.lists.versions import Way
from upload_guard.settings import Settings
from upload_guard.storage.locks import exclusive_lock

MANY = range(1, 21)


@dataclass
class Fetched:
    """A list "icse" and its exchange."""

    settings: Settings
    exchange: Written
    manual: bool = False
    category: str | None = "baseline"

    def __post_init__(self) -> None:
        self.lists = open_lists(self.settings)

    def run(self) -> SyncReport:
        order = SyncOrder("icse", "interpol", self.category, "ann", self.manual)
        return Sync(self.exchange, self.lists, order, known_categories(self.settings, "icse")).run()

    def fails(self, kind: type[UploadGuardError], words: str | None = None) -> None:
        with pytest.raises(kind, match=words):
            self.run()

    def gives(self, *pages: Page | None) -> None:
        self.exchange.pages_ = list(pages)

    @property
    def state(self) -> ExchangeState:
        return exchange_states(self.settings)["icse"]

    @property
    def acting(self) -> list[int]:
        return numbers(self.lists.order().entries())

    @property
    def versions(self) -> list[int]:
        return [one.number for one in self.lists.versions()]


@pytest.fixture
def new(tmp_path: Path) -> Fetched:
    """Never fetched yet."""
    return Fetched(settings_in(tmp_path), Written())


@pytest.fixture
def fetched(new: Fetched) -> Fetched:
    """With the first version, of twenty, active."""
    new.gives(page("a", *MANY))
    new.run()
    new.lists.activate("icse", 1, "bob")
    return new


def test_the_first_version_holds_all_pages_and_waits_for_a_person(new: Fetched) -> None:
    new.gives(page("a", 1, 2), page("b", 3))
    report = new.run()
    assert (report.pages, report.is_new, report.waits) == (2, True, "no version of the list acts yet")
    (version,) = new.lists.versions()
    assert (version.entries, version.origin, version.imported_by) == (3, "interpol", "ann")
    assert version.source == "https://lists.example.org/all"
    assert version.categories == {"baseline": 3}
    assert new.acting == []
    assert (new.state.stage, new.state.checkpoint, new.state.fault) == (Stage.SETTLED, "b", "")


def test_what_is_new_and_what_is_withdrawn_make_the_next_version_which_acts(fetched: Fetched) -> None:
    fetched.gives(page("a"), page("b", 21, withdrawn=(3,)))
    report = fetched.run()
    assert report.waits == ""
    assert fetched.exchange.asked == ["", "a"]
    assert fetched.acting == sorted({*MANY, 21} - {3})
    assert fetched.lists.versions()[-1].activations[-1].way is Way.AUTOMATIC


def test_a_whole_list_takes_the_place_of_the_one_before(fetched: Fetched) -> None:
    fetched.gives(page("a"), page("b", *range(2, 23), anew=True))
    fetched.run()
    assert fetched.acting == list(range(2, 23))


def test_what_was_there_already_keeps_its_age(fetched: Fetched) -> None:
    before = {entry.value: entry.since for entry in fetched.lists.entries("icse", 1)}
    fetched.gives(page("a"), page("b", 21))
    fetched.run()
    after = {entry.value: entry.since for entry in fetched.lists.entries("icse", 2)}
    assert {value: after[value] for value in before} == before
    assert after[md5(21).value] > max(before.values())


def test_nothing_new_makes_no_version(fetched: Fetched) -> None:
    report = fetched.run()
    assert (report.pages, report.is_new, report.waits) == (0, False, "")
    fetched.gives(page("a"), page("b", *MANY, anew=True))
    assert fetched.run().is_new is False
    assert fetched.versions == [1]


# E17


def test_when_page_two_fails_the_checkpoint_of_page_one_stays_and_what_is_active(
    fetched: Fetched, caplog: pytest.LogCaptureFixture
) -> None:
    fetched.gives(page("a"), page("b", 21), None, page("d", 22))
    fetched.fails(UpstreamUnreachable)
    assert (fetched.state.checkpoint, fetched.state.stage) == ("b", Stage.FETCHING)
    assert fetched.state.fault == "the next page does not come"
    assert "ALARM: list 'icse' was not brought up to date: the next page does not come" in caplog.text
    assert (fetched.acting, fetched.versions) == ([*MANY], [1])
    succeeded = fetched.state.succeeded_at

    fetched.gives(page("a"), page("b"), page("c", 22))
    fetched.run()
    assert fetched.exchange.asked[-1] == "b"
    assert fetched.acting == [*MANY, 21, 22]
    assert (fetched.state.fault, fetched.state.stage) == ("", Stage.SETTLED)
    assert succeeded is not None
    assert fetched.state.succeeded_at is not None
    assert fetched.state.succeeded_at > succeeded


def test_a_run_that_was_killed_is_gone_on_with(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "tests.lists.sync.killed", str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "the first page is kept\n"
        os.kill(process.pid, signal.SIGKILL)
    list_ = Fetched(settings_in(tmp_path), Written())
    assert (list_.state.checkpoint, list_.state.stage) == ("a", Stage.FETCHING)
    assert list_.state.due(timedelta(days=1), datetime.now(UTC))
    list_.gives(page("a"), page("b", 3))
    list_.run()
    assert list_.exchange.asked == ["a"]
    assert numbers(list_.lists.entries("icse", 1)) == [1, 2, 3]


def test_a_checkpoint_that_the_exchange_has_lost_begins_from_the_start_with_the_next_run(
    fetched: Fetched,
) -> None:
    fetched.gives(page("x", *MANY, 21))
    fetched.fails(CheckpointLost)
    assert fetched.acting == [*MANY]
    fetched.run()
    assert fetched.exchange.asked == ["", "a", ""]
    assert fetched.acting == [*MANY, 21]


def test_another_exchange_begins_from_the_start(fetched: Fetched) -> None:
    fetched.exchange.identity = "other"
    fetched.gives(page("x", *MANY, 21))
    fetched.run()
    assert fetched.exchange.asked[-1] == ""
    assert fetched.acting == [*MANY, 21]


def test_another_category_of_hashes_that_have_none_begins_from_the_start(fetched: Fetched) -> None:
    fetched.category = "illegal"
    fetched.run()
    assert fetched.exchange.asked == ["", ""]
    assert {entry.category for entry in fetched.lists.order().entries()} == {"illegal"}


def test_what_was_fetched_and_is_damaged_is_fetched_again(fetched: Fetched) -> None:
    (fetched.lists.folder / FOLDER / "icse.staging").write_bytes(b"damaged" * 1000)
    fetched.fails(StagingDamaged)
    assert fetched.acting == [*MANY]
    fetched.run()
    assert fetched.exchange.asked == ["", ""]
    assert (fetched.acting, fetched.versions) == ([*MANY], [1])


def test_two_runs_of_a_list_at_once_are_one_too_many(fetched: Fetched) -> None:
    with exclusive_lock(fetched.lists.folder / FOLDER / "icse.lock"):
        fetched.fails(SyncBusy)
    assert fetched.state.fault == ""


# E14 and E15: see also tests/upstreams/test_url.py


def test_a_list_that_is_empty_now_leaves_the_old_version(
    fetched: Fetched, caplog: pytest.LogCaptureFixture
) -> None:
    fetched.gives(page("a"), page("b", anew=True))
    for _ in range(2):
        fetched.fails(ListError, "holds no hash")
        assert (fetched.acting, fetched.versions) == ([*MANY], [1])
    assert caplog.text.count("ALARM") == 2


@pytest.mark.parametrize("now", [range(1, 8), range(1, 300)], ids=["shrunk", "grown"])
def test_a_list_that_shrinks_by_half_or_grows_tenfold_is_held(fetched: Fetched, now: range) -> None:
    fetched.gives(page("a"), page("b", *now, anew=True))
    for _ in range(2):
        fetched.fails(ListHeld, "version 2 is held")
        assert (fetched.acting, fetched.versions) == ([*MANY], [1, 2])
    assert "is held" in fetched.state.fault
    fetched.lists.approve("icse", 2, "bob", "they said so")
    assert fetched.run().waits == ""
    assert (fetched.acting, fetched.state.fault) == ([*now], "")


def test_a_list_that_comes_to_its_senses_acts_without_a_person(fetched: Fetched) -> None:
    fetched.gives(page("a"), page("b", 1, anew=True))
    fetched.fails(ListHeld)
    fetched.gives(page("a"), page("b"), page("c", *MANY, 21, anew=True))
    fetched.run()
    assert fetched.acting == [*MANY, 21]


def test_a_category_without_a_rule_refuses_its_page(fetched: Fetched) -> None:
    odd = ListedHash(md5(21).signal_type, md5(21).value, "basline")
    fetched.gives(page("a"), page("b", 22), Page([Record("x", [odd])], (), "c"))
    fetched.fails(ListError, "no rule for category 'basline'")
    assert (fetched.state.checkpoint, fetched.acting) == ("b", [*MANY])


def test_hashes_of_no_category_are_refused_where_the_settings_name_none(new: Fetched) -> None:
    new.category = None
    new.gives(page("a", 1))
    new.fails(ListError, r"category in \[lists\.icse\.exchange\]")


# What people say stands


def test_a_manual_list_waits(fetched: Fetched) -> None:
    fetched.manual = True
    fetched.gives(page("a"), page("b", 21))
    assert fetched.run().waits == 'activate = "manual" in [lists.icse]'
    assert (fetched.acting, fetched.state.fault) == ([*MANY], "")


def test_after_a_rollback_versions_wait(fetched: Fetched) -> None:
    fetched.gives(page("a"), page("b", 21))
    fetched.run()
    fetched.lists.rollback("icse", 1, "eve")
    assert fetched.run().waits == "another version was activated since"
    fetched.gives(page("a"), page("b"), page("c", 22))
    assert fetched.run().waits == "the list was rolled back to version 1"
    assert fetched.acting == [*MANY]


def test_a_version_imported_by_hand_is_not_driven_out_before_there_is_news(fetched: Fetched) -> None:
    hashes = [md5(number) for number in range(1, 16)]
    fetched.lists.import_version(ImportOrder("icse", "f", "baseline", None, "eve"), hashes)
    fetched.lists.activate("icse", 2, "eve")
    assert fetched.run().waits == "version 2 was imported since"
    assert fetched.acting == [*range(1, 16)]


def test_an_origin_that_is_not_the_lists_own_is_refused(fetched: Fetched) -> None:
    order = SyncOrder("icse", "somebody", "baseline", "ann")
    fetched.gives(page("a"), page("b", 21))
    with pytest.raises(ListError, match="has the origin 'interpol'"):
        Sync(fetched.exchange, fetched.lists, order, known_categories(fetched.settings, "icse")).run()


def test_no_hash_is_logged(fetched: Fetched, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    fetched.gives(page("a"), page("b", 21, withdrawn=(3,)), None)
    fetched.fails(UpstreamUnreachable)
    for number in (3, 21):
        assert md5(number).value.hex() not in caplog.text


def test_age_counts_from_the_last_success_and_makes_stale(fetched: Fetched) -> None:
    state = fetched.state
    assert state.succeeded_at is not None
    later = state.succeeded_at + timedelta(hours=5)
    assert state.age(later) == timedelta(hours=5)
    assert state.stale(timedelta(hours=4), later)
    assert not state.stale(timedelta(hours=6), later)
    assert not state.due(timedelta(hours=6), later)
    assert state.due(timedelta(hours=4), later)
