"""GET /v1/cases: a site's own cases, which say no more than where each stands; more for those who review."""

from __future__ import annotations

from datetime import datetime
from typing import Self

from flask import Response
from flask_openapi3 import APIBlueprint
from pydantic import BaseModel, ConfigDict, Field, RootModel

from upload_guard.machine_keys.keys import Scope
from upload_guard.quarantine.cases import CaseInfo, Cases
from upload_guard.quarantine.states import CaseState
from upload_guard.sidecar.api.answers import MatchAnswer, answered, match_answers
from upload_guard.sidecar.api.errors import ErrorAnswer
from upload_guard.sidecar.api.openapi import api_routes
from upload_guard.sidecar.auth import Caller, caller, requires

CASES_PATH = "/v1/cases"
CASE_NUMBER = r"^[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}$"


class OwnCase(BaseModel):
    """What a site may know of a case: its number, when it was opened, and where it stands."""

    case: str
    opened_at: datetime
    state: CaseState
    fetchable: bool = Field(description="Whether POST to its `/bytes` gives the file back now.")

    @classmethod
    def of(cls, case: CaseInfo) -> Self:
        return cls(case=case.number, opened_at=case.created_at, state=case.state, fetchable=case.fetchable)


class ReviewedCase(OwnCase):
    """What a machine with the scope `review` may know; `matches` is null without the scope `details`."""

    site: str
    route: str
    result: str
    action: str
    reason: str
    media_type: str
    size: int
    lowered: bool
    matches: tuple[MatchAnswer, ...] | None

    @classmethod
    def seen_by(cls, asking: Caller, case: CaseInfo) -> ReviewedCase:
        return cls(
            case=case.number,
            opened_at=case.created_at,
            state=case.state,
            fetchable=case.fetchable,
            site=case.site,
            route=case.route,
            result=case.result,
            action=case.action,
            reason=case.reason,
            media_type=case.media_type,
            size=case.size,
            lowered=case.lowered,
            matches=match_answers(case.matches) if Scope.DETAILS in asking.scopes else None,
        )


class CaseAnswer(RootModel[ReviewedCase | OwnCase]):
    """The longer for keys that have the scope `review`."""


class CasesAnswer(BaseModel):
    """Newest first. `next` is what to give as `before` for those after them, null at the end."""

    cases: tuple[ReviewedCase | OwnCase, ...]
    next: str | None


class SiteQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")

    site: str = Field("", description="The key's own site, or nothing.")
    all_sites: bool = Field(False, description="1: of every site; takes the scope `review`.")

    def site_of(self, asking: Caller) -> str | None:
        """Whose cases are asked for; None means everybody's. Raises `NotAllowed`."""
        if not self.all_sites:
            return asking.site
        asking.need(Scope.REVIEW)
        return None


class CasesQuery(SiteQuery):
    limit: int = Field(50, ge=1, le=200)
    before: str = Field("", pattern=rf"^$|{CASE_NUMBER}", description="A case number: go on after it.")


class CasePath(BaseModel):
    number: str = Field(pattern=CASE_NUMBER)


def case_routes(cases: Cases) -> APIBlueprint:
    routes = api_routes("cases", __name__)

    @routes.get(CASES_PATH, responses={200: CasesAnswer, 404: ErrorAnswer})
    @requires(Scope.OWN_CASES, Scope.REVIEW)
    def many(query: CasesQuery) -> Response:
        """The cases of the key's site, newest first."""
        asking = caller()
        found = cases.page(query.site_of(asking), query.limit + 1, query.before)
        shown = found[: query.limit]
        after = shown[-1].number if len(found) > len(shown) else None
        return answered(CasesAnswer(cases=tuple(_seen(asking, case) for case in shown), next=after))

    @routes.get(f"{CASES_PATH}/<number>", responses={200: CaseAnswer, 404: ErrorAnswer})
    @requires(Scope.OWN_CASES, Scope.REVIEW)
    def one(path: CasePath, query: SiteQuery) -> Response:
        """One case of the key's site."""
        asking = caller()
        return answered(_seen(asking, cases.find(path.number, query.site_of(asking))))

    return routes


def _seen(asking: Caller, case: CaseInfo) -> ReviewedCase | OwnCase:
    return ReviewedCase.seen_by(asking, case) if Scope.REVIEW in asking.scopes else OwnCase.of(case)
