"""One service is asked: what its answer means for each hash, what is kept, and what counts as failing."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import pytest

from upload_guard.checkers.upstreams.cache import AnswerCache, AnswerLimits
from upload_guard.checkers.upstreams.circuit import Circuit
from upload_guard.checkers.upstreams.contact import Contact, Heard
from upload_guard.checkers.upstreams.rate import Rate
from upload_guard.checkers.upstreams.tally import Tally
from upload_guard.checkers.upstreams.upstream import Meaning, OnFailure, Upstream
from upload_guard.errors import UpstreamTimeout, UpstreamUnreachable
from upload_guard.records import Signal, SignalType
from upload_guard.upstreams.services.service import Hit, Question, Told

MD5 = Signal(SignalType.MD5, b"\1" * 16)
SHA1 = Signal(SignalType.SHA1, b"\2" * 20)
BOTH = frozenset({SignalType.MD5, SignalType.SHA1})


@dataclass
class Service:
    """A `CheckService` that says what the test wants."""

    say: Callable[[Question], Told]
    asked: list[Question] = field(default_factory=list)
    signal_types: frozenset[SignalType] = BOTH
    takes_files: bool = False

    def ask(self, question: Question, seconds: float) -> Told:
        self.asked.append(question)
        return self.say(question)


def contact(
    service: Service, *, per_hash: bool = False, failures: int = 2, by_word: Mapping[str, str] | None = None
) -> Contact:
    upstream = Upstream(
        name="service",
        origin="elsewhere",
        service=service,
        sends=BOTH,
        sends_file=False,
        meaning=Meaning("illegal", by_word or {}),
        on_failure=OnFailure.CLOSED,
        timeout=10,
        per_hash=per_hash,
        variants=True,
        pdq_limit=31,
    )
    cache = AnswerCache(b"k" * 32, AnswerLimits(100, 100, 100))
    return Contact(upstream, cache, Rate(0), Circuit(failures, 3600), Tally("service"))


def heard_from(one: Contact, *signals: Signal, seconds: float = 10) -> Heard:
    heard = Heard()
    unknown = one.recall(signals, heard)
    one.ask(unknown, None, time.monotonic() + seconds, heard)
    return heard


def test_a_hash_without_a_hit_is_answered_with_a_no() -> None:
    heard = heard_from(contact(Service(lambda _: Told((Hit(MD5),)))), MD5, SHA1)
    assert heard.by_hash == {(MD5.type, MD5.value): (Hit(MD5),), (SHA1.type, SHA1.value): ()}
    assert heard.told


def test_each_hash_is_a_question_of_its_own_where_the_service_wants_it_so() -> None:
    service = Service(lambda _: Told())
    heard_from(contact(service, per_hash=True), MD5, SHA1, MD5)
    assert [question.signals for question in service.asked] == [(MD5,), (SHA1,)]


def test_what_was_told_is_not_asked_again() -> None:
    service = Service(lambda _: Told((Hit(MD5, "A1"),)))
    one = contact(service)
    heard_from(one, MD5, SHA1)
    heard = heard_from(one, MD5, SHA1)
    assert heard.by_hash == {(MD5.type, MD5.value): (Hit(None, "A1"),), (SHA1.type, SHA1.value): ()}
    assert len(service.asked) == 1


def test_a_hit_on_nobody_knows_which_part_is_no_no_for_any() -> None:
    service = Service(lambda _: Told((Hit(),)))
    one = contact(service)
    assert heard_from(one, MD5, SHA1).of_file == (Hit(),)
    heard_from(one, MD5, SHA1)
    assert len(service.asked) == 2


def test_what_cannot_be_hashed_is_no_answer_and_not_remembered_though_a_hit_is() -> None:
    service = Service(lambda _: Told((Hit(MD5),), unhashable="too little in it"))
    one = contact(service)
    heard = heard_from(one, MD5, SHA1)
    assert (heard.told, heard.unhashable) == (False, ["too little in it"])
    assert heard.by_hash == {(MD5.type, MD5.value): (Hit(MD5),)}
    heard_from(one, MD5, SHA1)
    assert [question.signals for question in service.asked] == [(MD5, SHA1), (SHA1,)]


def test_of_thousands_of_hits_that_mean_the_same_the_nearest_is_kept() -> None:
    hits = [Hit(MD5, f"word {at}", distance=2000 - at) for at in range(1000)]
    service = Service(lambda _: Told((*hits, Hit(MD5, "A1", distance=5))))
    one = contact(service, by_word={"a1": "baseline"})
    heard = heard_from(one, MD5)
    assert heard.by_hash == {
        (MD5.type, MD5.value): (Hit(MD5, "A1", distance=5), Hit(MD5, "word 999", distance=1001))
    }


def test_what_was_heard_before_a_failure_stands() -> None:
    def say(question: Question) -> Told:
        if question.signals == (SHA1,):
            raise UpstreamTimeout("too late")
        return Told((Hit(MD5),))

    one, heard = contact(Service(say), per_hash=True), Heard()
    with pytest.raises(UpstreamTimeout):
        one.ask((MD5, SHA1), None, time.monotonic() + 10, heard)
    assert heard.by_hash == {(MD5.type, MD5.value): (Hit(MD5),)}
    assert one.standing.failures == {"upstream_timeout": 1}
    assert one.standing.fault == "too late"


def too_late(_: Question) -> Told:
    raise UpstreamTimeout("too late")


def test_a_service_that_is_left_no_time_does_not_look_dead_for_it() -> None:
    one = contact(Service(too_late), failures=2)
    for _ in range(5):
        with pytest.raises(UpstreamTimeout):
            heard_from(one, MD5, seconds=4)
    assert not one.standing.resting
    for _ in range(2):
        with pytest.raises(UpstreamTimeout):
            heard_from(one, MD5)
    assert one.standing.resting
    with pytest.raises(UpstreamUnreachable, match="given a rest"):
        heard_from(one, MD5)


def test_an_error_of_our_own_is_no_answer() -> None:
    def say(_: Question) -> Told:
        raise ZeroDivisionError

    one = contact(Service(say))
    with pytest.raises(UpstreamUnreachable, match="an error of our own"):
        heard_from(one, MD5)
    assert one.standing.fault == "ZeroDivisionError"
