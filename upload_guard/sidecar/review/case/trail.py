"""What was done on a case, each row of the audit log as words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from flask_babel import lazy_gettext

from upload_guard.quarantine.showing.dossier import Noted
from upload_guard.sidecar.review.case.offers import shown_reason
from upload_guard.sidecar.review.case.words import gettext

_ACTS = {
    "case.released": lazy_gettext("released it"),
    "case.false_positive": lazy_gettext("found it a false positive"),
    "case.confirmed": lazy_gettext("confirmed it"),
    "case.confirm_proposed": lazy_gettext("confirmed it as the first of two"),
    "case.escalated": lazy_gettext("escalated it"),
    "case.reopened": lazy_gettext("opened it again"),
    "case.expired": lazy_gettext("let its bytes expire"),
    "case.preserved": lazy_gettext("noted a report that preserves it"),
    "case.revealed": lazy_gettext("was shown a blurred picture of it"),
    "case.reveal_refused": lazy_gettext("asked to be shown more than is allowed"),
    "case.reveal_failed": lazy_gettext("asked to be shown a picture that could not be shown"),
    "case.thumbnail_shown": lazy_gettext("was shown the thumbnail"),
    "appeal.made": lazy_gettext("appealed"),
    "appeal.upheld": lazy_gettext("let the decision stand after an appeal"),
    "appeal.granted": lazy_gettext("took the decision back after an appeal"),
    "statement.delayed": lazy_gettext("delayed what the uploader is told"),
    "statement.delay_lifted": lazy_gettext("lifted the delay of what the uploader is told"),
    "entry.proposed": lazy_gettext("proposed to dispute the entry"),
    "entry.agreed": lazy_gettext("agreed to dispute the entry"),
    "entry.dispute_lifted": lazy_gettext("lifted the dispute of the entry"),
    "hold.placed": lazy_gettext("placed a legal hold"),
    "hold.lifted": lazy_gettext("lifted a legal hold"),
    "export.requested": lazy_gettext("asked for an export"),
    "export.given": lazy_gettext("gave the export out"),
    "case.classified": lazy_gettext("said what the file is"),
    "case.uploader_told": lazy_gettext("told who uploaded it"),
    "case.uploader_erased": lazy_gettext("erased who uploaded it"),
    "report.drafted": lazy_gettext("drafted a report"),
    "report.rewritten": lazy_gettext("wrote the report anew"),
    "report.approved": lazy_gettext("approved the report"),
    "report.retried": lazy_gettext("had the report tried again"),
    "report.sending": lazy_gettext("had the report sent"),
    "report.sent": lazy_gettext("reported it"),
    "report.acknowledged": lazy_gettext("noted that the report was taken"),
    "report.failed": lazy_gettext("could not get the report across"),
    "report.withdrawn": lazy_gettext("took the report back"),
    "file.placed": lazy_gettext("noted where the file lies"),
    "file.removing": lazy_gettext("began to take the file away"),
    "file.removed": lazy_gettext("took the file away"),
    "file.gone": lazy_gettext("found the file gone"),
    "file.came_back": lazy_gettext("found the file there again"),
    "file.left_alone": lazy_gettext("left another file in its place alone"),
    "file.restoring": lazy_gettext("began to put the file back"),
    "file.restored": lazy_gettext("put the file back"),
    "file.not_restored": lazy_gettext("did not put the file back over another one"),
}


@dataclass(frozen=True, slots=True)
class Line:
    """`more` are the reason and whatever else tells one such act from another."""

    at: datetime
    person: str
    did: str
    more: str


def line_of(row: Noted) -> Line:
    more = [
        _step(row),
        _with(row),
        str(row.details.get("list", "")),
        str(row.details.get("to", "")) if row.act.startswith("report.") else "",
        str(row.details.get("locator", "")),
        shown_reason(str(row.details.get("because", ""))),
    ]
    return Line(
        row.at, row.person, str(_ACTS.get(row.act, row.act)), ", ".join(part for part in more if part)
    )


def _with(row: Noted) -> str:
    return gettext("together with case %(case)s", case=row.details["with"]) if "with" in row.details else ""


def _step(row: Noted) -> str:
    return gettext("step %(step)s", step=row.details["step"]) if "step" in row.details else ""
