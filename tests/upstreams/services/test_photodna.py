"""PhotoDNA: what it takes is compared, and what it does not take is not "not listed"."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.upstreams.services.asked import CLEAN_FILE, LISTED, LISTED_FILE, of_file
from tests.upstreams.stand_in import StandIn, stand_in
from tests.upstreams.standins.hma import told
from tests.upstreams.standins.photodna import PhotoDna as StandInPhotoDna
from upload_guard.errors import UpstreamError, UpstreamGarbled, UpstreamRefused, UpstreamUnreachable
from upload_guard.upstreams.asking import Asker, Key
from upload_guard.upstreams.services.photodna import KEY_HEADER, MOST_BYTES, PhotoDna
from upload_guard.upstreams.services.service import Hit, Question, Told


@pytest.fixture(scope="module")
def server() -> Iterator[StandIn]:
    with stand_in() as running:
        yield running


@pytest.fixture
def system(server: StandIn) -> StandInPhotoDna:
    server.asked.clear()
    server.instead = None
    server.otherwise = StandInPhotoDna()
    return server.otherwise


@pytest.fixture
def service(server: StandIn, system: StandInPhotoDna) -> PhotoDna:
    return PhotoDna(Asker(Key(KEY_HEADER, system.key)), f"{server.url}/photodna/v1.0")


def test_each_violation_is_a_hit_with_its_source(system: StandInPhotoDna, service: PhotoDna) -> None:
    system.matches[LISTED_FILE] = [("NCMEC", ["A1", "B2"]), ("Test", [])]
    assert service.ask(of_file(LISTED_FILE), 20) == Told(
        (
            Hit(category="A1", bank="NCMEC", near=True),
            Hit(category="B2", bank="NCMEC", near=True),
            Hit(bank="Test", near=True),
        )
    )


def test_the_bytes_go_as_they_are_with_their_type(
    server: StandIn, system: StandInPhotoDna, service: PhotoDna
) -> None:
    data = bytes(range(256)) * 1000
    assert service.ask(of_file(data), 20) == Told()
    assert (server.asked[0].body, server.asked[0].headers["Content-Type"]) == (data, "image/jpeg")


@pytest.mark.parametrize("details", [None, {}, {"MatchFlags": None}, {"MatchFlags": []}], ids=range(4))
def test_a_match_without_flags_is_a_hit_all_the_same(
    server: StandIn, system: StandInPhotoDna, service: PhotoDna, details: object
) -> None:
    server.instead = told({"Status": {"Code": 3000}, "IsMatch": True, "MatchDetails": details})
    assert service.ask(of_file(LISTED_FILE), 20) == Told((Hit(near=True),))


@pytest.mark.parametrize("code", [3206, 3208, 3209])
@pytest.mark.parametrize("status", [200, 400])
def test_what_it_could_not_compare_is_unhashable(
    system: StandInPhotoDna, service: PhotoDna, code: int, status: int
) -> None:
    system.codes[CLEAN_FILE] = (code, status)
    told_of = service.ask(of_file(CLEAN_FILE), 20)
    assert told_of.unhashable
    assert told_of.hits == ()


FAULTS: dict[int, type[UpstreamError]] = {
    3002: UpstreamRefused,
    3004: UpstreamUnreachable,
    1: UpstreamGarbled,
    3001: UpstreamGarbled,
}


@pytest.mark.parametrize(("code", "kind"), FAULTS.items())
@pytest.mark.parametrize("status", [200, 400])
def test_any_other_code_is_a_fault(
    system: StandInPhotoDna, service: PhotoDna, code: int, kind: type[UpstreamError], status: int
) -> None:
    system.codes[CLEAN_FILE] = (code, status)
    with pytest.raises(kind, match=f"code {code}"):
        service.ask(of_file(CLEAN_FILE), 20)


def test_what_is_too_large_or_no_picture_that_it_takes_never_leaves(
    server: StandIn, system: StandInPhotoDna, service: PhotoDna
) -> None:
    picture = of_file(CLEAN_FILE)
    for question in (
        replace(picture, size=MOST_BYTES + 1),
        replace(picture, media_type="image/webp"),
        replace(picture, media_type=""),
        Question((LISTED,)),
    ):
        told_of = service.ask(question, 20)
        assert told_of.unhashable
        assert told_of.hits == ()
    assert server.asked == []
    assert service.ask(replace(picture, size=MOST_BYTES), 20) == Told()


ODD: dict[str, dict[str, object]] = {
    "neither": {"IsMatch": None},
    "a word": {"IsMatch": "false"},
    "a number": {"IsMatch": 0},
    "flags of none": {"IsMatch": False, "MatchDetails": {"MatchFlags": [{"Source": "NCMEC"}]}},
    "a match of a picture that is none": {"Status": {"Code": 3206}, "IsMatch": True},
    "a code that is a word": {"Status": {"Code": "3000"}},
    "no code": {"Status": {}},
    "no status": {"Status": None},
}


@pytest.mark.parametrize("odd", ODD.values(), ids=ODD.keys())
def test_what_does_not_hang_together_is_no_answer(
    server: StandIn, system: StandInPhotoDna, service: PhotoDna, odd: dict[str, object]
) -> None:
    server.instead = told({"Status": {"Code": 3000}, "IsMatch": False, **odd})
    with pytest.raises(UpstreamGarbled):
        service.ask(of_file(CLEAN_FILE), 20)


def test_a_wrong_key_is_named(server: StandIn, service: PhotoDna) -> None:
    other = PhotoDna(Asker(Key(KEY_HEADER, "another")), service.url)
    with pytest.raises(UpstreamRefused, match="key"):
        other.ask(of_file(CLEAN_FILE), 20)
