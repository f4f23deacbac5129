"""Reports of cases: a site tells who uploaded a file; who reviews asks what was reported of it."""

from __future__ import annotations

from datetime import datetime

from flask import Response
from flask_openapi3 import APIBlueprint
from pydantic import BaseModel

from upload_guard.machine_keys.keys import Scope
from upload_guard.quarantine.cases import Cases
from upload_guard.reports.desk import Desk
from upload_guard.reports.shown import ReportInfo
from upload_guard.reports.states import ReportState
from upload_guard.reports.wire import UploaderQuestion
from upload_guard.sidecar.api.answers import answered
from upload_guard.sidecar.api.cases import CASES_PATH, CasePath
from upload_guard.sidecar.api.errors import ErrorAnswer
from upload_guard.sidecar.api.openapi import api_routes
from upload_guard.sidecar.auth import caller, requires


class UploaderAnswer(BaseModel):
    """`kept` is false where this installation keeps nothing of uploaders."""

    case: str
    kept: bool


class ReportAnswer(BaseModel):
    """Where one report stands. `withdraw`: it has gone out, and its case is confirmed no more."""

    report: str
    recipient: str
    format: str
    state: ReportState
    drafted_at: datetime
    sent_at: datetime | None
    reference: str
    withdraw: bool

    @classmethod
    def of(cls, report: ReportInfo) -> ReportAnswer:
        return cls(
            report=report.number,
            recipient=report.recipient,
            format=report.format,
            state=report.state,
            drafted_at=report.drafted_at,
            sent_at=report.sent_at,
            reference=report.reference,
            withdraw=report.withdraw_since is not None,
        )


class ReportsAnswer(BaseModel):
    reports: tuple[ReportAnswer, ...]


def report_routes(cases: Cases, desk: Desk) -> APIBlueprint:
    routes = api_routes("reports", __name__)

    @routes.post(f"{CASES_PATH}/<number>/uploader", responses={200: UploaderAnswer, 404: ErrorAnswer})
    @requires(Scope.OWN_CASES)
    def tell_uploader(path: CasePath, body: UploaderQuestion) -> Response:
        """Tell who uploaded the file of a case of the key's site. Kept sealed, for reports, and the
        statement of reasons by letter where `[statements] letters` is on.
        """
        asking = caller()
        case = cases.find(path.number, asking.site)
        if desk.uploaders.kept:
            desk.uploaders.tell(case.number, body.uploader, f"key {asking.key_id}")
        return answered(UploaderAnswer(case=case.number, kept=desk.uploaders.kept))

    @routes.get(f"{CASES_PATH}/<number>/reports", responses={200: ReportsAnswer, 404: ErrorAnswer})
    @requires(Scope.REVIEW)
    def reports(path: CasePath) -> Response:
        """What was reported of a case of any site, and how far that is."""
        case = cases.find(path.number, None)
        return answered(ReportsAnswer(reports=tuple(map(ReportAnswer.of, desk.of_case(case.number)))))

    return routes
