"""What an exchange said, on disk: each page whole with its checkpoint, or not at all."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from tests.lists.sync.exchanges import md5, numbers, page
from upload_guard.errors import ListError, StagingDamaged, StorageFailed
from upload_guard.lists.formats import ListedHash
from upload_guard.lists.sync.exchange import Page, Record
from upload_guard.lists.sync.staging import Staging, open_staging
from upload_guard.records import SignalType


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "folder" / "icse.staging"


def take(staging: Staging, one: Page) -> list[int]:
    """The numbers that were held and are not any more."""
    with staging.page(one, iter) as gone:
        return numbers(gone)


def test_it_begins_empty_for_its_owner_alone(file: Path) -> None:
    with open_staging(file) as staging:
        assert (staging.identity, staging.checkpoint) == ("", "")
        assert list(staging.hashes()) == []
    assert file.stat().st_mode & 0o777 == 0o600


def test_pages_add_up_and_are_there_when_it_is_opened_again(file: Path) -> None:
    with open_staging(file) as staging:
        staging.begin("one")
        take(staging, page("a", 1, 2))
        take(staging, page("b", 3))
    with open_staging(file) as staging:
        assert (staging.identity, staging.checkpoint) == ("one", "b")
        assert numbers(staging.hashes()) == [1, 2, 3]


def test_a_withdrawn_record_is_gone_and_an_unknown_one_is_no_matter(file: Path) -> None:
    with open_staging(file) as staging:
        take(staging, page("a", 1, 2))
        assert take(staging, page("b", withdrawn=(2, 7))) == [2]
        assert numbers(staging.hashes()) == [1]


def test_a_record_that_comes_again_takes_its_own_place(file: Path) -> None:
    with open_staging(file) as staging:
        take(staging, Page([Record("entry", [md5(1), md5(2)])], (), "a"))
        assert take(staging, Page([Record("entry", [md5(2), md5(3)])], (), "b")) == [1]
        assert numbers(staging.hashes()) == [2, 3]


def test_what_another_record_has_too_is_not_gone(file: Path) -> None:
    with open_staging(file) as staging:
        take(staging, Page([Record("one", [md5(1)]), Record("two", [md5(1)])], (), "a"))
        assert take(staging, Page((), ["one"], "b")) == []
        assert take(staging, Page((), ["two"], "c")) == [1]


def test_a_list_that_begins_anew_forgets_what_came_before_and_names_nothing_as_gone(file: Path) -> None:
    with open_staging(file) as staging:
        take(staging, page("a", 1, 2))
        assert take(staging, page("b", 3, anew=True)) == []
        assert numbers(staging.hashes()) == [3]


def test_a_lost_checkpoint_keeps_what_is_held_until_the_first_page_comes(file: Path) -> None:
    with open_staging(file) as staging:
        take(staging, page("a", 1))
        staging.lose_checkpoint()
        assert numbers(staging.hashes()) == [1]
        take(staging, page("b", 2))
        assert numbers(staging.hashes()) == [2]


def test_a_page_that_cannot_be_read_to_its_end_leaves_no_trace(file: Path) -> None:
    def broken() -> Iterator[ListedHash]:
        yield md5(2)
        raise ListError("line 2 is no hash")

    with open_staging(file) as staging:
        take(staging, page("a", 1))
        before = staging.content
        with pytest.raises(ListError):
            take(staging, Page([Record("file", broken())], ["1"], "b"))
        assert (staging.checkpoint, staging.content) == ("a", before)
        assert numbers(staging.hashes()) == [1]


def test_the_content_names_what_is_held_in_whichever_order_it_came(tmp_path: Path) -> None:
    with open_staging(tmp_path / "one") as one, open_staging(tmp_path / "two") as two:
        empty = one.content
        take(one, page("a", 1, 2))
        take(two, page("x", 2, 3))
        assert one.content != two.content
        take(two, page("y", 1, withdrawn=(3,)))
        assert one.content == two.content != empty
        take(one, page("b", withdrawn=(1, 2)))
        assert one.content == empty


def test_another_category_is_another_content(tmp_path: Path) -> None:
    with open_staging(tmp_path / "one") as staging:
        contents = set()
        for at, category in enumerate(("baseline", "illegal")):
            hashed = ListedHash(SignalType.MD5, md5(1).value, category)
            take(staging, Page([Record("1", [hashed])], (), str(at)))
            contents.add(staging.content)
        assert len(contents) == 2


def test_every_hash_is_shown_to_who_may_refuse_it(file: Path) -> None:
    def refuse(hashes: Iterable[ListedHash]) -> Iterator[ListedHash]:
        raise ListError("no")
        yield from hashes

    with open_staging(file) as staging:
        with pytest.raises(ListError), staging.page(page("a", 1), refuse):
            pass
        assert list(staging.hashes()) == []


def test_a_full_disk_is_a_storage_fault_and_keeps_what_was_there(file: Path) -> None:
    with open_staging(file) as staging:
        take(staging, page("a", 1))

    def take_too_much() -> None:
        with open_staging(file) as staging:
            staging._connection.execute("PRAGMA max_page_count = 1")
            take(staging, page("b", *range(2, 20_000)))

    with pytest.raises(StorageFailed, match="full"):
        take_too_much()
    with open_staging(file) as staging:
        assert (staging.checkpoint, numbers(staging.hashes())) == ("a", [1])


def test_a_page_without_a_checkpoint_is_none() -> None:
    with pytest.raises(ValueError, match="begin from the start"):
        page("", 1)


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE held SET value = x'00112233445566778899aabbccddeeff'",
        "DELETE FROM held WHERE rowid = 1",
        "UPDATE held SET type = 'md6'",
        "UPDATE said SET content = 'text'",
    ],
)
def test_what_is_not_what_was_written_is_told_and_removed(file: Path, damage: str) -> None:
    with open_staging(file) as staging:
        take(staging, page("a", 1, 2))
    with sqlite3.connect(file) as connection:
        connection.execute(damage)
    connection.close()
    with pytest.raises(StagingDamaged, match="fetches it again"), open_staging(file) as staging:
        list(staging.hashes())
    assert not file.exists()


def test_a_file_that_is_something_else_is_told_and_removed(file: Path) -> None:
    file.parent.mkdir()
    file.write_bytes(b"this is no database at all" * 100)
    with pytest.raises(StagingDamaged, match="from the start"), open_staging(file):
        pass
    assert not file.exists()


def test_a_folder_that_cannot_be_made_is_a_storage_fault(file: Path) -> None:
    file.parent.write_text("a file")
    with pytest.raises(StorageFailed), open_staging(file):
        pass
