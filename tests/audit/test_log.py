"""The audit log: it grows, and what was altered, removed or cut off is found and stops it."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from tests.support import (
    activate_listed_picture,
    digests_of,
    listed_hashes,
    picture_bytes,
    quiet_station,
    settings_in,
    upload_of,
)
from upload_guard.audit import log
from upload_guard.audit.chain import Head
from upload_guard.audit.heads import HeadFile
from upload_guard.audit.log import AuditWatch
from upload_guard.compose import open_audit, open_benign, open_cases, open_decisions, open_lists
from upload_guard.errors import AuditBroken, StorageFailed
from upload_guard.keyring import Keyring
from upload_guard.lists.bank.benign import vouched_file
from upload_guard.machine_keys.keys import SITE_SCOPES
from upload_guard.machine_keys.opening import open_keys
from upload_guard.settings import Settings
from upload_guard.storage.journal import Act, note_act
from upload_guard.storage.outbox_tables import OutboxEvent
from upload_guard.storage.tables import Case
from upload_guard.storage.vault_tables import AuditHead, AuditRow, SealedSecret


@dataclass(frozen=True)
class House:
    settings: Settings
    watch: AuditWatch

    def note(self, *names: str) -> None:
        for name in names:
            with self.watch.database.session() as session:
                note_act(session, Act("ann", name, "CASE", {"because": "a reason"}))

    def verify(self) -> Head:
        with self.watch.database.session() as session:
            return self.watch.audit.verify(session)

    def accept(self) -> None:
        self.watch.accept("ann", "a backup was put back")

    def rows(self) -> list[AuditRow]:
        with self.watch.database.session() as session:
            return list(session.scalars(select(AuditRow).order_by(AuditRow.sequence)))

    def acts(self) -> list[tuple[str, str]]:
        return [(row.person, row.act) for row in self.rows()]

    def alter(self, row: int, **values: object) -> None:
        with self.watch.database.session() as session:
            session.execute(update(AuditRow).where(AuditRow.sequence == row).values(**values))

    def cut_off(self, last: int) -> None:
        """Remove all rows after one, and have the head say so, as somebody with the database could."""
        with self.watch.database.session() as session:
            session.execute(delete(AuditRow).where(AuditRow.sequence > last))
            row = session.get(AuditRow, last)
            mac = row.mac if row else bytes(32)
            session.execute(update(AuditHead).values(sequence=last, mac=mac))


@pytest.fixture
def house(tmp_path: Path) -> House:
    settings = settings_in(tmp_path, benign={"shipped": False})
    return House(settings, open_audit(settings))


# Appending ----------------------------------------------------------------------------------------


def test_an_empty_log_is_sound(house: House) -> None:
    assert house.verify() == house.watch.export() == Head()


def test_acts_are_noted_one_after_another(house: House) -> None:
    house.note("one", "two")
    assert house.acts() == [("ann", "one"), ("ann", "two")]
    assert house.verify().sequence == 2


def test_several_acts_of_one_transaction_are_a_chain_too(house: House) -> None:
    with house.watch.database.session() as session:
        for name in ("one", "two", "three"):
            note_act(session, Act("ann", name))
    assert house.verify().sequence == 3


def test_an_act_that_is_undone_is_not_noted(house: House) -> None:
    with house.watch.database.session() as session:
        note_act(session, Act("ann", "one"))
        session.rollback()
    house.note("two")
    assert house.acts() == [("ann", "two")]
    assert house.verify().sequence == 1


def test_what_people_do_is_noted_with_the_deed(house: House) -> None:
    activate_listed_picture(house.settings)
    made = open_keys(house.settings).new("blog", SITE_SCOPES, "ann")
    open_keys(house.settings).revoke(made.key_id, "ben")
    (outcome,) = quiet_station(house.settings).guard.check([upload_of(picture_bytes(1))])
    decisions = open_decisions(house.settings)
    decisions.dispute(outcome.case, "test-list", "ann", "a stock photo")
    decisions.dispute(outcome.case, "test-list", "ben", "so it is")
    decisions.lift_dispute(outcome.case, "test-list", "ann")
    decisions.escalate(outcome.case, "ann", "look here")
    decisions.false_positive(outcome.case, "ben", "a stock photo")
    open_lists(house.settings).retract("test-list", listed_hashes(picture_bytes(1)), "ann")
    bank = open_benign(house.settings)
    bank.add(vouched_file("logo.png", digests_of(b"logo"), ()), "ann")
    bank.remove(["logo.png"], "", "ben")
    assert house.acts() == [
        ("tester", "list.imported"),
        ("tester", "list.activated.manual"),
        ("ann", "key.made"),
        ("ben", "key.revoked"),
        ("ann", "entry.proposed"),
        ("ben", "entry.agreed"),
        ("ann", "entry.dispute_lifted"),
        ("ann", "case.escalated"),
        ("ben", "case.false_positive"),
        ("ann", "list.retracted"),
        ("ann", "benign.added"),
        ("ben", "benign.removed"),
    ]
    assert house.verify().sequence == 12


# What was done to it ------------------------------------------------------------------------------


def test_two_that_look_into_a_new_log_at_once_have_the_same_key(house: House) -> None:
    second, keyring = threading.Thread(target=house.watch.export), house.watch.audit.keyring

    def while_another_looks() -> Keyring:
        if not second.ident:
            second.start()
            # It has to wait for the first to be done.
            second.join(0.5)
        return keyring()

    first = replace(house.watch, audit=replace(house.watch.audit, keyring=while_another_looks))
    first.export()
    second.join(60)
    house.note("one")
    assert house.verify().sequence == 1


@pytest.mark.parametrize(
    "values",
    [
        {"person": "eve"},
        {"act": "other"},
        {"case_number": "OTHER"},
        {"details": {}},
        {"mac": bytes(32)},
        {"previous": bytes(32)},
    ],
    ids=lambda values: next(iter(values)),
)
def test_a_row_that_was_altered_is_found(house: House, values: dict[str, object]) -> None:
    house.note("one", "two", "three")
    house.alter(2, **values)
    with pytest.raises(AuditBroken, match="row 2 is not as it was written"):
        house.verify()


def test_a_row_that_was_removed_is_found(house: House) -> None:
    house.note("one", "two", "three")
    with house.watch.database.session() as session:
        session.execute(delete(AuditRow).where(AuditRow.sequence == 2))
    with pytest.raises(AuditBroken, match="row 2 is missing"):
        house.verify()


def test_rows_in_another_order_are_found(house: House) -> None:
    house.note("one", "two", "three")
    house.alter(2, sequence=9)
    house.alter(3, sequence=2)
    house.alter(9, sequence=3)
    with pytest.raises(AuditBroken, match="row 2 is not as it was written"):
        house.verify()


def test_a_row_forged_under_a_key_of_ones_own_is_found(house: House) -> None:
    house.note("one")
    with house.watch.database.session() as session:
        session.execute(delete(SealedSecret))
    house.watch.audit.heads.path.unlink(missing_ok=True)
    with pytest.raises(AuditBroken, match="row, 1, is not as it was written"):
        house.note("forged")
    with pytest.raises(AuditBroken, match="row 1 is not as it was written"):
        house.verify()


@pytest.mark.parametrize("last", [0, 1, 2])
def test_rows_cut_off_at_the_end_are_found_by_the_head_that_was_written_down(house: House, last: int) -> None:
    house.note("one", "two", "three")
    house.watch.export()
    house.cut_off(last)
    with pytest.raises(AuditBroken, match="row 3 is not the one"):
        house.verify()
    with pytest.raises(AuditBroken, match="read-only"):
        house.note("four")


def test_a_log_that_was_cut_and_grown_again_is_found(house: House) -> None:
    house.note("one", "two", "three")
    house.watch.export()
    house.cut_off(1)
    hidden = house.watch.audit.heads.path.rename(house.watch.audit.heads.path.with_suffix(".away"))
    house.note("other two", "other three", "other four")
    hidden.rename(house.watch.audit.heads.path)
    with pytest.raises(AuditBroken, match="row 3 is not the one"):
        house.verify()


# Read-only (table E, row 22) ----------------------------------------------------------------------


def test_e22_while_the_head_does_not_match_nothing_is_decided_and_uploads_are_held_as_ever(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    listed = activate_listed_picture(house.settings)
    station = quiet_station(house.settings)
    (first,) = station.guard.check([upload_of(listed)])
    house.watch.export()
    house.cut_off(1)
    for _ in range(2):
        house.watch.export()
    assert "ALARM: audit log" in caplog.text
    with house.watch.database.session() as session:
        events = session.scalars(select(OutboxEvent.kind).where(OutboxEvent.kind == "audit_broken")).all()
    assert len(events) == 1
    for attempt in (
        lambda: open_decisions(house.settings).confirm(first.case, "ann", "it is"),
        lambda: open_lists(house.settings).retract("test-list", [], "ann"),
        lambda: open_keys(house.settings).new("blog", SITE_SCOPES, "ann"),
    ):
        with pytest.raises(AuditBroken, match="read-only"):
            attempt()
    assert open_cases(house.settings).one(first.case).state == "open"
    (second,) = station.guard.check([upload_of(listed)])
    assert second.verdict.action.refuses
    assert open_cases(house.settings).one(second.case).state == "open"


def test_a_fault_that_was_once_found_stays_until_a_person_has_spoken(house: House) -> None:
    house.note("one", "two")
    house.alter(1, person="eve")
    house.watch.verify()
    with pytest.raises(AuditBroken, match="row 1 is not as it was written"):
        house.note("three")
    house.accept()
    house.note("three")
    assert house.acts()[-2:] == [("ann", "audit.accepted"), ("ann", "three")]
    assert house.verify().sequence == 4


def test_after_rows_were_cut_off_the_log_goes_on_behind_what_was_written_down(house: House) -> None:
    house.note("one", "two", "three")
    house.watch.export()
    house.cut_off(1)
    house.accept()
    house.note("four")
    assert [row.sequence for row in house.rows()] == [1, 4, 5]
    assert house.verify().sequence == 5
    assert house.rows()[1].details["exported"] == 3
    house.watch.export()
    house.cut_off(4)
    with pytest.raises(AuditBroken):
        house.verify()


def test_an_audit_log_whose_key_is_lost_takes_nothing_until_a_person_has_spoken(house: House) -> None:
    house.note("one")
    audit = replace(house.watch.audit, keyring=lambda: Keyring(bytes(32)))
    database = replace(house.watch.database, journal=audit)
    lost = House(house.settings, AuditWatch(database, audit))
    with pytest.raises(AuditBroken, match="another master key"):
        lost.note("two")
    lost.accept()
    lost.note("three")
    assert lost.verify().sequence == 3


def test_a_stolen_machine_key_is_revoked_all_the_same(house: House, caplog: pytest.LogCaptureFixture) -> None:
    made = open_keys(house.settings).new("blog", SITE_SCOPES, "ann")
    house.alter(1, person="eve")
    open_keys(house.settings).revoke(made.key_id, "ann")
    assert open_keys(house.settings).show()[0].revoked_at
    assert "not noted" in caplog.text
    assert len(house.rows()) == 1


# The head outside ---------------------------------------------------------------------------------


def test_the_head_is_written_down_once_for_each_time_it_has_moved(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "upload_guard")
    house.note("one")
    house.watch.export()
    house.watch.export()
    house.note("two")
    head = house.watch.export()
    assert [one.sequence for one in house.watch.audit.heads.all()] == [1, 2]
    assert house.watch.audit.heads.last() == head
    assert head.mac.hex() in caplog.text
    assert house.watch.audit.heads.path.stat().st_mode & 0o777 == 0o600


def test_a_line_that_a_crash_cut_short_is_passed_over(tmp_path: Path) -> None:
    heads = HeadFile(tmp_path / "heads")
    head = Head(7, b"m" * 32)
    heads.append(head)
    with heads.path.open("a") as file:
        file.write("2026-01-01T00:00:00+00:00 8 6d6d")
    assert heads.last() == head
    assert list(heads.all()) == [head]


def test_a_head_file_that_cannot_be_read_is_a_storage_fault(tmp_path: Path) -> None:
    heads = HeadFile(tmp_path / "heads")
    heads.path.mkdir()
    for attempt in (heads.last, lambda: list(heads.all()), lambda: heads.append(Head())):
        with pytest.raises(StorageFailed, match="audit head"):
            attempt()


def test_no_whole_hash_and_no_bytes_of_an_image_come_into_the_log(house: House) -> None:
    listed = activate_listed_picture(house.settings)
    (outcome,) = quiet_station(house.settings).guard.check([upload_of(listed)])
    open_decisions(house.settings).release(outcome.case, "ann", "harmless")
    with house.watch.database.session() as session:
        digests = session.execute(select(Case.md5, Case.sha1, Case.sha256)).one()
    said = repr([vars(row) for row in house.rows()])
    assert not [digest for digest in digests if digest.hex() in said or repr(digest) in said]


# Others who write meanwhile -------------------------------------------------------------------------


def test_what_is_noted_while_the_log_is_gone_through_is_no_fault(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.note("one", "two")
    begin = log._accepted

    def begin_late(session: Session, key: bytes) -> Head:
        house.note("three")
        return begin(session, key)

    monkeypatch.setattr(log, "_accepted", begin_late)
    assert house.verify().sequence == 2
    monkeypatch.undo()
    assert house.verify().sequence == 3


def test_rows_that_the_head_does_not_know_are_told(house: House) -> None:
    house.note("one", "two")
    with house.watch.database.session() as session:
        last = session.get_one(AuditRow, 1)
        session.execute(update(AuditHead).values(sequence=1, mac=last.mac))
    with pytest.raises(AuditBroken, match="rows after 1, up to 2, were not written by this log"):
        house.verify()
