"""/v1/private: checks by customers who may not tell which hashes they ask about; docs/private-checks.md.

Where no list may be asked about so, or not all of them by this customer, every address here answers as one
that does not exist.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from flask import Response, abort
from flask_openapi3 import APIBlueprint
from pydantic import BaseModel, Field

from upload_guard.machine_keys.keys import Scope
from upload_guard.machine_keys.ledger import Ledger
from upload_guard.private.wire import (
    BUCKETS_PATH,
    EVALUATE_PATH,
    MOST_BUCKETS,
    OFFER_PATH,
    RANGE_PATH,
    BucketsAnswer,
    Epoch,
    EvaluateAnswer,
    EvaluateQuestion,
    Offer,
    RangeAnswer,
)
from upload_guard.records import SignalType
from upload_guard.sidecar.api.answers import answered
from upload_guard.sidecar.api.errors import ErrorAnswer
from upload_guard.sidecar.api.openapi import api_routes
from upload_guard.sidecar.auth import caller, requires

if TYPE_CHECKING:
    # It takes the extra, which a sidecar without such lists has no need of.
    from upload_guard.private.checks import PrivateChecks


class BucketsPath(BaseModel):
    epoch: Epoch


class BucketsQuery(BaseModel):
    """Up to 32, separated by commas."""

    numbers: str = Field(pattern=rf"^[0-9]{{1,10}}(,[0-9]{{1,10}}){{0,{MOST_BUCKETS - 1}}}$")


class RangePath(BaseModel):
    """`prefix` is the first digits of a digest in hex, as many as the offer says."""

    signal_type: Literal["sha256", "sha1", "md5"]
    prefix: str = Field(pattern=r"^[0-9A-Fa-f]{1,8}$")


def private_routes(checks: PrivateChecks | None, ledger: Ledger) -> APIBlueprint:
    """None answers nobody: no list may be asked about."""
    routes = api_routes("private", __name__)

    @routes.get(OFFER_PATH, responses={200: Offer, 404: ErrorAnswer})
    @requires(Scope.PRIVATE_CHECK)
    def offer() -> Response:
        """How to ask, and by which key: until the epoch is over."""
        return answered(_offered(checks).offer(caller().key_id))

    @routes.post(EVALUATE_PATH, responses={200: EvaluateAnswer, 404: ErrorAnswer})
    @requires(Scope.PRIVATE_CHECK)
    def evaluate(body: EvaluateQuestion) -> Response:
        """Evaluate blinded digests, of which nothing is learned here. Each counts against the key's day."""
        answering, asking = _offered(checks), caller()
        ledger.charge(asking.key_id, len(body.elements) - 1)
        return answered(answering.evaluate(asking.key_id, body))

    @routes.get(f"{BUCKETS_PATH}/<epoch>", responses={200: BucketsAnswer, 404: ErrorAnswer})
    @requires(Scope.PRIVATE_CHECK)
    def buckets(path: BucketsPath, query: BucketsQuery) -> Response:
        """Some buckets of an epoch. Counts as one request for each."""
        answering = _offered(checks)
        numbers = [int(one) for one in query.numbers.split(",")]
        ledger.charge(caller().key_id, len(numbers) - 1)
        return answered(answering.buckets(path.epoch, numbers))

    @routes.get(f"{RANGE_PATH}/<signal_type>/<prefix>", responses={200: RangeAnswer, 404: ErrorAnswer})
    @requires(Scope.PRIVATE_CHECK)
    def digests(path: RangePath) -> Response:
        """All listed digests that begin so, among others that nobody has: ranges are of one size."""
        found = _offered(checks).range(SignalType(path.signal_type), path.prefix)
        return answered(found) if found is not None else abort(404)

    return routes


def _offered(checks: PrivateChecks | None) -> PrivateChecks:
    """To whoever asks now."""
    return checks if checks is not None and checks.serves(caller().site) else abort(404)
