"""The gate at work: versions held, refused, approved; entries put aside and coming back."""

from __future__ import annotations

import hashlib
import logging
from pathlib import Path

import pytest

from tests.support import settings_in
from upload_guard.compose import open_benign, open_lists
from upload_guard.errors import ListError, ListHeld
from upload_guard.lists.bank.bank import BankFile
from upload_guard.lists.formats import ListedHash
from upload_guard.lists.gate.aside import aside_file
from upload_guard.lists.gate.gate import Decision
from upload_guard.lists.importing import ImportOrder
from upload_guard.lists.store import ListStore
from upload_guard.records import BankScope, Digests, SignalType
from upload_guard.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return settings_in(tmp_path, benign={"shipped": False})


@pytest.fixture
def lists(settings: Settings) -> ListStore:
    return open_lists(settings)


def digests(number: int) -> Digests:
    data = str(number).encode()
    return Digests(*(hashlib.new(name, data).digest() for name in ("md5", "sha1", "sha256")), len(data))


def sha256(number: int) -> ListedHash:
    return ListedHash(SignalType.SHA256, digests(number).sha256)


def imported(lists: ListStore, *numbers: int) -> int:
    order = ImportOrder("icse", "file.txt", "baseline", "interpol", "ann")
    return lists.import_version(order, map(sha256, numbers)).number


def activated(lists: ListStore, *numbers: int) -> int:
    return lists.activate("icse", imported(lists, *numbers), "ann").number


def acting(lists: ListStore) -> set[bytes]:
    return {entry.value for entry in lists.order().entries()}


def values(*numbers: int) -> set[bytes]:
    return {sha256(number).value for number in numbers}


def vouch(settings: Settings, number: int) -> None:
    exact = tuple((signal.type, signal.value) for signal in digests(number).signals())
    assert open_benign(settings).add(BankFile(f"{number}.png", BankScope.ADMINISTRATOR, exact), "ann")


@pytest.mark.parametrize("numbers", [range(5), range(100)], ids=["half", "tenfold"])
def test_what_shrinks_or_grows_too_much_is_held_and_the_old_version_stays(
    lists: ListStore, numbers: range, caplog: pytest.LogCaptureFixture
) -> None:
    activated(lists, *range(10))
    before, generation = acting(lists), lists.generation()
    held = imported(lists, *numbers)
    with caplog.at_level(logging.WARNING), pytest.raises(ListHeld, match=r"is held: it (shrinks|grows)"):
        lists.activate("icse", held, "bob")
    assert "ALARM" in caplog.text
    assert (acting(lists), lists.generation()) == (before, generation)


def test_an_approved_version_passes(lists: ListStore) -> None:
    activated(lists, *range(10))
    held = imported(lists, 1)
    lists.approve("icse", held, "bob", "the supplier said so by telephone")
    assert acting(lists) == values(*range(10))
    lists.activate("icse", held, "bob")
    assert acting(lists) == values(1)


def test_approving_one_version_approves_no_other(lists: ListStore) -> None:
    activated(lists, *range(10))
    lists.approve("icse", imported(lists, 1), "bob", "because")
    with pytest.raises(ListHeld):
        lists.activate("icse", imported(lists, 2), "bob")


def test_the_way_back_is_never_held(lists: ListStore) -> None:
    activated(lists, 1)
    activated(lists, *range(9))
    lists.activate("icse", 1, "bob")
    assert acting(lists) == values(1)


def test_a_rollback_is_never_held(lists: ListStore) -> None:
    activated(lists, 1)
    activated(lists, *range(9))
    lists.rollback("icse", 1, "bob")
    assert acting(lists) == values(1)


def test_a_version_that_was_held_is_no_way_back(lists: ListStore) -> None:
    activated(lists, *range(10))
    held = imported(lists, 1)
    with pytest.raises(ListHeld):
        lists.activate("icse", held, "bob")
    with pytest.raises(ListError, match="has never acted"):
        lists.rollback("icse", held, "bob")


def test_what_was_put_aside_is_not_exported_as_acting(settings: Settings, lists: ListStore) -> None:
    vouch(settings, 2)
    number = activated(lists, 1, 2, 3)
    assert {entry.value for entry in lists.entries("icse", number)} == values(1, 3)


