"""The bridge for sites in other languages, PHP above all: what to do with an upload, in one word.

Hash, then the file where it is wanted: `allow`, `refuse` or `need_file`. Errors are those of the API; what
they mean for the upload is for the site's failure policy to say.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum

from flask import Response, request
from flask_openapi3 import APIBlueprint
from pydantic import BaseModel, ConfigDict, Field

from upload_guard.answers import LANGUAGES, language_of, sentences
from upload_guard.checkers.by_signals import Hashes, SignalChecker
from upload_guard.checkers.wire import NeedFile, SignalsQuestion
from upload_guard.errors import NotReady
from upload_guard.intake.receive import received
from upload_guard.machine_keys.keys import Scope
from upload_guard.matching.live import LiveSnapshot
from upload_guard.quarantine.cases import Cases
from upload_guard.quarantine.showing.outcomes import LateAction, LateOutcomes
from upload_guard.records import Result
from upload_guard.sidecar.api.answers import answered
from upload_guard.sidecar.api.cases import CASE_NUMBER
from upload_guard.sidecar.api.check import Checks, FileQuery, only_file
from upload_guard.sidecar.api.errors import ErrorAnswer
from upload_guard.sidecar.api.openapi import api_routes
from upload_guard.sidecar.auth import caller, requires

BRIDGE_PATH = "/bridge/v1"


class Answer(StrEnum):
    """What to do with the upload."""

    ALLOW = "allow"
    REFUSE = "refuse"
    NEED_FILE = "need_file"


class IfUnsent(StrEnum):
    """What to do with an upload whose file is needed and cannot be sent: `policy` is the site's own."""

    REFUSE = "refuse"
    POLICY = "policy"


class BridgeAnswer(BaseModel):
    """`result` says what an `allow` is worth: `unchecked` is not `clean`. It is null with `need_file`.

    `message` is for the uploader, in the language that the request prefers; empty unless it is refused.
    `upload` is the id by which what passed is remembered; empty where it is not, and need not be told of.
    """

    answer: Answer
    result: Result | None
    case: str
    message: str
    if_unsent: IfUnsent | None = Field(description="With need_file only.")
    upload: str = Field(default="", description="Tell where it went at /v1/uploads/ID/place, by this id.")


class Messages(BaseModel):
    """Sentences for uploaders in one language."""

    title: str
    refused: str
    case_label: str
    unavailable: str


class ConfigAnswer(BaseModel):
    """What a bridge has to know. To be asked for now and then, and kept meanwhile."""

    site: str
    ready: bool = Field(description="False: lists are not loaded, so no check is possible now.")
    lists_active: bool = Field(description="False: whatever is uploaded is `unchecked`.")
    looks_active: bool = Field(
        description="True: perceptual hashes are listed, which only the file can match."
    )
    max_file: int = Field(description="Bytes. Larger files are answered with 413.")
    retry_after: int = Field(description="Seconds to leave the sidecar alone after an error.")
    messages: dict[str, Messages]


class LateOutcomeQuestion(BaseModel):
    """What the site did with the file of a case that had passed before; `reference` is its own name of it."""

    model_config = ConfigDict(extra="forbid")

    case: str = Field(pattern=CASE_NUMBER)
    outcome: LateAction
    reference: str = Field("", max_length=200)


class LateOutcomeAnswer(BaseModel):
    case: str
    outcome: LateAction
    told_at: datetime


@dataclass(frozen=True, slots=True)
class Bridge:
    """What the bridge's routes ask. `remembers`: whether uploads that pass are held against later lists."""

    checks: Checks
    signals: SignalChecker
    snapshot: LiveSnapshot
    cases: Cases
    outcomes: LateOutcomes
    remembers: bool = False


def bridge_routes(bridge: Bridge) -> APIBlueprint:
    routes = api_routes("bridge", __name__)

    @routes.post(f"{BRIDGE_PATH}/hash", responses={200: BridgeAnswer})
    @requires(Scope.CHECK)
    def by_hash(body: SignalsQuestion) -> Response:
        """Ask by hashes, before a file is sent."""
        found = bridge.signals.check(Hashes(body.signals(), body.size), caller().site)
        if found.need is NeedFile.NO and found.verdict is not None:
            return _allowed(found.verdict.result)
        unsent = IfUnsent.REFUSE if found.need is NeedFile.TO_KEEP else IfUnsent.POLICY
        message = _sentence() if unsent is IfUnsent.REFUSE else ""
        return answered(
            BridgeAnswer(answer=Answer.NEED_FILE, result=None, case="", message=message, if_unsent=unsent)
        )

    @routes.post(
        f"{BRIDGE_PATH}/scan",
        responses={200: BridgeAnswer},
        openapi_extensions={"requestBody": _RAW_BODY},
    )
    @requires(Scope.CHECK)
    def scan(query: FileQuery) -> Response:
        """Check a file: the whole body, whatever its type is said to be."""
        environ = {**request.environ, "CONTENT_TYPE": "application/octet-stream"}
        with received(environ, bridge.checks.rule, query.source()) as taken:
            upload = only_file(taken)
            outcome = bridge.checks.guard.check([upload])[0]
        result = outcome.verdict.result
        if not outcome.verdict.action.refuses:
            # What was compared with nothing is checked again by its site, as another upload.
            remembered = bridge.remembers and result is not Result.UNCHECKED
            return _allowed(result, upload.upload_id if remembered else "")
        refused = BridgeAnswer(
            answer=Answer.REFUSE,
            result=result,
            case=outcome.case,
            message=_sentence(),
            if_unsent=None,
        )
        return answered(refused)

    @routes.get(f"{BRIDGE_PATH}/config", responses={200: ConfigAnswer})
    @requires(Scope.CHECK)
    def config() -> Response:
        """What the bridge has to know."""
        return answered(_config(bridge))

    @routes.post(f"{BRIDGE_PATH}/late-outcome", responses={200: LateOutcomeAnswer, 404: ErrorAnswer})
    @requires(Scope.LATE_OUTCOME)
    def late_outcome(body: LateOutcomeQuestion) -> Response:
        """Tell what became of a file that had passed before it was found on a list."""
        asking = caller()
        case = bridge.cases.find(body.case, asking.site)
        told = bridge.outcomes.note(case.number, body.outcome, body.reference, asking.key_id)
        return answered(LateOutcomeAnswer(case=told.case, outcome=told.action, told_at=told.at))

    return routes


_RAW_BODY = {
    "required": True,
    "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
}


def _allowed(result: Result, upload: str = "") -> Response:
    return answered(
        BridgeAnswer(answer=Answer.ALLOW, result=result, case="", message="", if_unsent=None, upload=upload)
    )


def _sentence() -> str:
    return sentences(language_of(request.environ)).refused


def _config(bridge: Bridge) -> ConfigAnswer:
    try:
        snapshot = bridge.snapshot()
    except NotReady:
        snapshot = None
    return ConfigAnswer(
        site=caller().site,
        ready=snapshot is not None,
        lists_active=snapshot is not None and snapshot.size > 0,
        looks_active=snapshot is not None and bool(snapshot.looks),
        max_file=bridge.checks.rule.limits.max_body,
        retry_after=bridge.checks.retry_after,
        messages={language: Messages(**asdict(sentences(language))) for language in LANGUAGES},
    )
