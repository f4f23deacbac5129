"""What an error looks like, whichever part it comes from: `code`, `message`, `retry_after`."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping

from flask import Flask, Response
from pydantic import BaseModel, Field, ValidationError
from werkzeug.exceptions import HTTPException

from upload_guard.errors import LockedOut, NotAuthenticated, RateLimited, UploadGuardError
from upload_guard.signing import SCHEME

log = logging.getLogger(__name__)


class ErrorAnswer(BaseModel):
    """The body of every answer that is none of success."""

    code: str = Field(description="Stable; one of those that docs/api.md lists.")
    message: str = Field(description="A sentence for a person, in English. It may change.")
    retry_after: int | None = Field(description="Seconds, or null where trying again is of no use.")


FAULTS = (400, 401, 403, 408, 409, 411, 413, 415, 422, 429, 500, 503)
"""What any route may answer with an `ErrorAnswer`, since every request passes the same door first."""


def answer_errors(app: Flask, retry_after: int, told: Iterable[Callable[[UploadGuardError], None]]) -> None:
    """Have `app` answer every error with an `ErrorAnswer`; `retry_after` in seconds, where that helps.

    `told` are those that hear of each error of ours.
    """

    @app.errorhandler(UploadGuardError)
    def say_fault(error: UploadGuardError) -> Response:
        # A lock-out is told once, when it begins: nobody may fill the log with it.
        level = logging.DEBUG if isinstance(error, LockedOut) else logging.WARNING
        for hear in told:
            hear(error)
        log.log(level, "no verdict: %s (%s)", error.code, error)
        headers = {"WWW-Authenticate": SCHEME} if isinstance(error, NotAuthenticated) else {}
        return _answered(error.status, fault_answer(error, retry_after), headers)

    @app.errorhandler(HTTPException)
    def say_http_error(error: HTTPException) -> Response:
        status = error.code or 500
        # 405 names the methods that there are.
        headers = {name: value for name, value in error.get_headers() if name == "Allow"}
        return _answered(
            status, ErrorAnswer(code=_code(error), message=_said(error), retry_after=None), headers
        )


def fault_answer(error: UploadGuardError, retry_after: int) -> ErrorAnswer:
    wait = error.retry_after if isinstance(error, RateLimited) else retry_after if error.retryable else None
    return ErrorAnswer(code=error.code, message=error.public, retry_after=wait)


def invalid(error: ValidationError) -> Response:
    """422 for a question of the wrong shape: says where and what is accepted, and repeats nothing of it."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    where = ".".join(map(str, first["loc"])) or "the body"
    message = f"{where[:200]}: {first['msg']}."
    return _answered(422, ErrorAnswer(code="invalid_request", message=message, retry_after=None), {})


_CODES = {413: "body_too_large", 500: UploadGuardError.code}


def _code(error: HTTPException) -> str:
    return _CODES.get(error.code or 500) or error.name.lower().replace(" ", "_")


def _said(error: HTTPException) -> str:
    return (
        UploadGuardError.public if error.code == UploadGuardError.status else error.description or error.name
    )


def _answered(status: int, answer: ErrorAnswer, headers: Mapping[str, str]) -> Response:
    response = Response(answer.model_dump_json(), status, headers, mimetype="application/json")
    if answer.retry_after is not None:
        response.headers["Retry-After"] = str(answer.retry_after)
    return response
