"""From a case to a glimpse, or to the reason why there is none: each reason is its own."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.containers.writing import LISTED, OTHER, zipped
from tests.glimpses.conftest import House, house_in
from tests.imaging.files import several
from upload_guard.demo.pictures import landscape
from upload_guard.glimpses.looking import Hindrance, Sight
from upload_guard.keyring import Keyring
from upload_guard.quarantine.cases import CaseInfo
from upload_guard.records import Match, SignalType
from upload_guard.storage.vault_tables import VaultObject
from upload_guard.vault.states import Kept

SINCE = datetime(2026, 1, 1, tzinfo=UTC)


def match(view: str, kind: SignalType = SignalType.PDQ) -> Match:
    return Match(kind, view, 4, 31, "test-list", 1, "origin", "illegal", 7, SINCE)


def look(house: House, case: CaseInfo) -> Sight | Hindrance:
    return house.reveals.looker.look(case)


def test_the_view_that_a_list_names_is_shown(house: House) -> None:
    frames = [landscape(seed, (200, 150)) for seed in range(3)]
    sight = look(house, house.holds(several("GIF", *frames), match("frame 2")))
    assert isinstance(sight, Sight)
    assert (sight.glimpse.view, sight.matched, sight.whole) == ("frame 2", True, True)


def test_so_is_the_matched_picture_inside_an_archive(house: House) -> None:
    data = zipped({"a.jpg": OTHER, "b.jpg": LISTED})
    sight = look(house, house.holds(data, match("b.jpg", SignalType.SHA256)))
    assert isinstance(sight, Sight)
    assert (sight.glimpse.view, sight.matched) == ("b.jpg, frame 0", True)


def test_a_match_of_the_file_itself_shows_its_first_view(house: House) -> None:
    sight = look(house, house.holds(LISTED, match("", SignalType.SHA256)))
    assert isinstance(sight, Sight)
    assert sight.matched


def test_where_no_view_has_the_matched_name_the_first_is_shown_and_called_that(house: House) -> None:
    sight = look(house, house.holds(LISTED, match("frame 99")))
    assert isinstance(sight, Sight)
    assert not sight.matched


def test_what_was_cut_is_shown_as_far_as_it_goes_and_called_not_whole(house: House) -> None:
    sight = look(house, house.holds(LISTED[: len(LISTED) // 2]))
    assert isinstance(sight, Sight)
    assert not sight.whole


@pytest.mark.parametrize(
    ("data", "hindrance"),
    [
        (b"just words", Hindrance.NO_PICTURE),
        (b"8BPS\x00\x01" + bytes(100), Hindrance.UNKNOWN_FORMAT),
        (b"\xff\xd8\xff" + bytes(100), Hindrance.UNDECODABLE),
        (b"7z\xbc\xaf\x27\x1c" + bytes(40), Hindrance.NOT_OPENED),
    ],
)
def test_what_cannot_be_decoded_says_so(house: House, data: bytes, hindrance: Hindrance) -> None:
    assert look(house, house.holds(data)) is hindrance


def test_a_picture_over_the_limits_says_so(tmp_path: Path) -> None:
    with house_in(tmp_path, imaging={"max_pixels": 4096}) as small:
        assert look(small, small.holds(LISTED)) is Hindrance.OVER_LIMITS


def test_bytes_that_were_not_kept_say_so(tmp_path: Path) -> None:
    with house_in(tmp_path, quarantine={"retention": {"any": {"any": {"keep": "none"}}}}) as strict:
        assert look(strict, strict.holds(LISTED)) is Hindrance.NOT_KEPT


def test_shredded_bytes_say_so(house: House) -> None:
    case = house.holds(LISTED)
    with house.cases.database.session() as session:
        name = session.query(VaultObject).one().name
        house.cases.vault.shred(session, name)
    assert look(house, house.again(case.number)) is Hindrance.SHREDDED


def test_damaged_bytes_say_so(house: House) -> None:
    case = house.holds(LISTED)
    (file,) = (
        one for one in house.settings.vault_dir.rglob("*") if one.is_file() and one.stat().st_size > 99
    )
    file.write_bytes(file.read_bytes()[:-1] + b"x")
    assert look(house, case) is Hindrance.DAMAGED


def test_bytes_of_another_master_key_say_so(house: House) -> None:
    case = house.holds(LISTED)
    vault = replace(house.cases.vault, keyring=Keyring(b"another key of 32 bytes in all.."))
    assert look(house, replace(case, content=vault.content(case.content.name))) is Hindrance.LOCKED  # type: ignore[attr-defined]


def test_a_vault_that_is_out_of_reach_says_so(house: House, tmp_path: Path) -> None:
    case = house.holds(LISTED)
    no_folder = tmp_path / "file"
    no_folder.write_text("")
    vault = replace(house.cases.vault, spool=no_folder / "spool")
    assert look(house, replace(case, content=vault.content(case.content.name))) is Hindrance.OUT_OF_REACH  # type: ignore[attr-defined]


def test_a_decoder_that_does_not_start_says_so(house: House) -> None:
    house.reveals.looker.sandbox.close()
    assert look(house, house.holds(LISTED)) is Hindrance.BUSY


def test_no_worker_sees_a_second_file(house: House) -> None:
    """One that a file has taken over could show its picture as another's."""
    look(house, house.holds(LISTED))
    assert house.reveals.looker.sandbox.status().workers == 0


@pytest.mark.parametrize("kept", [kept for kept in Kept if not kept.there])
def test_whatever_became_of_bytes_that_are_not_there_is_said(house: House, kept: Kept) -> None:
    assert look(house, replace(house.holds(LISTED), kept=kept)) in set(Hindrance)
