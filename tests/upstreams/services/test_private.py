"""Asking without telling: over a stand-in that keeps what it saw, and lies where a test says so."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.private.customer import KEY, LISTED, QUOTA, listed, prepare, settings_with
from tests.support import activate_list, digests_of
from tests.test_imports import HEAVY, run_python
from tests.upstreams.stand_in import Asked, Reply, StandIn, stand_in
from upload_guard.errors import (
    EpochOver,
    QuotaSpent,
    UpstreamGarbled,
    UpstreamMissing,
    UpstreamRefused,
    UpstreamUnreachable,
)
from upload_guard.private.checks import PrivateChecks
from upload_guard.private.marks import OBLIVIOUS
from upload_guard.private.oprf import KeyPair
from upload_guard.private.wire import EvaluateAnswer, EvaluateQuestion
from upload_guard.records import Signal, SignalType
from upload_guard.signing import Credentials
from upload_guard.upstreams.asking import Asker
from upload_guard.upstreams.services.private import ObliviousService
from upload_guard.upstreams.services.private_door import PrivateDoor
from upload_guard.upstreams.services.private_ranges import RangeService
from upload_guard.upstreams.services.service import Hit, Question, Told

MACHINE = Credentials("customer", "its secret")
SHA256, MD5, SHA1 = (
    Signal(SignalType.SHA256, digests_of(LISTED).sha256),
    Signal(SignalType.MD5, digests_of(LISTED).md5),
    Signal(SignalType.SHA1, digests_of(LISTED).sha1),
)
OTHER = Signal(SignalType.SHA256, bytes(range(32)))
FOUND = Told((Hit(SHA256, "baseline"), Hit(MD5, "baseline")))
BOTH = Question((SHA256, MD5))
Change = Callable[[dict[str, Any]], None]


@dataclass
class Other:
    """The other upload_guard: `checks` answers, and each of `lies` changes what it says at one address.

    It evaluates by `key` where one is given, and says for the first few times that its epoch is `over`.
    """

    checks: PrivateChecks
    lies: dict[str, Change] = field(default_factory=dict)
    key: KeyPair | None = None
    over: int = 0

    def __call__(self, asked: Asked) -> Reply:
        parts = urlsplit(asked.path)
        step = parts.path.removeprefix("/v1/private").strip("/").partition("/")[0] or "offer"
        try:
            answer = json.loads(self._answer(step, parts.path, parts.query, asked.body))
        except EpochOver:
            return Reply(b"{}", 409)
        except QuotaSpent:
            return Reply(b"{}", 429)
        if lie := self.lies.get(step):
            lie(answer)
        return Reply(json.dumps(answer).encode())

    def _answer(self, step: str, path: str, query: str, body: bytes) -> str:
        if self.over and step in {"evaluate", "range"}:
            self.over -= 1
            raise EpochOver("just now")
        last = path.rsplit("/", 2)[1:]
        if step == "offer":
            return self.checks.offer(KEY).model_dump_json()
        if step == "evaluate":
            return self._evaluated(EvaluateQuestion.model_validate_json(body)).model_dump_json()
        if step == "buckets":
            numbers = [int(one) for one in parse_qs(query)["numbers"][0].split(",")]
            return self.checks.buckets(last[1], numbers).model_dump_json()
        found = self.checks.range(SignalType(last[0]), last[1])
        assert found is not None
        return found.model_dump_json()

    def _evaluated(self, question: EvaluateQuestion) -> EvaluateAnswer:
        if self.key is None:
            return self.checks.evaluate(KEY, question)
        elements = [bytes.fromhex(one) for one in question.elements]
        evaluated = OBLIVIOUS.evaluate_blinded(self.key, elements)
        proof = OBLIVIOUS.prove(self.key, elements, evaluated)
        told = tuple(one.hex() for one in evaluated)
        return EvaluateAnswer(epoch=question.epoch, elements=told, proof=proof.hex())


@pytest.fixture(scope="module")
def checks(tmp_path_factory: pytest.TempPathFactory) -> PrivateChecks:
    settings = settings_with(
        tmp_path_factory.mktemp("other"), "ranges", private={"evaluations_per_day": 1_000_000}
    )
    activate_list(settings, listed())
    return prepare(settings)


@contextmanager
def running(other: Other) -> Iterator[tuple[StandIn, PrivateDoor]]:
    with stand_in() as server:
        server.otherwise = other
        yield server, PrivateDoor(Asker(), server.url, MACHINE)


@pytest.fixture
def other(checks: PrivateChecks) -> Other:
    return Other(checks)


@pytest.fixture
def at_work(other: Other) -> Iterator[tuple[StandIn, PrivateDoor]]:
    with running(other) as both:
        yield both


@pytest.fixture
def server(at_work: tuple[StandIn, PrivateDoor]) -> StandIn:
    return at_work[0]


@pytest.fixture
def oblivious(at_work: tuple[StandIn, PrivateDoor]) -> ObliviousService:
    return ObliviousService(at_work[1])


@pytest.fixture
def ranges(at_work: tuple[StandIn, PrivateDoor]) -> RangeService:
    return RangeService(at_work[1])


@pytest.fixture(params=["oblivious", "ranges"])
def service(request: pytest.FixtureRequest) -> ObliviousService | RangeService:
    return request.getfixturevalue(request.param)  # type: ignore[no-any-return]


# What it finds ------------------------------------------------------------------------------------


def test_what_is_listed_is_a_hit_with_its_category(service: ObliviousService | RangeService) -> None:
    assert service.ask(BOTH, 20) == FOUND


def test_what_is_not_listed_is_none(service: ObliviousService | RangeService) -> None:
    assert service.ask(Question((OTHER,)), 20) == Told()
    assert service.ask(Question((OTHER, MD5)), 20) == Told((Hit(MD5, "baseline"),))


def test_asked_about_nothing_or_about_likeness_it_does_not_say_that_nothing_is_listed(
    service: ObliviousService | RangeService,
) -> None:
    looks = Question((Signal(SignalType.PDQ, bytes(32)),))
    assert service.ask(looks, 20).unhashable
    assert service.ask(Question(()), 20).unhashable
    assert SignalType.PDQ not in service.signal_types


def test_where_no_digest_of_that_type_may_be_asked_about_it_says_so(
    service: ObliviousService | RangeService,
) -> None:
    assert service.ask(Question((SHA1,)), 20).unhashable


def test_many_digests_are_asked_about_in_portions(oblivious: ObliviousService, server: StandIn) -> None:
    many = tuple(Signal(SignalType.MD5, bytes([at]) * 16) for at in range(70))
    assert oblivious.ask(Question((*many, MD5)), 20) == Told((Hit(MD5, "baseline"),))
    assert [path.partition("?")[0].split("/")[3] for path in server.paths[1:]] == ["evaluate", "buckets"] * 3


def test_a_hit_stands_although_the_range_of_another_digest_cannot_be_had(
    ranges: RangeService, other: Other
) -> None:
    def cut(answer: dict[str, Any]) -> None:
        if answer["signal_type"] == "md5":
            answer["records"] = []

    other.lies["range"] = cut
    told = ranges.ask(BOTH, 20)
    assert told.hits == (Hit(SHA256, "baseline"),)
    assert "another range than it offered" in told.unhashable


def test_neither_way_imports_anything_heavy_and_by_ranges_not_even_the_extra() -> None:
    """A site that checks by itself asks so, too, and so may one that has no list of its own."""
    code = """
