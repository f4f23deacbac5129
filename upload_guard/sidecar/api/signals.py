"""POST /v1/check/signals and /v1/batch: what hashes alone tell, or that the file is needed."""

from __future__ import annotations

from flask import Response
from flask_openapi3 import APIBlueprint
from pydantic import BaseModel, RootModel

from upload_guard.checkers.by_signals import BySignals, Hashes, SignalChecker
from upload_guard.checkers.wire import (
    BATCH_PATH,
    SIGNALS_PATH,
    BatchAnswer,
    BatchQuestion,
    CheckAnswer,
    SignalsAnswer,
    SignalsQuestion,
)
from upload_guard.machine_keys.keys import Scope
from upload_guard.machine_keys.ledger import Ledger
from upload_guard.records import Outcome
from upload_guard.sidecar.api.answers import MatchAnswer, answered, match_answers
from upload_guard.sidecar.api.openapi import api_routes
from upload_guard.sidecar.auth import Caller, caller, requires


class DetailedSignalsAnswer(SignalsAnswer):
    """The same for a machine of the administrator's own, with all that the hashes reach.

    A likeness by `pdq` is a hint: it makes no verdict before the file was looked at here.
    """

    matches: tuple[MatchAnswer, ...]


class EitherSignalsAnswer(RootModel[DetailedSignalsAnswer | SignalsAnswer]):
    """With `matches` for keys that have the scope `details`."""


class DetailedBatchAnswer(BaseModel):
    """As `BatchAnswer`."""

    answers: tuple[DetailedSignalsAnswer, ...]


class EitherBatchAnswer(RootModel[DetailedBatchAnswer | BatchAnswer]):
    """With `matches` for keys that have the scope `details`."""


def signal_routes(checker: SignalChecker, ledger: Ledger) -> APIBlueprint:
    routes = api_routes("signals", __name__)

    @routes.post(SIGNALS_PATH, responses={200: EitherSignalsAnswer})
    @requires(Scope.CHECK)
    def signals(body: SignalsQuestion) -> Response:
        """Check a file by its hashes, as far as they tell. Keeps nothing and opens no case."""
        asking = caller()
        return answered(_answer(checker.check(_hashes(body), asking.site), asking))

    @routes.post(BATCH_PATH, responses={200: EitherBatchAnswer})
    @requires(Scope.CHECK)
    def batch(body: BatchQuestion) -> Response:
        """The same for up to 1,000 files at once. Counts as one request for each file without `details`."""
        asking = caller()
        if Scope.DETAILS not in asking.scopes:
            # A customer may read a site's key: asking many at once must not be the way past the limits.
            ledger.charge(asking.key_id, len(body.files) - 1)
        found = checker.check_all(map(_hashes, body.files), asking.site)
        answers = tuple(_answer(one, asking) for one in found)
        detailed = tuple(one for one in answers if isinstance(one, DetailedSignalsAnswer))
        return answered(DetailedBatchAnswer(answers=detailed) if detailed else BatchAnswer(answers=answers))

    return routes


def _hashes(question: SignalsQuestion) -> Hashes:
    return Hashes(question.signals(), question.size)


def _answer(found: BySignals, asking: Caller) -> SignalsAnswer:
    verdict = CheckAnswer.of(Outcome(found.verdict)) if found.verdict else None
    if Scope.DETAILS not in asking.scopes:
        return SignalsAnswer(need_file=found.need, verdict=verdict)
    return DetailedSignalsAnswer(need_file=found.need, verdict=verdict, matches=match_answers(found.matches))
