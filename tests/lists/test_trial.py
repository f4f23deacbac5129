"""A version on trial: what would be in force, built beside what is, and gone afterwards."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from tests.support import digests_of, settings_in
from upload_guard.compose import open_benign, open_lists
from upload_guard.errors import ListError
from upload_guard.lists.bank.benign import vouched_file
from upload_guard.lists.formats import ListedHash
from upload_guard.lists.importing import ImportOrder
from upload_guard.lists.store import ListStore
from upload_guard.lists.trial import put_on_trial
from upload_guard.matching.build import no_progress
from upload_guard.records import Entry, SignalType
from upload_guard.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return settings_in(tmp_path, benign={"shipped": False})


@pytest.fixture
def lists(settings: Settings) -> ListStore:
    return open_lists(settings)


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    folder = tmp_path / "scratch"
    folder.mkdir()
    return folder


def sha256(number: int) -> ListedHash:
    return ListedHash(SignalType.SHA256, hashlib.sha256(str(number).encode()).digest())


def vouch_for(settings: Settings, number: int) -> None:
    open_benign(settings).add(vouched_file("logo.png", digests_of(str(number).encode()), (), ""), "ann")


def imported(lists: ListStore, *numbers: int, name: str = "icse") -> None:
    lists.import_version(ImportOrder(name, "file.txt", "baseline", name, "ann"), map(sha256, numbers))


def on_trial(lists: ListStore, scratch: Path) -> list[Entry]:
    """The entries that the newest version of icse would bring into force, as a watcher sees them."""
    seen: list[Entry] = []

    def watch(entries: Iterable[Entry]) -> Iterator[Entry]:
        for entry in entries:
            seen.append(entry)
            yield entry

    snapshot = put_on_trial(lists, "icse", None, scratch).build(watch, no_progress)
    assert snapshot.size == len(seen)
    return seen


def test_what_is_tried_is_what_activation_brings_into_force(
    lists: ListStore, settings: Settings, scratch: Path
) -> None:
    vouch_for(settings, 3)
    imported(lists, 10, 11, name="other")
    lists.activate("other", None, "ann")
    imported(lists, 1, 2)
    lists.activate("icse", None, "ann")
    lists.retract("icse", [sha256(2)], "ann")
    imported(lists, 1, 2, 3, 4)
    tried = on_trial(lists, scratch)
    lists.activate("icse", None, "ann")
    assert tried == list(lists.order().entries())
    assert {entry.value for entry in tried} == {sha256(number).value for number in (1, 4, 10, 11)}


def test_a_trial_names_the_lists_beside_it(lists: ListStore, scratch: Path) -> None:
    imported(lists, 10, name="other")
    lists.activate("other", None, "ann")
    imported(lists, 1)
    assert put_on_trial(lists, "icse", None, scratch).others == ("other",)


def test_everything_is_written_in_the_folder_given(
    lists: ListStore, settings: Settings, scratch: Path
) -> None:
    vouch_for(settings, 1)
    imported(lists, 1, 2)
    before = set(settings.data_dir.rglob("*"))
    assert len(on_trial(lists, scratch)) == 1
    assert {
        path for path in set(settings.data_dir.rglob("*")) - before if "sqlite3" not in path.name
    } == set()


def test_a_list_that_is_not_there_cannot_be_tried(lists: ListStore, scratch: Path) -> None:
    with pytest.raises(ListError, match="there is no list 'icse'"):
        put_on_trial(lists, "icse", None, scratch)