import sys
from upload_guard.upstreams.services import private_ranges
print([name for name in ("rbcl", *{heavy!r}) if name in sys.modules])
from upload_guard.upstreams.services import private
print([name for name in {heavy!r} if name in sys.modules])
"""
    assert run_python(code.format(heavy=HEAVY)).split("\n")[:2] == ["[]", "[]"]


# What the other side sees -------------------------------------------------------------------------


def test_the_other_side_sees_nothing_of_the_digest(oblivious: ObliviousService, server: StandIn) -> None:
    assert oblivious.ask(BOTH, 20) == FOUND
    seen = b"".join(one.path.encode() + str(one.headers).encode() + one.body for one in server.asked)
    for digest in (SHA256.value, MD5.value):
        # Half of it would be enough to find it in a list.
        for part in (digest[:8], digest[8:16]):
            assert part not in seen
            assert part.hex().encode() not in seen.lower()
            assert base64.b64encode(part)[:10] not in seen


def test_the_same_question_looks_like_another_each_time(oblivious: ObliviousService, server: StandIn) -> None:
    for _ in range(2):
        oblivious.ask(BOTH, 20)
    bodies = [one.body for one in server.asked if one.path.endswith("/evaluate")]
    first, second = (set(json.loads(body)["elements"]) for body in bodies)
    assert not first & second


def test_of_a_range_the_other_side_sees_the_first_digits_and_no_more(
    ranges: RangeService, server: StandIn
) -> None:
    ranges.ask(Question((SHA256,)), 20)
    assert server.paths == ["/v1/private", f"/v1/private/range/sha256/{SHA256.value.hex()[0]}"]


def test_every_request_is_signed_by_the_machine_key(oblivious: ObliviousService, server: StandIn) -> None:
    oblivious.ask(BOTH, 20)
    assert all("customer:" in one.headers["Authorization"] for one in server.asked)
    assert not any("its secret" in str(one.headers) for one in server.asked)


def test_what_is_offered_is_asked_once_for_a_while(oblivious: ObliviousService, server: StandIn) -> None:
    for _ in range(3):
        oblivious.ask(BOTH, 20)
    assert server.paths.count("/v1/private") == 1


# When the other side begins anew ------------------------------------------------------------------


def test_an_epoch_that_is_over_is_no_miss_but_asked_again(
    service: ObliviousService | RangeService, other: Other
) -> None:
    service.ask(BOTH, 20)
    other.over = 1
    assert service.ask(BOTH, 20) == FOUND


def test_one_that_is_over_again_and_again_is_no_answer(
    service: ObliviousService | RangeService, other: Other
) -> None:
    other.over = 100
    with pytest.raises(UpstreamUnreachable, match="again and again"):
        service.ask(BOTH, 20)


# Lies ---------------------------------------------------------------------------------------------


def set_to(**values: object) -> Change:
    return lambda answer: answer.update(values)


def short_bucket(answer: dict[str, Any]) -> None:
    answer["buckets"] = [base64.b64encode(base64.b64decode(one)[18:]).decode() for one in answer["buckets"]]


def one_element_less(answer: dict[str, Any]) -> None:
    answer["elements"] = answer["elements"][1:]


def swapped(answer: dict[str, Any]) -> None:
    answer["elements"] = answer["elements"][::-1]


def one_bucket_less(answer: dict[str, Any]) -> None:
    answer["buckets"] = answer["buckets"][1:]


OBLIVIOUS_LIES: dict[str, tuple[str, Change]] = {
    "no elements": ("evaluate", set_to(elements=[])),
    "one element less": ("evaluate", one_element_less),
    "elements swapped": ("evaluate", swapped),
    "the identity": ("evaluate", set_to(elements=["00" * 32] * 2)),
    "a proof of nothing": ("evaluate", set_to(proof="00" * 64)),
    "no proof": ("evaluate", set_to(proof="")),
    "numbers for elements": ("evaluate", set_to(elements=[1, 2])),
    "no buckets": ("buckets", set_to(buckets=[])),
    "one bucket less": ("buckets", one_bucket_less),
    "half a bucket": ("buckets", short_bucket),
    "buckets of something else": ("buckets", set_to(buckets=["%%%", "%%%"])),
    "no labels": ("offer", set_to(labels=[])),
    "an offer of nothing": ("offer", set_to(oblivious=None)),
    "an offer of too many buckets": ("offer", lambda answer: answer["oblivious"].update(bits=99)),
    "a public key that is none": ("offer", lambda answer: answer["oblivious"].update(public_key="00" * 32)),
}


@pytest.mark.parametrize("lie", OBLIVIOUS_LIES.values(), ids=OBLIVIOUS_LIES.keys())
def test_what_is_no_answer_is_never_nothing_listed(
    oblivious: ObliviousService, other: Other, lie: tuple[str, Change]
) -> None:
    other.lies = dict([lie])
    with pytest.raises(UpstreamGarbled):
        oblivious.ask(BOTH, 20)


def one_record_less(answer: dict[str, Any]) -> None:
    answer["records"] = answer["records"][:-1]


def shorter_records(answer: dict[str, Any]) -> None:
    answer["records"] = ["a:0000"] * len(answer["records"])


RANGE_LIES: dict[str, tuple[str, Change]] = {
    "no records": ("range", set_to(records=[])),
    "a record less": ("range", one_record_less),
    "another range": ("range", set_to(prefix="f0")),
    "another type": ("range", set_to(signal_type="sha1")),
    "records of another length": ("range", shorter_records),
    "no labels": ("offer", set_to(labels=[])),
}


@pytest.mark.parametrize("lie", RANGE_LIES.values(), ids=RANGE_LIES.keys())
def test_what_is_no_range_is_never_nothing_listed(
    ranges: RangeService, other: Other, lie: tuple[str, Change]
) -> None:
    other.lies = dict([lie])
    with pytest.raises(UpstreamGarbled):
        ranges.ask(BOTH, 20)


def test_evaluations_under_another_key_than_was_offered_are_no_miss(
    oblivious: ObliviousService, other: Other
) -> None:
    other.key = OBLIVIOUS.key_pair(bytes(32), b"another key")
    with pytest.raises(UpstreamGarbled, match="not made under the key"):
        oblivious.ask(BOTH, 20)


FAULTS = {
    401: UpstreamRefused,
    403: UpstreamRefused,
    404: UpstreamMissing,
    429: UpstreamUnreachable,
    500: UpstreamUnreachable,
    503: UpstreamUnreachable,
}


@pytest.mark.parametrize("status", FAULTS, ids=str)
def test_a_fault_of_the_other_side_is_no_miss(
    service: ObliviousService | RangeService, server: StandIn, status: int
) -> None:
    server.instead = Reply(b'{"code": "x"}', status)
    with pytest.raises(FAULTS[status]):
        service.ask(BOTH, 20)


def test_a_page_of_html_is_no_answer(service: ObliviousService | RangeService, server: StandIn) -> None:
    server.instead = Reply(b"<html>welcome</html>")
    with pytest.raises(UpstreamGarbled):
        service.ask(BOTH, 20)


def test_a_spent_quota_is_no_miss(tmp_path: Path) -> None:
    settings = settings_with(tmp_path)
    activate_list(settings, listed())
    with running(Other(prepare(settings))) as (_, door):
        service = ObliviousService(door)
        for _ in range(QUOTA // 2):
            assert service.ask(BOTH, 20) == FOUND
        with pytest.raises(UpstreamUnreachable, match="429"):
            service.ask(BOTH, 20)
