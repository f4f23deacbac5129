"""Repeats of one picture: which cases are one group, and what a person is told of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import select, update

from tests.quarantine.test_keeper import VERDICT
from tests.support import upload_of, vault_in
from upload_guard.errors import NoSuchCase, StorageFailed
from upload_guard.quarantine.keeper import QuarantineKeeper
from upload_guard.quarantine.pictures.groups import Group, Groups
from upload_guard.quarantine.pictures.looks import LIMIT
from upload_guard.records import Findings, Signal, SignalType, Source
from upload_guard.storage.group_tables import CaseGroup
from upload_guard.storage.tables import Case

LOOK = bytes(range(32))
UNSEEN, BLOG = Findings(), Source("blog", "/up")


@dataclass(frozen=True)
class House:
    keeper: QuarantineKeeper
    groups: Groups

    def keep(self, data: bytes, findings: Findings = UNSEEN, source: Source = BLOG) -> str:
        return self.keeper.keep(upload_of(data, source), VERDICT, findings)

    def are_one(self, one: str, other: str) -> bool:
        return self.groups.of(one).lead == self.groups.of(other).lead


@pytest.fixture
def house(tmp_path: Path) -> House:
    vault = vault_in(tmp_path)
    return House(QuarantineKeeper(vault.database, vault), Groups(vault.database))


def differing(look: bytes, bits: int) -> bytes:
    words = np.unpackbits(np.frombuffer(look, np.uint8))
    words[:bits] ^= 1
    return np.packbits(words).tobytes()


def showing(*looks: bytes, view: str = "frame 0") -> Findings:
    """A picture with these hashes, the first being the plain one."""
    variants = ["", *(f"turned {at}" for at in range(1, len(looks)))]
    return Findings(
        tuple(
            Signal(SignalType.PDQ, look, view, 90, name) for look, name in zip(looks, variants, strict=True)
        )
    )


# Which are one ------------------------------------------------------------------------------------


def test_the_same_file_is_one_group_though_nobody_looked_into_it(house: House) -> None:
    assert house.are_one(house.keep(b"one"), house.keep(b"one"))
    assert not house.are_one(house.keep(b"one"), house.keep(b"two"))


@pytest.mark.parametrize(("bits", "one"), [(0, True), (LIMIT, True), (LIMIT + 1, False)])
def test_files_that_look_alike_are_one_up_to_the_limit(house: House, bits: int, one: bool) -> None:
    first = house.keep(b"one", showing(LOOK))
    assert house.are_one(first, house.keep(b"two", showing(differing(LOOK, bits)))) is one


def test_so_is_a_picture_that_was_turned(house: House) -> None:
    first = house.keep(b"one", showing(LOOK))
    assert house.are_one(first, house.keep(b"two", showing(differing(LOOK, 128), LOOK)))


def test_what_is_near_a_later_member_alone_is_not_drawn_in(house: House) -> None:
    first, second, third = (
        house.keep(bytes([bits]), showing(differing(LOOK, bits))) for bits in (0, LIMIT, 2 * LIMIT)
    )
    assert house.are_one(first, second)
    assert not house.are_one(first, third)


def test_of_two_groups_the_nearer_one_takes_it(house: House) -> None:
    house.keep(b"far", showing(LOOK))
    near = house.keep(b"near", showing(differing(LOOK, LIMIT + 5)))
    assert house.are_one(near, house.keep(b"new", showing(differing(LOOK, LIMIT))))


def test_a_file_with_a_second_picture_is_no_repeat_of_the_first(house: House) -> None:
    first = house.keep(b"one", showing(LOOK))
    second_frame = Signal(SignalType.PDQ, differing(LOOK, 128), "frame 1", 90)
    both = replace(showing(LOOK), signals=(*showing(LOOK).signals, second_frame))
    assert not house.are_one(first, house.keep(b"two", both))
    assert not house.are_one(
        house.keep(b"three", both), house.keep(b"four", showing(LOOK, differing(LOOK, 128)))
    )


def test_a_thumbnail_of_the_same_picture_is_none(house: House) -> None:
    first = house.keep(b"one", showing(LOOK))
    thumbnail = Signal(SignalType.PDQ, differing(LOOK, 9), "thumbnail", 90)
    assert house.are_one(
        first, house.keep(b"two", replace(showing(LOOK), signals=(*showing(LOOK).signals, thumbnail)))
    )


@pytest.mark.parametrize(
    "unsure",
    [
        {"unscannable": "truncated"},
        {"unreadable": "encrypted"},
        {"degraded": ("frame 1: low quality",)},
        {"signals": (*showing(LOOK).signals, Signal(SignalType.SHA256, bytes(32), "inside.jpg"))},
    ],
)
def test_neither_is_a_file_with_something_that_nobody_has_seen(
    house: House, unsure: dict[str, object]
) -> None:
    first = house.keep(b"one", showing(LOOK))
    assert not house.are_one(first, house.keep(b"two", replace(showing(LOOK), **unsure)))  # type: ignore[arg-type]


def test_another_process_finds_the_same_groups(house: House, tmp_path: Path) -> None:
    vault = vault_in(tmp_path)
    other = House(QuarantineKeeper(vault.database, vault), house.groups)
    first = house.keep(b"one", showing(LOOK))
    assert house.are_one(first, other.keep(b"two", showing(differing(LOOK, 3))))
    another = other.keep(b"three", showing(differing(LOOK, 100)))
    assert house.are_one(another, house.keep(b"four", showing(differing(LOOK, 101))))


def test_a_first_file_that_could_not_be_stored_leaves_no_group(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise StorageFailed("no space")

    monkeypatch.setattr(type(house.keeper.vault), "put", full)
    with pytest.raises(StorageFailed):
        house.keep(b"one", showing(LOOK))
    monkeypatch.undo()
    with house.keeper.database.session() as session:
        assert session.scalars(select(CaseGroup)).all() == []
    one, two = house.keep(b"two", showing(LOOK)), house.keep(b"three", showing(LOOK))
    assert house.are_one(one, two)


# What is told -------------------------------------------------------------------------------------


def at(house: House, number: str, moment: datetime, state: str = "open") -> None:
    with house.keeper.database.session() as session:
        session.execute(update(Case).where(Case.number == number).values(created_at=moment, state=state))


def test_a_group_tells_how_often_where_and_when_and_how_many_files(house: House) -> None:
    begun = datetime(2026, 11, 1, 12, tzinfo=UTC)
    numbers = [
        house.keep(b"one", showing(LOOK), Source("blog", "/up")),
        house.keep(b"one", showing(LOOK), Source("shop", "/photos")),
        house.keep(b"two", showing(differing(LOOK, 4)), Source("blog", "/photos")),
    ]
    for day, number in enumerate(numbers):
        at(house, number, begun + timedelta(days=day))
    group = house.groups.of(numbers[1])
    assert (group.lead, group.count, group.files, group.same_file) == (numbers[0], 3, 2, 2)
    assert (group.sites, group.routes) == (("blog", "shop"), ("/photos", "/up"))
    assert (group.first, group.last) == (begun, begun + timedelta(days=2))
    assert [member.number for member in group.members] == numbers[::-1]
    assert len(group.members[0].sha256) == 8
    assert house.groups.by_day(numbers[0]) == tuple(
        ((begun + timedelta(days=day)).date(), 1) for day in range(3)
    )


def test_a_file_that_was_confirmed_before_is_told_and_another_of_the_picture_is_not(house: House) -> None:
    first = house.keep(b"one", showing(LOOK))
    at(house, first, datetime(2026, 11, 1, tzinfo=UTC), "confirmed")
    again, like = house.keep(b"one", showing(LOOK)), house.keep(b"two", showing(LOOK))
    told = [house.groups.of(number).confirmed for number in (first, again, like)]
    assert told == ["", first, ""]


def test_what_is_still_being_stored_is_no_member(house: House) -> None:
    first, second = house.keep(b"one"), house.keep(b"one")
    at(house, second, datetime(2026, 11, 1, tzinfo=UTC), "storing")
    group: Group = house.groups.of(first)
    assert group.count == 1
    with pytest.raises(NoSuchCase):
        house.groups.of(second)
