"""Places of files: nothing taken that cannot be put back, nothing lost by a crash, everything told."""

from __future__ import annotations

import logging
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from sqlalchemy import select, update

from tests.holdings.conftest import DATA, House
from tests.support import settings_in
from upload_guard.compose import open_acting
from upload_guard.errors import ChangedInPlace, GoneFromPlace, HoldingsUnreachable, UsageError, VaultDamaged
from upload_guard.holdings.folders import Folders
from upload_guard.holdings.holdings import UNKNOWN, Leftover, Standing
from upload_guard.holdings.placements import Placements
from upload_guard.storage.placement_tables import PlacedFile, PlaceState
from upload_guard.storage.tables import Case
from upload_guard.storage.vault_tables import AuditRow


def _unreachable(*_: object) -> None:
    raise HoldingsUnreachable("the disk broke")


def acts(house: House) -> list[str]:
    with house.placements.database.session() as session:
        names = session.scalars(select(AuditRow.act).order_by(AuditRow.sequence)).all()
    return [name for name in names if name.startswith("file.")]


def test_a_removed_file_is_put_back_as_it_was(house: House) -> None:
    house.file.chmod(0o604)
    number = house.acting.act(house.found())
    house.placements.restore(house.place(number).id, "eve")
    assert house.file.read_bytes() == DATA
    assert house.file.stat().st_mode & 0o777 == 0o604
    assert house.state(number) is PlaceState.RESTORED
    assert acts(house) == ["file.placed", "file.removing", "file.removed", "file.restoring", "file.restored"]


def test_nothing_is_taken_whose_bytes_the_vault_does_not_hold(house: House) -> None:
    number = house.acting.open_case(house.found())
    vault = house.placements.vault
    with house.placements.database.session() as session:
        name = session.scalars(select(Case.vault_name)).one()
    vault.place.delete(name)
    with pytest.raises(VaultDamaged, match="left in its place"):
        house.placements.remove(house.place(number).id, "eve")
    assert house.file.exists()
    assert "left in its place" in house.place(number).fault
    assert house.state(number) is PlaceState.NOTED


def test_where_nothing_may_be_kept_nothing_is_taken(house: House) -> None:
    rules = {"any": {"any": {"keep": "none"}}}
    settings = settings_in(house.file.parents[1] / "strict", quarantine={"retention": rules})
    acting = open_acting(settings)
    number = acting.open_case(house.found())
    with pytest.raises(VaultDamaged):
        acting.placements.remove(acting.placements.of_case(number)[0].id, "eve")
    assert house.file.exists()


