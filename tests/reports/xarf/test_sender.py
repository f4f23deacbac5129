"""XARF by HTTP."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.reports.known import facts
from tests.upstreams.stand_in import Reply, StandIn, stand_in
from upload_guard.errors import NotWithdrawable, TransportError
from upload_guard.reports.papers import Progress, Sent
from upload_guard.reports.xarf.paper import Xarf
from upload_guard.reports.xarf.sender import PostSender
from upload_guard.upstreams.asking import Asker, Key


@pytest.fixture(scope="module")
def serving() -> Iterator[StandIn]:
    with stand_in() as server:
        yield server


@pytest.fixture
def taker(serving: StandIn) -> StandIn:
    serving.asked.clear()
    serving.instead = Reply(b"", 202)
    return serving


def sender(taker: StandIn) -> PostSender:
    return PostSender(f"{taker.url}/xarf", Asker(Key("Authorization", "Bearer a-secret")), 5.0)


def test_the_paper_arrives_byte_by_byte_and_once(taker: StandIn) -> None:
    paper, noted = Xarf().write(facts()), list[Progress]()
    assert sender(taker).send(paper, {}, noted.append) == Sent()
    assert sender(taker).send(paper, noted[-1], noted.append) == Sent()
    (asked,) = taker.asked
    assert (asked.method, asked.path, asked.body) == ("POST", "/xarf", paper.content)
    assert asked.headers["Authorization"] == "Bearer a-secret"
    assert asked.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize(("status", "permanent"), [(400, True), (403, True), (500, False), (503, False)])
def test_a_refusal_is_final_and_a_fault_is_not(taker: StandIn, status: int, permanent: bool) -> None:
    taker.instead = Reply(b"no", status)
    noted = list[Progress]()
    with pytest.raises(TransportError) as caught:
        sender(taker).send(Xarf().write(facts()), {}, noted.append)
    assert caught.value.permanent is permanent
    assert noted == []


def test_only_what_was_sent_cannot_be_taken_back(taker: StandIn) -> None:
    paper = Xarf().write(facts())
    sender(taker).withdraw(paper, {}, "a slip")
    with pytest.raises(NotWithdrawable):
        sender(taker).withdraw(paper, {"taken": True}, "a slip")
