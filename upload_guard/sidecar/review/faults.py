"""What a person sees where something went wrong: what it is and what to do, in the page's language."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from flask import Blueprint, Response, render_template, request
from flask_babel import LazyString, lazy_gettext
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

from upload_guard.errors import AuditBroken, LogInBusy, RateLimited, UploadGuardError, UsageError

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Fault:
    """`said` is a sentence for the person, `exact` one in English that an administrator wants to read."""

    status: int
    title: LazyString
    said: LazyString
    exact: str = ""


_STALE = Fault(
    400,
    lazy_gettext("Please try again"),
    lazy_gettext("This form is out of date, so nothing was done. Go back, reload the page and try again."),
)
_READ_ONLY = Fault(
    503,
    lazy_gettext("Nothing can be decided now"),
    lazy_gettext(
        "The audit log is not as it was written, so it takes no more, and nothing was done. "
        "Please tell an administrator. Uploads are checked as ever."
    ),
)
_BUSY = Fault(
    429,
    lazy_gettext("Not at this moment"),
    lazy_gettext("Others are logging in at this moment. Please try again."),
)
_FAULTS = {
    400: (
        lazy_gettext("This was not understood"),
        lazy_gettext("The request could not be read, so nothing was done."),
    ),
    403: (
        lazy_gettext("You may not do this"),
        lazy_gettext("Your role does not allow it. That you asked was noted."),
    ),
    404: (lazy_gettext("Nothing is here"), lazy_gettext("There is no such page, or no longer.")),
    405: (lazy_gettext("Nothing is here"), lazy_gettext("There is no such page, or no longer.")),
    413: (lazy_gettext("This is too much"), lazy_gettext("More was sent than fits, so nothing was done.")),
    429: (
        lazy_gettext("Please wait a while"),
        lazy_gettext("There were too many attempts. Nothing is heard from here for some time."),
    ),
    500: (
        lazy_gettext("Something went wrong"),
        lazy_gettext("The fault is ours, and it was logged. Please tell an administrator."),
    ),
    503: (
        lazy_gettext("Not at this moment"),
        lazy_gettext("The data could not be read or written. Please try again in a minute."),
    ),
}


def answer_faults(pages: Blueprint) -> None:
    """Have every fault below `pages` end in a page of its own."""

    @pages.errorhandler(CSRFError)
    def stale(_: CSRFError) -> Response:
        return _shown(_STALE)

    @pages.errorhandler(HTTPException)
    def http_error(error: HTTPException) -> Response:
        return _shown(_fault(error.code or 500))

    @pages.errorhandler(UploadGuardError)
    def our_error(error: UploadGuardError) -> Response:
        log.log(logging.DEBUG if isinstance(error, RateLimited) else logging.WARNING, "page: %s", error)
        if isinstance(error, AuditBroken):
            return _shown(_READ_ONLY)
        # Asked for something that cannot be done, by a person who may read why.
        status = 400 if isinstance(error, UsageError) else error.status
        exact = str(error) if isinstance(error, UsageError) else ""
        response = _shown(_BUSY if isinstance(error, LogInBusy) else _fault(status, exact))
        if isinstance(error, RateLimited):
            response.headers["Retry-After"] = str(error.retry_after)
        return response


def _fault(status: int, exact: str = "") -> Fault:
    title, said = _FAULTS.get(status) or _FAULTS[400 if status < 500 else 500]
    return Fault(status, title, said, exact)


def _shown(fault: Fault) -> Response:
    if "HX-Request" not in request.headers:
        return Response(render_template("review/fault.html", fault=fault), fault.status)
    # Into the place for messages, whatever part of the page asked.
    headers = {"HX-Retarget": "#messages", "HX-Reswap": "innerHTML"}
    return Response(render_template("review/fault_message.html", fault=fault), fault.status, headers)
