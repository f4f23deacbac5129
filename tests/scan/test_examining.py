"""What a scan says of files, and what it remembers of them."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from sqlalchemy import select

from tests.scan.scanning import (
    always,
    examiner_of,
    found_in,
    hidden_in,
    planned,
    scanned,
    worked_off,
    zipped,
)
from tests.support import (
    activate_list,
    activate_listed_picture,
    digests_of,
    listed_hashes,
    picture_bytes,
    recompressed,
    settings_in,
)
from upload_guard.canary import canary_png
from upload_guard.compose import open_cases, open_database_of, open_lists
from upload_guard.errors import ChangedInPlace
from upload_guard.holdings.acting import Found
from upload_guard.holdings.descent import path_of
from upload_guard.lists.formats import ListedHash
from upload_guard.records import SignalType
from upload_guard.scan.building import Manner, memory_of, walk_of
from upload_guard.scan.chunks import MOST_ATTEMPTS, claimant
from upload_guard.scan.examining import CHANGED
from upload_guard.scan.folders import Files, locator_of
from upload_guard.scan.records import Column, Item, Opened
from upload_guard.scan.summary import Summary, files_of
from upload_guard.settings import Settings
from upload_guard.storage.scan_tables import SeenFile

BENIGN = 3


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return settings_in(tmp_path)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    folder = tmp_path / "tree"
    folder.mkdir()
    for at in range(BENIGN):
        (folder / f"benign{at}.jpg").write_bytes(picture_bytes(20 + at))
    return folder


def kept_and_listed(summary: Summary) -> tuple[int, int, int]:
    return summary.counts[Column.CLEAN], summary.kept, summary.counts[Column.LISTED]


# The columns --------------------------------------------------------------------------------------


def test_each_file_stands_in_one_column(settings: Settings, tree: Path) -> None:
    listed = activate_listed_picture(settings)
    (tree / "listed").write_bytes(listed)
    (tree / "like.jpg").write_bytes(recompressed(listed))
    (tree / "cut.jpg").write_bytes(picture_bytes(40)[:4000])
    (tree / "empty").touch()
    (tree / "words.txt").write_text("hello")
    (tree / "link").symlink_to("listed")
    summary = scanned(settings, tree)
    assert found_in(settings, summary, Column.LISTED) == {"listed", "like.jpg"}
    assert found_in(settings, summary, Column.UNREAD) == {"cut.jpg"}
    assert summary.counts == {Column.CLEAN: BENIGN + 2, Column.LISTED: 2, Column.UNREAD: 1}
    assert (summary.links, summary.whole) == (1, False)
    assert summary.why == ((Column.UNREAD, "truncated", 1),)


def test_what_the_policy_only_notes_is_not_listed(settings: Settings, tree: Path) -> None:
    (tree / "noted.jpg").write_bytes(picture_bytes(1))
    activate_list(settings, listed_hashes(picture_bytes(1)), category="investigative")
    assert found_in(settings, scanned(settings, tree), Column.NOTED) == {"noted.jpg"}


def test_a_file_that_went_is_gone_and_neither_clean_nor_unread(settings: Settings, tree: Path) -> None:
    activate_listed_picture(settings)
    examiner = examiner_of(settings)
    chunks = planned(examiner, walk_of(str(tree), settings))
    (tree / "benign0.jpg").unlink()
    summary = worked_off(examiner, chunks)
    assert summary.counts == {Column.CLEAN: BENIGN - 1, Column.GONE: 1}


def test_a_chunk_that_kills_its_workers_is_given_up_as_unchecked(settings: Settings, tree: Path) -> None:
    activate_listed_picture(settings)
    examiner = examiner_of(settings)
    chunks = planned(examiner, walk_of(str(tree), settings))
    for _ in range(MOST_ATTEMPTS):
        name = claimant()
        chunks.claim(name)
        chunks.free(name)
    summary = worked_off(examiner, chunks)
    assert summary.counts == {Column.UNCHECKED: BENIGN}
    assert not summary.whole


def test_the_test_picture_is_listed_and_never_acted_upon(settings: Settings, tree: Path) -> None:
    activate_listed_picture(settings)
    (tree / "canary.png").write_bytes(canary_png())
    summary = scanned(settings, tree, Manner("shop", acting=True))
    assert found_in(settings, summary, Column.LISTED) == {"canary.png"}
    assert (tree / "canary.png").exists()
    assert summary.held == 0


@dataclass(frozen=True)
class Writing(Files):
    """Whenever a file was opened, somebody goes on writing it."""

    @contextmanager
    def opened(self, item: Item) -> Iterator[Opened]:
        with super().opened(item) as file:
            with path_of(item.locator).open("ab") as stream:
                stream.write(b"more")
            yield file


def test_a_file_that_changes_while_it_is_read_is_not_clean(settings: Settings, tree: Path) -> None:
    activate_listed_picture(settings)
    examiner = examiner_of(settings)
    examiner = replace(examiner, openers={"file": Writing()})
    summary = worked_off(examiner, planned(examiner, walk_of(str(tree), settings)))
    assert summary.why == ((Column.UNREAD, CHANGED, BENIGN),)
    assert scanned(settings, tree).counts == {Column.CLEAN: BENIGN}


# What is remembered -------------------------------------------------------------------------------


def test_files_that_are_the_same_are_not_read_again(settings: Settings, tree: Path) -> None:
    listed = activate_listed_picture(settings)
    (tree / "listed").write_bytes(listed)
    assert kept_and_listed(scanned(settings, tree)) == (BENIGN, 0, 1)
    assert kept_and_listed(scanned(settings, tree)) == (BENIGN, BENIGN, 1)


@pytest.mark.parametrize("kind", [SignalType.SHA256, SignalType.MD5, SignalType.PDQ])
def test_a_new_list_version_finds_by_kept_hashes_what_it_lists(
    settings: Settings, tree: Path, kind: SignalType
) -> None:
    """Of a file by itself, and of one inside an archive."""
    before = listed_hashes(activate_listed_picture(settings))
    picture = picture_bytes(60)
    (tree / "later.jpg").write_bytes(picture)
    (tree / "later.zip").write_bytes(zipped(picture))
    assert scanned(settings, tree).counts == {Column.CLEAN: BENIGN + 2}
    activate_list(settings, before + [one for one in listed_hashes(picture) if one.signal_type is kind])
    summary = scanned(settings, tree)
    assert found_in(settings, summary, Column.LISTED) == {"later.jpg", "later.zip"}
    assert summary.kept == summary.counts[Column.CLEAN] == BENIGN


def test_an_entry_that_is_added_to_a_version_is_met_by_kept_hashes(settings: Settings, tree: Path) -> None:
    activate_listed_picture(settings)
    scanned(settings, tree)
    wanted = [ListedHash(SignalType.SHA256, digests_of(picture_bytes(20)).sha256)]
    open_lists(settings).add("test-list", wanted, "baseline", "ann")
    assert found_in(settings, scanned(settings, tree), Column.LISTED) == {"benign0.jpg"}


def test_a_file_that_was_replaced_is_read_even_if_its_time_was_set_back(
    settings: Settings, tree: Path
) -> None:
    listed = activate_listed_picture(settings)
    file = tree / "benign0.jpg"
    scanned(settings, tree)
    times = file.stat()
    file.write_bytes(listed)
    os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert found_in(settings, scanned(settings, tree), Column.LISTED) == {"benign0.jpg"}


def test_a_file_with_other_times_and_the_same_bytes_is_digested_and_not_decoded(
    settings: Settings, tree: Path
) -> None:
    activate_listed_picture(settings)
    scanned(settings, tree)
    os.utime(tree / "benign0.jpg", (1, 1))
    assert kept_and_listed(scanned(settings, tree)) == (BENIGN, BENIGN, 0)


def test_what_was_looked_at_under_other_settings_is_read_again(settings: Settings, tree: Path) -> None:
    activate_listed_picture(settings)
    scanned(settings, tree)
    other = settings.model_copy(update={"trust": settings.trust.model_copy(update={"pdq_limit": 20})})
    assert scanned(other, tree).kept == 0


def test_everything_is_read_where_that_is_wanted(settings: Settings, tree: Path) -> None:
    activate_listed_picture(settings)
    scanned(settings, tree)
    assert scanned(settings, tree, Manner("shop", reread=True)).kept == 0


def test_nothing_is_kept_where_the_settings_say_so(tmp_path: Path, tree: Path) -> None:
    settings = settings_in(tmp_path, scan={"remember_days": 0})
    activate_listed_picture(settings)
    scanned(settings, tree)
    with open_database_of(settings).session() as session:
        assert not session.scalars(select(SeenFile)).all()


def test_rows_tell_neither_which_files_were_seen_nor_their_hashes(settings: Settings, tree: Path) -> None:
    activate_listed_picture(settings)
    scanned(settings, tree)
    with open_database_of(settings).session() as session:
        rows = session.scalars(select(SeenFile)).all()
    written = b"".join(row.key + row.mark + row.digest + row.sealed for row in rows)
    digests = digests_of(picture_bytes(20))
    assert len(rows) == BENIGN
    for telling in (b"benign0", digests.sha256, digests.md5):
        assert telling not in written
    memory = memory_of(settings, open_database_of(settings))
    (kept,) = memory.recall([Item(locator_of(tree / "benign0.jpg"))]).values()
    signals = memory.signals(kept)
    assert signals
    assert not {one.value for one in signals} & {digests.sha256, digests.md5, digests.sha1}


def test_hashes_put_into_the_row_of_another_file_are_not_believed(settings: Settings, tree: Path) -> None:
    listed = activate_listed_picture(settings)
    (tree / "other.jpg").write_bytes(picture_bytes(70))
    scanned(settings, tree)
    with open_database_of(settings).session() as session:
        rows = session.scalars(select(SeenFile)).all()
        rows[0].sealed, rows[1].sealed = rows[1].sealed, rows[0].sealed
    activate_list(settings, listed_hashes(listed))
    summary = scanned(settings, tree)
    assert (summary.counts[Column.CLEAN], summary.kept) == (BENIGN + 1, BENIGN - 1)


def test_another_file_that_a_scan_beside_it_met_there_is_not_taken_for_the_one_it_knew(
    settings: Settings, tree: Path
) -> None:
    activate_listed_picture(settings)
    scanned(settings, tree)
    memory, item = memory_of(settings, open_database_of(settings)), Item(locator_of(tree / "benign0.jpg"))
    (before,) = memory.recall([item]).values()
    other = replace(before, mark=bytes(32), generation="older")
    with memory.database.session() as session:
        memory.put(session, [other], [], "older")
        memory.put(session, [], [before], "newer")
    assert memory.recall([item])[item.locator].generation == "older"


def test_files_that_no_scan_meets_are_forgotten(settings: Settings, tree: Path) -> None:
    activate_listed_picture(settings)
    scanned(settings, tree)
    memory = memory_of(settings, open_database_of(settings))
    assert memory.forget() == BENIGN
    assert scanned(settings, tree).kept == 0


# Acting -------------------------------------------------------------------------------------------


def test_a_scan_by_itself_touches_nothing(settings: Settings, tree: Path) -> None:
    (tree / "listed").write_bytes(activate_listed_picture(settings))
    before = {path: path.read_bytes() for path in tree.iterdir()}
    scanned(settings, tree)
    assert {path: path.read_bytes() for path in tree.iterdir()} == before
    assert not open_cases(settings).newest(1)


def test_what_is_acted_upon_has_a_case_and_is_gone_from_its_place(settings: Settings, tree: Path) -> None:
    listed = activate_listed_picture(settings)
    places = [*hidden_in(tree, [listed] * 4), tree / "broken.jpg"]
    places[-1].write_bytes(picture_bytes(40)[:4000])
    summary = scanned(settings, tree, Manner("shop", acting=True))
    assert (summary.counts[Column.LISTED], summary.held, summary.faults) == (4, 4, 0)
    assert [path.exists() for path in places] == [False] * 4 + [True]
    files = files_of(open_database_of(settings), summary.number)
    assert all(one.case for one in files if one.column is Column.LISTED)


@pytest.mark.parametrize(
    ("deaths", "others"), [(1, Column.CLEAN), (MOST_ATTEMPTS, Column.UNCHECKED)], ids=["once", "always"]
)
def test_a_hit_is_not_lost_where_workers_die_between_the_act_and_its_row(
    settings: Settings, tree: Path, deaths: int, others: Column
) -> None:
    (tree / "listed").write_bytes(activate_listed_picture(settings))
    examiner = examiner_of(settings, Manner("shop", acting=True))
    act = examiner.act
    assert act

    def act_and_die(found: Found) -> str:
        act(found)
        raise KeyboardInterrupt

    chunks = planned(examiner, walk_of(str(tree), settings), acting=True)
    name = claimant()
    for at in range(deaths):
        claimed = chunks.claim(name)
        assert claimed
        if not at:
            with pytest.raises(KeyboardInterrupt):
                replace(examiner, act=act_and_die).work(chunks, claimed, always)
        chunks.free(name)
    summary = worked_off(examiner, chunks)
    assert not (tree / "listed").exists()
    assert summary.counts == {others: BENIGN, Column.LISTED: 1}


def test_a_file_that_could_not_be_taken_is_told(settings: Settings, tree: Path) -> None:
    (tree / "listed").write_bytes(activate_listed_picture(settings))

    def refuse(found: Found) -> str:
        raise ChangedInPlace(f"{found.locator}: the file is another one by now")

    examiner = replace(examiner_of(settings), act=refuse)
    summary = worked_off(examiner, planned(examiner, walk_of(str(tree), settings)))
    assert (summary.counts[Column.LISTED], summary.held, summary.faults) == (1, 0, 1)


def test_a_listed_file_stays_listed_where_the_system_fails_while_it_is_taken(
    settings: Settings, tree: Path
) -> None:
    (tree / "listed").write_bytes(activate_listed_picture(settings))

    def full(_: Found) -> str:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    examiner = replace(examiner_of(settings), act=full)
    summary = worked_off(examiner, planned(examiner, walk_of(str(tree), settings)))
    assert found_in(settings, summary, Column.LISTED) == {"listed"}
    assert summary.faults == 1
