"""Project Arachnid Shield: classifications of files and of PDQ hashes."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.upstreams.services.asked import CLEAN, CLEAN_FILE, LISTED, LISTED_FILE, LOGIN, an_arachnid, of_file
from tests.upstreams.stand_in import Reply, StandIn, stand_in
from tests.upstreams.standins.arachnid import Arachnid
from tests.upstreams.standins.hma import told
from upload_guard.errors import UpstreamGarbled, UpstreamRefused
from upload_guard.records import Signal, SignalType
from upload_guard.upstreams.asking import Asker
from upload_guard.upstreams.client import Login
from upload_guard.upstreams.services.arachnid import ArachnidShield
from upload_guard.upstreams.services.service import Hit, Question, Told


@pytest.fixture(scope="module")
def server() -> Iterator[StandIn]:
    with stand_in() as running:
        yield running


@pytest.fixture
def system(server: StandIn) -> Arachnid:
    server.asked.clear()
    server.instead = None
    server.otherwise = an_arachnid()
    return server.otherwise


@pytest.fixture
def service(server: StandIn, system: Arachnid) -> ArachnidShield:
    return ArachnidShield(Asker(LOGIN), server.url)


@pytest.mark.parametrize("category", ["csam", "harmful-abusive-material", "test"])
@pytest.mark.parametrize("match_type", ["exact", "near", None])
def test_a_file_that_is_known_is_a_hit_of_its_classification(
    system: Arachnid, service: ArachnidShield, category: str, match_type: str | None
) -> None:
    system.files[LISTED_FILE] = (category, match_type)
    assert service.ask(of_file(LISTED_FILE), 20) == Told(
        (Hit(category=category, near=match_type != "exact"),)
    )


def test_the_bytes_go_as_they_are_with_their_type(
    server: StandIn, system: Arachnid, service: ArachnidShield
) -> None:
    data = bytes(range(256)) * 1000
    assert service.ask(of_file(data), 20) == Told()
    assert server.asked[0].body == data
    assert server.asked[0].headers["Content-Type"] == "image/jpeg"
    assert server.paths == ["/v1/media/"]


def test_all_hashes_go_in_one_question_and_each_is_told_apart(
    server: StandIn, system: Arachnid, service: ArachnidShield
) -> None:
    told_of = service.ask(Question((CLEAN, LISTED)), 20)
    assert told_of == Told((Hit(LISTED, "csam", near=True),))
    asked = json.loads(server.asked[0].body)
    assert [base64.b64decode(one) for one in asked["hashes"]] == [CLEAN.value, LISTED.value]
    assert server.paths == ["/v1/pdq/"]


def test_near_match_details_of_a_hash_may_be_one_object(
    server: StandIn, system: Arachnid, service: ArachnidShield
) -> None:
    """The Rust SDK has one there, the media answer a list of them."""
    name = base64.b64encode(LISTED.value).decode()
    said = {"classification": "csam", "match_type": "near", "near_match_details": {"classification": "csam"}}
    server.instead = told({"scanned_hashes": {name: said}})
    assert service.ask(Question((LISTED,)), 20) == Told((Hit(LISTED, "csam", near=True),))


@pytest.mark.parametrize("status", [400, 413, 415, 422])
def test_a_file_that_it_does_not_take_is_unhashable(
    server: StandIn, system: Arachnid, service: ArachnidShield, status: int
) -> None:
    server.instead = told({"detail": "Unsupported media type"}, status)
    told_of = service.ask(of_file(CLEAN_FILE), 20)
    assert f"status {status}" in told_of.unhashable
    assert told_of.hits == ()


@pytest.mark.parametrize("media_type", ["", "application/pdf", "text/html"])
def test_what_is_neither_picture_nor_film_never_leaves(
    server: StandIn, system: Arachnid, service: ArachnidShield, media_type: str
) -> None:
    told_of = service.ask(replace(of_file(CLEAN_FILE), media_type=media_type), 20)
    assert told_of.unhashable
    assert server.asked == []


def test_hashes_that_it_does_not_take_are_a_fault(
    server: StandIn, system: Arachnid, service: ArachnidShield
) -> None:
    server.instead = told({"detail": "Incorrect padding"}, 400)
    with pytest.raises(UpstreamRefused, match="status 400"):
        service.ask(Question((LISTED,)), 20)


def test_a_wrong_password_is_named(server: StandIn, system: Arachnid) -> None:
    with pytest.raises(UpstreamRefused, match="user and password"):
        ArachnidShield(Asker(Login("site", "another")), server.url).ask(of_file(CLEAN_FILE), 20)


CLASSIFIED = {"classification": "no-known-match", "match_type": None, "near_match_details": []}
ODD: dict[str, dict[str, object]] = {
    "a new classification": {"classification": "unheard-of"},
    "none": {"classification": None},
    "a match that is none": {"match_type": "exact"},
    "near matches of none": {"near_match_details": [{"classification": "csam"}]},
    "a new match type": {"match_type": "likely"},
    "another file": {"size_bytes": 1},
    "no size": {"size_bytes": None},
}


@pytest.mark.parametrize("odd", ODD.values(), ids=ODD.keys())
def test_what_does_not_hang_together_is_no_answer(
    server: StandIn, system: Arachnid, service: ArachnidShield, odd: dict[str, object]
) -> None:
    server.instead = told(CLASSIFIED | {"size_bytes": len(CLEAN_FILE)})
    assert service.ask(of_file(CLEAN_FILE), 20) == Told()
    server.instead = told(CLASSIFIED | {"size_bytes": len(CLEAN_FILE)} | odd)
    with pytest.raises(UpstreamGarbled):
        service.ask(of_file(CLEAN_FILE), 20)


def test_every_hash_must_be_answered_and_no_other(
    server: StandIn, system: Arachnid, service: ArachnidShield
) -> None:
    name = base64.b64encode(LISTED.value).decode()
    for scanned in ({}, {name: CLASSIFIED, "AAAA": CLASSIFIED}, {name.lower(): CLASSIFIED}):
        server.instead = told({"scanned_hashes": scanned})
        with pytest.raises(UpstreamGarbled, match="each hash"):
            service.ask(Question((LISTED,)), 20)
    server.instead = Reply(b"{}")
    with pytest.raises(UpstreamGarbled):
        service.ask(Question((LISTED,)), 20)


def test_nothing_that_it_takes_is_not_nothing_found(
    server: StandIn, system: Arachnid, service: ArachnidShield
) -> None:
    assert service.ask(Question((Signal(SignalType.MD5, bytes(16)),)), 20).unhashable
    assert server.asked == []
