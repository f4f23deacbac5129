"""Shown for a reason, one step at a time, so often at most, and noted before anything is shown."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image
from sqlalchemy import select, update

from tests.containers.writing import LISTED
from tests.glimpses.conftest import ANN, House
from upload_guard.errors import AuditBroken, UsageError
from upload_guard.glimpses.looking import Hindrance
from upload_guard.glimpses.reveals import Refusal, Revealed, RevealRefused, Shown, Viewer
from upload_guard.quarantine.cases import CaseInfo
from upload_guard.storage.glimpse_tables import GlimpseTicket
from upload_guard.storage.vault_tables import AuditHead

BEN = Viewer("ben", "session of ben", most=2)


@pytest.fixture
def case(house: House) -> CaseInfo:
    return house.holds(LISTED)


def revealed(house: House, case: CaseInfo, step: int = 1, viewer: Viewer = ANN) -> Revealed:
    shown = house.reveals.reveal(case, step, viewer, "the distance is large")
    assert isinstance(shown, Revealed)
    return shown


def refusal(house: House, case: CaseInfo, step: int, viewer: Viewer = ANN) -> Refusal:
    with pytest.raises(RevealRefused) as raised:
        house.reveals.reveal(case, step, viewer, "to see")
    return raised.value.refusal


def break_the_log(house: House) -> None:
    with house.cases.database.session() as session:
        session.execute(update(AuditHead).values(fault="a row is missing"))


def tickets_of(house: House) -> int:
    with house.cases.database.session() as session:
        return len(session.scalars(select(GlimpseTicket)).all())


def test_a_step_gives_a_small_grey_picture_once(house: House, case: CaseInfo) -> None:
    ticket = revealed(house, case).ticket
    picture = house.reveals.fetch(ticket, ANN.bearer)
    assert picture is not None
    with Image.open(io.BytesIO(picture)) as image:
        assert (image.format, image.mode, max(image.size)) == ("PNG", "L", 96)
    assert house.reveals.fetch(ticket, ANN.bearer) is None


def test_who_saw_what_and_why_is_noted_before(house: House, case: CaseInfo) -> None:
    revealed(house, case)
    assert house.acts("case.revealed") == [{"step": 1, "because": "the distance is large"}]


def test_where_it_cannot_be_noted_nothing_is_shown(house: House, case: CaseInfo) -> None:
    break_the_log(house)
    with pytest.raises(AuditBroken):
        house.reveals.reveal(case, 1, ANN, "to see")
    with pytest.raises(AuditBroken):
        house.reveals.thumbnail(case, ANN)
    assert tickets_of(house) == 0


@pytest.mark.parametrize("because", ["", "   "])
def test_no_reason_no_look(house: House, case: CaseInfo, because: str) -> None:
    with pytest.raises(UsageError, match="reason"):
        house.reveals.reveal(case, 1, ANN, because)
    assert not house.acts("case.revealed")


def test_steps_are_taken_one_after_another(house: House, case: CaseInfo) -> None:
    assert refusal(house, case, 2) is Refusal.SKIPPING
    for step in (1, 2, 3):
        assert house.reveals.next_step(case.number, ANN) == step
        assert revealed(house, case, step).step == step
    assert house.reveals.next_step(case.number, ANN) == 0


def test_a_step_may_be_looked_at_again(house: House, case: CaseInfo) -> None:
    revealed(house, case)
    revealed(house, case)
    assert house.reveals.shown(case.number).times == 2


def test_anothers_steps_are_not_mine(house: House, case: CaseInfo) -> None:
    revealed(house, case)
    assert refusal(house, case, 2, BEN) is Refusal.SKIPPING


def test_nobody_goes_beyond_what_their_role_may_see(house: House, case: CaseInfo) -> None:
    for step in (1, 2):
        revealed(house, case, step, BEN)
    assert refusal(house, case, 3, BEN) is Refusal.BEYOND
    assert refusal(house, case, 1, replace(BEN, most=0)) is Refusal.BEYOND
    assert refusal(house, case, 0, BEN) is Refusal.BEYOND
    assert house.reveals.next_step(case.number, BEN) == 0


def test_nobody_browses(house: House) -> None:
    cases = [house.holds(LISTED + bytes([number])) for number in range(6)]
    for case in cases[:5]:
        revealed(house, case)
    assert refusal(house, cases[5], 1) is Refusal.TOO_MANY
    assert house.acts("case.reveal_refused") == [{"step": 1, "why": "too_many"}]
    # Somebody else has an hour of their own.
    revealed(house, cases[5], 1, BEN)


def test_what_cannot_be_shown_is_noted_as_asked_for_and_not_as_shown(house: House) -> None:
    case = house.holds(b"just words")
    assert house.reveals.reveal(case, 1, ANN, "to see") is Hindrance.NO_PICTURE
    assert house.reveals.shown(case.number) == Shown()
    assert house.acts("case.reveal_failed") == [{"step": 1, "because": "to see", "why": "no_picture"}]


def test_what_cannot_be_shown_counts_for_the_hour_too(house: House) -> None:
    case = house.holds(b"just words")
    for _ in range(5):
        assert house.reveals.reveal(case, 1, ANN, "to see") is Hindrance.NO_PICTURE
    assert refusal(house, case, 1) is Refusal.TOO_MANY


def test_the_page_can_say_how_often_and_to_whom_last(house: House, case: CaseInfo) -> None:
    revealed(house, case)
    revealed(house, case, 1, BEN)
    shown = house.reveals.shown(case.number)
    assert (shown.times, shown.last_by) == (2, "ben")


def test_an_unasked_thumbnail_is_noted_and_counts_for_no_limit(house: House, case: CaseInfo) -> None:
    for _ in range(6):
        shown = house.reveals.thumbnail(case, ANN)
        assert isinstance(shown, Revealed)
        assert shown.step == 1
    assert len(house.acts("case.thumbnail_shown")) == 6
    revealed(house, case)


def test_no_note_holds_the_picture_or_its_hash(house: House, case: CaseInfo, tmp_path: Path) -> None:
    revealed(house, case)
    rows = b"".join(file.read_bytes() for file in (tmp_path / "data").glob("*.sqlite3*"))
    assert LISTED[:64] not in rows
    assert case.sha256.hex().encode() not in rows
