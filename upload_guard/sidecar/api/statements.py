"""GET /v1/cases/NUMBER/statement: what the uploader of a site's own case is told of its decision."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from flask import Response
from flask_openapi3 import APIBlueprint
from pydantic import BaseModel, ConfigDict, Field

from upload_guard.machine_keys.keys import Scope
from upload_guard.sidecar.api.answers import answered
from upload_guard.sidecar.api.cases import CASES_PATH, CasePath
from upload_guard.sidecar.api.errors import ErrorAnswer
from upload_guard.sidecar.api.openapi import api_routes
from upload_guard.sidecar.auth import caller, requires
from upload_guard.statements.statements import Statements


class StatementQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")

    language: Literal["en", "nl"] = "en"


class StatementAnswer(BaseModel):
    """To be passed on to the uploader as it is, and to nobody else: the link lets its reader appeal."""

    case: str
    language: str
    decided_at: datetime
    text: str = Field(description="Plain text, with the link in it.")
    appeal_url: str = Field(description="Empty where appeals are off.")
    appeal_until: datetime


def statement_routes(statements: Statements) -> APIBlueprint:
    routes = api_routes("statements", __name__)

    @routes.get(f"{CASES_PATH}/<number>/statement", responses={200: StatementAnswer, 404: ErrorAnswer})
    @requires(Scope.OWN_CASES)
    def statement(path: CasePath, query: StatementQuery) -> Response:
        """The statement of reasons of a confirmed case of the key's site, once it may be told."""
        given = statements.of(path.number, caller().site, query.language)
        return answered(
            StatementAnswer(
                case=given.case,
                language=given.language,
                decided_at=given.decided_at,
                text=given.text,
                appeal_url=given.appeal_url,
                appeal_until=given.appeal_until,
            )
        )

    return routes
