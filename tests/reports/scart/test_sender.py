"""To an API of SCART's shape."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.reports.known import facts
from tests.upstreams.stand_in import Reply, StandIn, stand_in
from upload_guard.errors import NotWithdrawable, TransportError
from upload_guard.reports.papers import Progress, Sent
from upload_guard.reports.scart.papers import ScartApi
from upload_guard.reports.scart.sender import ScartSender
from upload_guard.upstreams.asking import Asker, Key

PAPER = ScartApi("198.51.100.4").write(facts())


@pytest.fixture(scope="module")
def serving() -> Iterator[StandIn]:
    with stand_in() as server:
        yield server


@pytest.fixture
def scart(serving: StandIn) -> StandIn:
    serving.asked.clear()
    serving.instead = Reply(b'{"id": 17}', 201)
    return serving


def send(scart: StandIn, so_far: Progress) -> tuple[Sent, list[Progress]]:
    sender = ScartSender(scart.url, Asker(Key("Authorization", "Bearer a-secret")), 5.0)
    noted: list[Progress] = []
    return sender.send(PAPER, so_far, noted.append), noted


def test_the_paper_arrives_byte_by_byte_with_its_token(scart: StandIn) -> None:
    sent, noted = send(scart, {})
    (asked,) = scart.asked
    assert (asked.method, asked.path, asked.body) == ("POST", "/api/v1/reports", PAPER.content)
    assert asked.headers["Authorization"] == "Bearer a-secret"
    assert asked.headers["Content-Type"] == "application/json"
    assert sent == Sent("17", acknowledged=True)
    assert json.dumps(noted) == '[{"taken": true, "reference": "17"}]'


def test_what_was_taken_is_not_sent_again(scart: StandIn) -> None:
    _, noted = send(scart, {})
    sent, again = send(scart, noted[-1])
    assert sent.reference == "17"
    assert not again
    assert len(scart.asked) == 1


@pytest.mark.parametrize("body", [b"", b"taken", b"[]", b'{"id": true}', b'{"id": {"a": 1}}'])
def test_an_answer_that_names_nothing_is_sent_but_not_acknowledged(scart: StandIn, body: bytes) -> None:
    scart.instead = Reply(body)
    assert send(scart, {})[0] == Sent()


@pytest.mark.parametrize(
    ("reply", "permanent"),
    [
        (Reply(status=401), True),
        (Reply(status=422), True),
        (Reply(status=429), False),
        (Reply(status=500), False),
        (Reply(b"<!DOCTYPE html>"), False),
        (Reply(status=302, headers={"Location": "http://127.0.0.1:1/"}), True),
        (Reply(b"{}", announced=100), False),
    ],
    ids=["no entry", "not understood", "too often", "a fault", "a page", "elsewhere", "half"],
)
def test_what_is_not_taken_is_a_failure(scart: StandIn, reply: Reply, permanent: bool) -> None:
    scart.instead = reply
    with pytest.raises(TransportError) as caught:
        send(scart, {})
    assert caught.value.permanent is permanent
    assert "secret" not in str(caught.value)


def test_nothing_can_be_taken_back(scart: StandIn) -> None:
    sender = ScartSender(scart.url, Asker())
    sender.withdraw(PAPER, {}, "a mistake")
    with pytest.raises(NotWithdrawable):
        sender.withdraw(PAPER, {"taken": True}, "a mistake")
    assert not scart.asked
