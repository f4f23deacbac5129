"""Reports: what was drafted, read and sent, and what a person says of a case before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask_babel import LazyString, lazy_gettext
from werkzeug.wrappers import Response as AnyResponse

from upload_guard.errors import NotWithdrawable, NumberChanged, TransportError, UsageError
from upload_guard.people.roles import Permission
from upload_guard.quarantine.states import CaseState
from upload_guard.reports.facts import Uploader
from upload_guard.reports.papers import Paper
from upload_guard.reports.shown import ReportInfo, mark_of
from upload_guard.reports.states import CLASSES, OUT, UNSENT, ReportState
from upload_guard.sidecar.review.access import may, person
from upload_guard.sidecar.review.house import Review
from upload_guard.sidecar.review.words import gettext

STATES: Mapping[ReportState, LazyString] = {
    ReportState.DRAFT: lazy_gettext("draft"),
    ReportState.APPROVED: lazy_gettext("approved, on its way"),
    ReportState.SENT: lazy_gettext("sent"),
    ReportState.ACKNOWLEDGED: lazy_gettext("acknowledged"),
    ReportState.FAILED: lazy_gettext("not arrived"),
    ReportState.WITHDRAWN: lazy_gettext("withdrawn"),
}
# What a browser can show as text; everything else is a download.
_READABLE = ("text/", "application/xml", "application/json", "message/", "application/xhtml")
_MOST_SHOWN = 200_000


def report_pages(review: Review) -> Blueprint:
    pages, desk = Blueprint("reports", __name__, url_prefix="/reports"), _Reports(review)
    pages.get("")(desk.overview)
    pages.get("/of/<case>")(desk.of_case)
    pages.post("/of/<case>/draft")(desk.draft)
    pages.post("/of/<case>/classify")(desk.classify)
    pages.post("/of/<case>/uploader")(desk.tell_uploader)
    pages.get("/<number>")(desk.show)
    pages.get("/<number>/paper")(desk.paper)
    pages.post("/<number>/approve")(desk.approve)
    pages.post("/<number>/rewrite")(desk.rewrite)
    pages.post("/<number>/retry")(desk.retry)
    pages.post("/<number>/acknowledge")(desk.acknowledge)
    pages.post("/<number>/withdraw")(desk.withdraw)
    pages.post("/<number>/withdrawn")(desk.note_withdrawn)
    return pages


@dataclass(frozen=True, slots=True)
class _Reports:
    review: Review

    @may(Permission.REPORT)
    def overview(self) -> str:
        desk = self.review.reports
        return render_template(
            "review/reports.html",
            to_withdraw=desk.to_withdraw(),
            reports=desk.newest(),
            recipients=sorted(desk.recipients),
            states=STATES,
        )

    @may(Permission.REPORT)
    def of_case(self, case: str) -> str:
        found, desk = self.review.cases.find(case, None), self.review.reports
        reports = desk.of_case(case)
        standing = {one.recipient for one in reports if one.state is not ReportState.WITHDRAWN}
        return render_template(
            "review/case_reports.html",
            case=found,
            confirmed=found.state is CaseState.CONFIRMED,
            reports=reports,
            recipients=[name for name in sorted(desk.recipients) if name not in standing],
            states=STATES,
            classes=CLASSES,
            chosen=desk.classes.of(case),
            keeps_uploader=desk.uploaders.kept,
        )

    @may(Permission.REPORT)
    def draft(self, case: str) -> AnyResponse:
        drafted = self.review.reports.draft(case, request.form.get("recipient", ""), person().name)
        return _to(drafted)

    @may(Permission.REPORT)
    def classify(self, case: str) -> AnyResponse:
        form = request.form
        self.review.reports.classes.choose(
            case, form.get("classification", ""), form.get("summary", ""), person().name
        )
        flash(gettext("Noted. Drafts that are written from now on say so."), "done")
        return redirect(url_for(".of_case", case=case), 303)

    @may(Permission.REPORT)
    def tell_uploader(self, case: str) -> AnyResponse:
        self.review.reports.uploaders.tell(case, _uploader(), person().name)
        flash(gettext("Noted, sealed. Drafts that are written from now on say so."), "done")
        return redirect(url_for(".of_case", case=case), 303)

    @may(Permission.REPORT)
    def show(self, number: str) -> str:
        desk = self.review.reports
        report, paper = desk.one(number), desk.paper(number)
        return render_template(
            "review/report.html",
            report=report,
            state=STATES[report.state],
            readable=_readable(paper),
            paper=paper,
            mark=mark_of(paper),
            can_retry=report.state is ReportState.FAILED,
            can_withdraw=report.state in UNSENT | OUT,
            is_out=report.state in OUT or report.begun,
        )

    @may(Permission.REPORT)
    def paper(self, number: str) -> Response:
        """As a file of no type, so that no browser takes it for a page."""
        paper = self.review.reports.paper(number)
        name = "".join(char if char.isalnum() or char in "._-" else "_" for char in paper.file_name)
        headers = {
            "Content-Disposition": f'attachment; filename="{name}"',
            "X-Content-Type-Options": "nosniff",
        }
        return Response(paper.content, content_type="application/octet-stream", headers=headers)

    @may(Permission.REPORT)
    def approve(self, number: str) -> AnyResponse:
        desk = self.review.reports
        try:
            approved = desk.approve(number, request.form.get("mark", ""), person().name)
        except NumberChanged:
            flash(
                gettext("It was written anew since you read it, so nothing was sent. Read it again."), "error"
            )
            return redirect(url_for(".show", number=number), 303)
        flash(gettext("Approved. It is sent within seconds, and tried until it has arrived."), "done")
        return _to(approved)

    @may(Permission.REPORT)
    def rewrite(self, number: str) -> AnyResponse:
        return _to(self.review.reports.write_again(number, person().name))

    @may(Permission.REPORT)
    def retry(self, number: str) -> AnyResponse:
        return _to(self.review.reports.try_again(number, person().name))

    @may(Permission.REPORT)
    def acknowledge(self, number: str) -> AnyResponse:
        reference = request.form.get("reference", "")
        return _to(self.review.reports.acknowledge(number, reference, person().name))

    @may(Permission.REPORT)
    def withdraw(self, number: str) -> AnyResponse:
        desk = self.review.reports
        try:
            taken = desk.withdraw(number, request.form.get("because", ""), person().name)
        except NotWithdrawable as fault:
            said = gettext("This way knows no taking back: write to the recipient, and then note it here.")
            flash(f"{said} ({fault})", "error")
            return redirect(url_for(".show", number=number), 303)
        except TransportError as fault:
            flash(gettext("The recipient could not be told: %(fault)s", fault=str(fault)), "error")
            return redirect(url_for(".show", number=number), 303)
        flash(gettext("The report is withdrawn."), "done")
        return _to(taken)

    @may(Permission.REPORT)
    def note_withdrawn(self, number: str) -> AnyResponse:
        taken = self.review.reports.note_withdrawn(number, request.form.get("because", ""), person().name)
        flash(gettext("The report is withdrawn."), "done")
        return _to(taken)


def _to(report: ReportInfo) -> AnyResponse:
    return redirect(url_for(".show", number=report.number), 303)


def _readable(paper: Paper) -> str:
    """The paper as a person reads it, or nothing where it is no text."""
    if not paper.media_type.startswith(_READABLE) or len(paper.content) > _MOST_SHOWN:
        return ""
    return paper.content.decode("utf-8", "replace")


def _uploader() -> Uploader:
    form = {name: value.strip() for name, value in request.form.items()}
    port = form.get("port", "") or "0"
    if not (port.isascii() and port.isdecimal()):
        raise UsageError("a port is a number from 1 to 65535")
    return Uploader(
        account=form.get("account", ""),
        screen_name=form.get("screen_name", ""),
        email=form.get("email", ""),
        ip=form.get("ip", ""),
        port=int(port),
        at=_moment(form.get("at", "")),
    )


def _moment(text: str) -> datetime | None:
    """What a field of the kind datetime-local gives, in UTC as its label says."""
    if not text:
        return None
    try:
        return datetime.fromisoformat(text).replace(tzinfo=UTC)
    except ValueError:
        raise UsageError("a time is written as 2026-11-26T12:30") from None
