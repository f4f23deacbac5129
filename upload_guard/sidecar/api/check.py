"""POST /v1/check: one file in, its verdict out, now or when it is asked for at GET /v1/checks/ID."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Any, Literal

from flask import Response, request
from flask_openapi3 import APIBlueprint
from pydantic import BaseModel, ConfigDict, Field

from upload_guard.checkers.wire import CHECK_PATH, CheckAnswer
from upload_guard.errors import CheckLost, Unavailable, WrongPartCount
from upload_guard.guard import Guard
from upload_guard.intake.receive import Received, receive
from upload_guard.intake.rules import IntakeRule
from upload_guard.intake.types import is_form
from upload_guard.machine_keys.keys import Scope
from upload_guard.records import Outcome, Source, Upload
from upload_guard.sidecar.api.answers import DetailedAnswer, VerdictAnswer, answered
from upload_guard.sidecar.api.errors import ErrorAnswer
from upload_guard.sidecar.api.openapi import api_routes
from upload_guard.sidecar.api.tickets import Background, Ticket, Tickets
from upload_guard.sidecar.auth import caller, requires

TICKET_PATH = "/v1/checks"
# How soon it is worth asking again for a check that is not done, in seconds.
_ASK_AGAIN = 1
_LONGEST_UPLOADER = 64


class FileQuery(BaseModel):
    """What is said of a file beside its bytes."""

    model_config = ConfigDict(extra="forbid")

    site: str = Field("", description="The key's own site, or nothing.")
    route: str = Field("", description="Where it came in, for the case.")
    uploader: str = Field("", description="Tells uploaders apart; 64 characters. Send a digest, not a name.")

    def source(self) -> Source:
        return Source(caller().site, self.route, self.uploader[:_LONGEST_UPLOADER])


class CheckQuery(FileQuery):
    """How it is checked."""

    wait: bool = Field(True, description="0 answers 202 at once, with the address to poll.")
    dry_run: bool = Field(False, description="1 gives the verdict and keeps nothing, whatever it is.")
    guessed: bool = Field(False, description="1: found in a text by its first bytes, and may be no file.")
    upload_id: str = Field(
        "",
        pattern="^([0-9a-f]{32})?$",
        description="The same in all attempts to have one upload checked, which then end in one case.",
    )


class TicketPath(BaseModel):
    id: str = Field(pattern="^[0-9a-f]{32}$")


class TicketAnswer(BaseModel):
    """`verdict` where `state` is `checked`, `fault` where it `failed`: then the file is unchecked."""

    id: str
    state: Literal["checking", "checked", "failed"]
    verdict: CheckAnswer | None
    fault: ErrorAnswer | None


_FILE_BODY = {
    "required": True,
    "content": {
        "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "required": ["file"],
                "properties": {"file": {"type": "string", "format": "binary"}},
            }
        },
    },
}


@dataclass(frozen=True, slots=True)
class Checks:
    """What checks the file of a request; `retry_after` in seconds, where it could not."""

    guard: Guard
    rule: IntakeRule
    tickets: Tickets
    background: Background
    retry_after: int

    def now(self, query: CheckQuery) -> Outcome:
        with ExitStack() as opened:
            return self._check_of(query, opened)()

    def later(self, query: CheckQuery) -> Ticket:
        with ExitStack() as opened:
            return self.background.begin(caller().site, self._check_of(query, opened), opened)

    def _check_of(self, query: CheckQuery, opened: ExitStack) -> Callable[[], Outcome]:
        """Take in the body; what to call for the verdict on it while `opened` is open."""
        received = receive(_with_a_file(request.environ), self.rule, query.source())
        opened.callback(received.close)
        upload = replace(only_file(received), guessed=query.guessed)
        if query.upload_id:
            upload = replace(upload, upload_id=query.upload_id)
        if query.dry_run:
            return lambda: Outcome(self.guard.inspect(upload))
        return lambda: self.guard.check([upload])[0]


def check_routes(checks: Checks) -> APIBlueprint:
    routes = api_routes("check", __name__)

    @routes.post(
        CHECK_PATH,
        responses={200: VerdictAnswer, 202: TicketAnswer},
        openapi_extensions={"requestBody": _FILE_BODY},
    )
    @requires(Scope.CHECK)
    def check(query: CheckQuery) -> Response:
        """Check a file: the raw body, or the only file of a form."""
        if not query.wait:
            return _told(checks.later(query), checks.retry_after, 202)
        outcome = checks.now(query)
        kind = DetailedAnswer if Scope.DETAILS in caller().scopes else CheckAnswer
        return answered(kind.of(outcome))

    @routes.get(f"{TICKET_PATH}/<id>", responses={200: TicketAnswer, 404: ErrorAnswer})
    @requires(Scope.CHECK)
    def poll(path: TicketPath) -> Response:
        """What came of a check that was not waited for."""
        return _told(checks.tickets.of(path.id, caller().site), checks.retry_after, 200)

    return routes


def only_file(received: Received) -> Upload:
    if len(received.uploads) != 1:
        raise WrongPartCount(f"{len(received.uploads)} files in one request")
    return received.uploads[0]


def _told(ticket: Ticket, retry_after: int, status: int) -> Response:
    state: Literal["checking", "checked", "failed"] = "failed" if ticket.fault else "checking"
    fault = None
    if ticket.fault:
        fault = ErrorAnswer(code=ticket.fault, message=_sentence(ticket.fault), retry_after=retry_after)
    answer = TicketAnswer(
        id=ticket.id, state="checked" if ticket.answer else state, verdict=ticket.answer, fault=fault
    )
    response = answered(answer, status)
    if answer.state == "checking":
        response.headers["Retry-After"] = str(_ASK_AGAIN)
        response.headers["Location"] = f"{TICKET_PATH}/{ticket.id}"
    return response


def _sentence(code: str) -> str:
    return "The check was lost. Please send the file again." if code == CheckLost.code else Unavailable.public


def _with_a_file(environ: Mapping[str, Any]) -> Mapping[str, Any]:
    """A raw body is a file here, whatever its type: who asks has told fields from files."""
    if is_form(environ.get("CONTENT_TYPE") or ""):
        return environ
    return {**environ, "CONTENT_TYPE": "application/octet-stream"}
