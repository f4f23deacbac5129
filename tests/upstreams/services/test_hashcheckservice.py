"""EOKM's answer is one of two words; whatever else it says is no answer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.upstreams.stand_in import Reply, StandIn, stand_in
from tests.upstreams.standins.eokm import Eokm
from upload_guard.errors import UpstreamGarbled, UpstreamRefused
from upload_guard.records import Signal, SignalType
from upload_guard.upstreams.asking import Asker
from upload_guard.upstreams.client import Login
from upload_guard.upstreams.services.hashcheckservice import HashCheckService
from upload_guard.upstreams.services.service import Hit, Question, Told

MD5 = Signal(SignalType.MD5, bytes(range(16)))
SHA1 = Signal(SignalType.SHA1, bytes(range(20)))
BOTH = Question((MD5, SHA1))


@pytest.fixture(scope="module")
def eokm() -> Iterator[tuple[Eokm, StandIn, HashCheckService]]:
    system = Eokm()
    with stand_in() as running:
        running.otherwise = system
        client = Asker(Login(system.user, system.password))
        yield system, running, HashCheckService(client, running.url)


@pytest.fixture
def system(eokm: tuple[Eokm, StandIn, HashCheckService]) -> Eokm:
    eokm[0].known.clear()
    eokm[0].known_for_tests.clear()
    return eokm[0]


@pytest.fixture
def running(eokm: tuple[Eokm, StandIn, HashCheckService]) -> Iterator[StandIn]:
    eokm[1].asked.clear()
    yield eokm[1]
    eokm[1].instead = None


@pytest.fixture
def service(eokm: tuple[Eokm, StandIn, HashCheckService]) -> HashCheckService:
    return eokm[2]


def test_a_hash_that_is_known_is_a_hit(system: Eokm, service: HashCheckService) -> None:
    system.known.add(SHA1.value.hex())
    assert service.ask(BOTH, 20) == Told((Hit(SHA1),))


def test_hashes_that_are_not_known_are_none(system: Eokm, service: HashCheckService) -> None:
    assert service.ask(BOTH, 20) == Told()


def test_each_hash_is_asked_about_even_after_a_hit(
    system: Eokm, running: StandIn, service: HashCheckService
) -> None:
    system.known.add(MD5.value.hex())
    service.ask(BOTH, 20)
    assert [(one.path, one.body) for one in running.asked] == [
        ("/v1/check/md5", MD5.value.hex().encode()),
        ("/v1/check/sha1", SHA1.value.hex().encode()),
    ]


def test_the_test_path_knows_other_hashes(system: Eokm, running: StandIn, service: HashCheckService) -> None:
    system.known_for_tests.add(MD5.value.hex())
    assert replace(service, test=True).ask(BOTH, 20) == Told((Hit(MD5),))
    assert running.paths == ["/v1/test/check/md5", "/v1/test/check/sha1"]
    assert service.ask(BOTH, 20) == Told()


def test_nothing_that_it_takes_is_not_nothing_found(running: StandIn, service: HashCheckService) -> None:
    told = service.ask(Question((Signal(SignalType.PDQ, bytes(32)),)), 20)
    assert told.unhashable
    assert running.asked == []


def test_a_wrong_password_is_named(system: Eokm, running: StandIn) -> None:
    service = HashCheckService(Asker(Login(system.user, "another")), running.url)
    with pytest.raises(UpstreamRefused, match="user and password"):
        service.ask(BOTH, 20)


@pytest.mark.parametrize("said", [b" true\r\n", b"true\n", b"\ttrue"])
def test_white_space_around_the_word_does_no_harm(
    running: StandIn, service: HashCheckService, said: bytes
) -> None:
    running.instead = Reply(said, keep=True)
    assert service.ask(Question((MD5,)), 20) == Told((Hit(MD5),))


NO_WORDS = [
    b"",
    b"True",
    b"TRUE",
    b'"true"',
    b"true false",
    b"falsefalse",
    b"0",
    b"no",
    b"null",
    b"f\xc3\xa4lse",
]
NO_WORDS += [
    b"false\0",
    b"\xef\xbb\xbffalse",
    b"\xc2\xa0false",
    b"false;",
    b"fals",
    b'{"result": false}',
    b"\x0bfalse",
]


@pytest.mark.parametrize("said", NO_WORDS, ids=range(len(NO_WORDS)))
def test_any_other_word_is_no_answer(running: StandIn, service: HashCheckService, said: bytes) -> None:
    running.instead = Reply(said, keep=True)
    with pytest.raises(UpstreamGarbled):
        service.ask(BOTH, 20)


@given(st.binary(max_size=8) | st.text(max_size=8).map(str.encode))
def test_only_two_words_are_an_answer(eokm: tuple[Eokm, StandIn, HashCheckService], said: bytes) -> None:
    _, running, service = eokm
    running.instead = Reply(said, keep=True)
    try:
        told = service.ask(Question((MD5,)), 20)
    except UpstreamGarbled:
        assert said.strip(b" \t\r\n") not in {b"true", b"false"}
    else:
        assert told == (Told((Hit(MD5),)) if said.strip(b" \t\r\n") == b"true" else Told())
    finally:
        running.instead = None