def test_what_is_added_one_by_one_passes_the_gate(settings: Settings, lists: ListStore) -> None:
    vouch(settings, 2)
    activated(lists, 1)
    sifted = lists.add("icse", map(sha256, (2, 3)), "baseline", "ann")
    assert acting(lists) == values(1, 3)
    assert [(one.entry, one.name) for one in sifted.aside] == [(1, "2.png")]
    assert {entry.number for entry in lists.entries("icse", None)} == {1, 2}


def test_what_carries_on_has_the_retractions_and_not_what_was_put_aside(
    settings: Settings, lists: ListStore
) -> None:
    vouch(settings, 2)
    activated(lists, 1, 2, 3)
    before = lists.load()
    activated(lists, 1, 2, 3, 4)
    lists.retract("icse", [sha256(1)], "ann")
    carried = lists.carry_on(before)
    found = [bool(carried.lists_of(SignalType.SHA256, sha256(number).value)) for number in range(1, 5)]
    assert found == [False, False, True, False]


def test_examining_changes_nothing(lists: ListStore) -> None:
    activated(lists, *range(10))
    held = imported(lists, 1)
    generation, files = lists.generation(), sorted(lists.folder.rglob("*"))
    report = lists.examine("icse", held)
    assert (report.decision, report.before, report.acting) == (Decision.HELD, 10, 1)
    assert (lists.generation(), sorted(lists.folder.rglob("*"))) == (generation, files)


def test_a_damaged_version_cannot_be_examined(lists: ListStore) -> None:
    imported(lists, 1)
    (lists.folder / "icse" / "000001.jsonl").write_bytes(b"damaged")
    with pytest.raises(ListError, match="is damaged"):
        lists.examine("icse", 1)


def test_a_damaged_version_can_be_replaced(lists: ListStore) -> None:
    activated(lists, 1, 2)
    (lists.folder / "icse" / "000001.jsonl").write_bytes(b"damaged")
    activated(lists, 1, 2, 3)
    assert acting(lists) == values(1, 2, 3)


def test_entries_that_name_a_known_good_image_do_not_act(settings: Settings, lists: ListStore) -> None:
    vouch(settings, 2)
    activated(lists, 1, 2, 3)
    assert acting(lists) == values(1, 3)
    assert lists.load().size == 2


def test_when_the_bank_grows_active_versions_pass_the_gate_again(
    settings: Settings, lists: ListStore
) -> None:
    activated(lists, 1, 2, 3)
    generation, shown = lists.generation(), lists.versions()
    vouch(settings, 2)
    ((name, report),) = lists.examine_active()
    assert (name, [one.name for one in report.benign]) == ("icse", ["2.png"])
    assert acting(lists) == values(1, 3)
    assert lists.generation() != generation
    assert lists.load().generation == lists.generation()
    assert lists.versions() == shown


def test_entries_come_back_when_the_bank_no_longer_names_them(settings: Settings, lists: ListStore) -> None:
    activated(lists, 1, 2, 3)
    generation = lists.generation()
    vouch(settings, 2)
    lists.examine_active()
    assert open_benign(settings).remove(["2.png"], "", "ann") == 1
    lists.examine_active()
    assert acting(lists) == values(1, 2, 3)
    assert lists.generation() == generation


def test_an_active_list_is_never_held_for_what_the_bank_takes_of_it(
    settings: Settings, lists: ListStore
) -> None:
    activated(lists, 1, 2, 3)
    for number in (1, 2):
        vouch(settings, number)
    lists.examine_active()
    assert acting(lists) == values(3)


def test_a_list_of_nothing_but_known_good_images_leaves_nothing_to_check_against(
    settings: Settings, lists: ListStore
) -> None:
    vouch(settings, 1)
    activated(lists, 1)
    assert acting(lists) == set()


def test_the_file_of_what_was_put_aside_is_checked(settings: Settings, lists: ListStore) -> None:
    vouch(settings, 2)
    activated(lists, 1, 2)
    (version,) = lists.order().versions
    assert version.aside is not None
    aside_file(version, version.aside).write_bytes(b"")
    with pytest.raises(ListError, match="aside: is damaged"):
        acting(lists)