def test_another_file_in_its_place_is_left_alone_and_told_once(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    number = house.acting.open_case(house.found())
    house.file.write_bytes(b"an innocent one")
    for _ in range(2):
        with caplog.at_level(logging.ERROR), pytest.raises(ChangedInPlace):
            house.placements.remove(house.place(number).id, "eve")
    assert house.file.read_bytes() == b"an innocent one"
    assert house.state(number) is PlaceState.CHANGED
    assert len([one for one in caplog.messages if "ALARM" in one]) == 1


def test_what_is_gone_already_is_said_to_be_and_when(house: House) -> None:
    number = house.acting.open_case(house.found())
    (house.file.parent / "b.jpg").write_bytes(b"another")
    house.file.unlink()
    with pytest.raises(GoneFromPlace):
        house.placements.remove(house.place(number).id, "eve")
    assert house.state(number) is PlaceState.GONE
    assert house.place(number).removed_at is not None


def test_a_file_whose_disk_is_missing_stays_to_be_removed_until_a_person_says_that_it_is_gone(
    house: House,
) -> None:
    number = house.acting.open_case(house.found())
    house.file.unlink()
    with pytest.raises(HoldingsUnreachable, match="not mounted"):
        house.placements.remove(house.place(number).id, "eve")
    assert house.state(number) is PlaceState.NOTED
    assert "not mounted" in house.place(number).fault
    house.placements.give_up(house.place(number).id, "eve")
    assert (house.state(number), house.place(number).fault) == (PlaceState.GONE, "")
    assert acts(house)[-1] == "file.gone"


def test_what_a_site_writes_while_its_disk_is_missing_makes_no_file_gone(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    look = Folders.look

    def mounted(self: Folders, locator: str, known: Leftover = UNKNOWN) -> Standing:
        said = look(self, locator, known)
        return replace(said, leftover={**said.leftover, "mount": str(house.file.parent)})

    monkeypatch.setattr(Folders, "look", mounted)
    number = house.acting.open_case(house.found())
    house.file.unlink()
    (house.file.parent / "b.jpg").write_bytes(b"another")
    with pytest.raises(HoldingsUnreachable, match="nothing is mounted"):
        house.placements.remove(house.place(number).id, "eve")
    assert house.state(number) is PlaceState.NOTED


def test_what_was_taken_away_is_not_said_to_have_gone_by_itself(house: House) -> None:
    number = house.acting.act(house.found())
    with pytest.raises(UsageError, match="not given up"):
        house.placements.give_up(house.place(number).id, "eve")
    assert house.state(number) is PlaceState.REMOVED


def test_a_disk_that_goes_between_intent_and_act_is_no_removal(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = house.acting.open_case(house.found())
    intend = Placements._intend_removal

    def then_unmount(self: Placements, row: PlacedFile, person: str, leftover: Leftover) -> None:
        intend(self, row, person, {**leftover, "mount": str(house.file.parent)})
        house.file.parent.rename(house.file.parent.with_name("unmounted"))

    monkeypatch.setattr(Placements, "_intend_removal", then_unmount)
    with pytest.raises(HoldingsUnreachable, match="nothing is mounted"):
        house.placements.remove(house.place(number).id, "eve")
    assert house.state(number) is PlaceState.REMOVING
    house.placements.give_up(house.place(number).id, "eve")
    assert house.state(number) is PlaceState.GONE


def test_what_cannot_be_put_back_any_more_is_given_up(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    number = house.acting.act(house.found())
    removed_at = house.place(number).removed_at
    monkeypatch.setattr(Folders, "put", _unreachable)
    with pytest.raises(HoldingsUnreachable):
        house.placements.restore(house.place(number).id, "eve")
    house.placements.give_up(house.place(number).id, "ann")
    place = house.place(number)
    assert (place.state, place.removed_at, place.fault) == (PlaceState.GONE, removed_at, "")


def test_a_removal_that_was_killed_after_the_file_went_is_settled(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = house.acting.open_case(house.found())

    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(type(house.placements), "_end", killed)
        with pytest.raises(KeyboardInterrupt):
            house.placements.remove(house.place(number).id, "eve")
    assert not house.file.exists()
    assert house.state(number) is PlaceState.REMOVING
    house.placements.settle(house.place(number).id)
    assert house.state(number) is PlaceState.REMOVED
    house.placements.restore(house.place(number).id, "eve")
    assert house.file.read_bytes() == DATA


def test_a_place_that_cannot_be_reached_is_tried_again(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    number = house.acting.open_case(house.found())

    def refused(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr(os, "rename", refused)
        with pytest.raises(HoldingsUnreachable, match="Permission denied"):
            house.placements.remove(house.place(number).id, "eve")
    assert "Permission denied" in house.place(number).fault
    house.placements.settle(house.place(number).id)
    assert house.place(number).fault == ""
    assert house.state(number) is PlaceState.REMOVED


def test_a_newer_file_is_not_overwritten_by_the_old_one(house: House) -> None:
    number = house.acting.act(house.found())
    house.file.write_bytes(b"a newer one")
    with pytest.raises(ChangedInPlace):
        house.placements.restore(house.place(number).id, "eve")
    assert house.file.read_bytes() == b"a newer one"
    assert house.state(number) is PlaceState.REMOVED
    house.file.unlink()
    house.placements.restore(house.place(number).id, "eve")
    assert house.file.read_bytes() == DATA


def test_the_file_of_a_confirmed_case_is_not_put_back(house: House) -> None:
    number = house.acting.act(house.found())
    house.decisions.confirm(number, "eve", "seen")
    with pytest.raises(UsageError, match="reopen"):
        house.placements.restore(house.place(number).id, "eve")
    assert not house.file.exists()


def test_that_of_a_released_case_is_not_taken_away(house: House) -> None:
    number = house.acting.open_case(house.found())
    house.decisions.release(number, "eve", "harmless")
    with pytest.raises(UsageError, match="reopen"):
        house.placements.remove(house.place(number).id, "eve")
    assert house.file.exists()


def test_many_who_do_the_same_at_once_do_it_once(house: House) -> None:
    number = house.acting.open_case(house.found())
    place = house.place(number).id
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: house.placements.remove(place, "eve"), range(4)))
        assert house.state(number) is PlaceState.REMOVED
        list(pool.map(lambda _: house.placements.restore(place, "eve"), range(4)))
    assert house.file.read_bytes() == DATA
    assert acts(house) == ["file.placed", "file.removing", "file.removed", "file.restoring", "file.restored"]


def test_what_was_not_taken_is_not_put_back(house: House) -> None:
    number = house.acting.open_case(house.found())
    with pytest.raises(UsageError, match="nothing to put back"):
        house.placements.restore(house.place(number).id, "eve")


def test_a_place_that_nobody_noted_is_unknown(house: House) -> None:
    for act in (house.placements.remove, house.placements.restore):
        with pytest.raises(UsageError, match="no place 7"):
            act(7, "eve")


def test_a_place_of_a_kind_that_nothing_reaches_is_refused(house: House) -> None:
    number = house.acting.open_case(house.found())
    place = house.placements.note(number, "ftp://elsewhere/a.jpg", "eve")
    with pytest.raises(HoldingsUnreachable, match="nothing here reaches"):
        house.placements.remove(place, "eve")


# Retention ----------------------------------------------------------------------------------------


def test_the_only_copy_of_a_file_that_may_have_to_be_put_back_does_not_expire(house: House) -> None:
    number = house.acting.act(house.found())
    assert house.expire() == 0
    house.decisions.release(number, "eve", "harmless")
    assert house.expire() == 0
    house.placements.restore(house.place(number).id, "eve")
    assert house.file.read_bytes() == DATA
    assert house.expire() == 1


def test_that_of_a_confirmed_case_expires_in_its_time(house: House) -> None:
    number = house.acting.act(house.found())
    house.decisions.confirm(number, "eve", "seen")
    assert house.expire() == 1
    assert house.state(number) is PlaceState.REMOVED


@pytest.mark.parametrize("state", [PlaceState.REMOVING, PlaceState.RESTORING], ids=str)
def test_nothing_expires_under_an_act_that_is_not_done(house: House, state: PlaceState) -> None:
    number = house.acting.act(house.found())
    house.decisions.confirm(number, "eve", "seen")
    with house.placements.database.session() as session:
        session.execute(update(PlacedFile).values(state=state))
    assert house.expire() == 0
