"""What another upload_guard is told of its hits, by either door's key, and what counts as told."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from tests.upstreams.stand_in import Reply, StandIn, stand_in
from upload_guard.customers.wire import HitOutcome, NamedHash, OutcomeTold
from upload_guard.errors import UpstreamGarbled, UpstreamMissing, UpstreamRefused, UpstreamUnreachable
from upload_guard.records import SignalType
from upload_guard.signing import Credentials, Request, parse
from upload_guard.upstreams.asking import Asker
from upload_guard.upstreams.client import Login
from upload_guard.upstreams.services.outcomes import OutcomeTaker

TOLD = OutcomeTold(
    hash=NamedHash(type=SignalType.MD5, value="0f" * 16),
    outcome=HitOutcome.QUARANTINED,
    at=datetime(2026, 11, 26, 12, tzinfo=UTC),
)
KEY = Credentials("KEYID", "a secret")
SECONDS = 5.0


@pytest.fixture(scope="module")
def service() -> Iterator[StandIn]:
    with stand_in() as running:
        yield running


def answers(service: StandIn, body: object, status: int = 200) -> StandIn:
    service.asked.clear()
    service.replies["/v1/outcomes"] = Reply(json.dumps(body).encode(), status)
    return service


def signing(service: StandIn) -> OutcomeTaker:
    return OutcomeTaker(Asker(), service.url, KEY)


@pytest.mark.parametrize("known", [True, False])
def test_the_service_says_whether_it_knows_such_a_hit(service: StandIn, known: bool) -> None:
    assert signing(answers(service, {"known": [known]})).tell(TOLD, SECONDS) is known
    (asked,) = service.asked
    assert json.loads(asked.body) == {
        "outcomes": [
            {
                "hash": {"type": "md5", "value": "0f" * 16},
                "outcome": "quarantined",
                "at": "2026-11-26T12:00:00Z",
            }
        ]
    }


def test_it_is_signed_with_the_key_that_asks(service: StandIn) -> None:
    signing(answers(service, {"known": [True]})).tell(TOLD, SECONDS)
    signed = parse(service.asked[0].headers["Authorization"])
    assert signed is not None
    assert signed.is_right(KEY.secret, Request("POST", "/v1/outcomes"))


def test_where_the_service_is_asked_by_password_it_is_told_by_it(service: StandIn) -> None:
    OutcomeTaker(Asker(Login("site", "a secret")), answers(service, {"known": [True]}).url).tell(
        TOLD, SECONDS
    )
    assert service.asked[0].headers["Authorization"].startswith("Basic ")


@pytest.mark.parametrize("body", [{"known": []}, {"known": [True, True]}, {"known": ["yes"]}, [], "true"])
def test_an_answer_of_another_shape_is_none(service: StandIn, body: object) -> None:
    with pytest.raises(UpstreamGarbled):
        signing(answers(service, body)).tell(TOLD, SECONDS)


@pytest.mark.parametrize(
    ("status", "fault"),
    [(404, UpstreamMissing), (403, UpstreamRefused), (302, UpstreamRefused), (503, UpstreamUnreachable)],
)
def test_every_other_status_says_that_nothing_was_told(
    service: StandIn, status: int, fault: type[Exception]
) -> None:
    with pytest.raises(fault):
        signing(answers(service, {}, status)).tell(TOLD, SECONDS)
