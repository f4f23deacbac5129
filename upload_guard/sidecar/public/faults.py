"""What a stranger sees where something went wrong: what it is and what to do, nothing of how it is here."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from flask import Blueprint, Response, render_template, request
from flask_babel import LazyString, lazy_gettext
from werkzeug.exceptions import HTTPException

from upload_guard.errors import RateLimited, UploadGuardError
from upload_guard.sidecar.public.forms import StaleForm, TrappedForm

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Fault:
    title: LazyString
    said: LazyString


_STALE = Fault(
    lazy_gettext("Please try again"),
    lazy_gettext("This form is out of date, so nothing was sent. Go back, reload the page and try again."),
)
_TRAPPED = Fault(
    lazy_gettext("Please try again"),
    lazy_gettext(
        "A field that is to stay empty was filled in, as programs do, so nothing was sent. "
        "Go back, empty the field “Homepage” and try again."
    ),
)
_FAULTS = {
    400: Fault(
        lazy_gettext("This was not understood"),
        lazy_gettext("The request could not be read, so nothing was sent."),
    ),
    404: Fault(
        lazy_gettext("Nothing is here"),
        lazy_gettext("There is no such page, or no longer. Please look whether the whole link was copied."),
    ),
    413: Fault(
        lazy_gettext("This is too much"),
        lazy_gettext("More was sent than fits, so nothing was taken. Go back and write less."),
    ),
    429: Fault(
        lazy_gettext("Please wait a while"),
        lazy_gettext("Too much came from where you are, so nothing was sent. Please try again later."),
    ),
    500: Fault(
        lazy_gettext("Something went wrong"),
        lazy_gettext("The fault is ours, and nothing was sent. Please try again later."),
    ),
}
_LIKE = {405: 404, 503: 500}


def answer_faults(pages: Blueprint) -> None:
    """Have every fault below `pages` end in a page of its own."""

    @pages.errorhandler(StaleForm)
    def stale(_: StaleForm) -> Response:
        return _shown(_STALE, 400)

    @pages.errorhandler(TrappedForm)
    def trapped(_: TrappedForm) -> Response:
        return _shown(_TRAPPED, 400)

    @pages.errorhandler(HTTPException)
    def http_error(error: HTTPException) -> Response:
        return _of_status(error.code or 500)

    @pages.errorhandler(UploadGuardError)
    def our_error(error: UploadGuardError) -> Response:
        log.log(logging.DEBUG if isinstance(error, RateLimited) else logging.WARNING, "page: %s", error)
        response = _of_status(error.status)
        if isinstance(error, RateLimited):
            response.headers["Retry-After"] = str(error.retry_after)
        return response

    @pages.errorhandler(Exception)
    def bug(error: Exception) -> Response:
        # The usual line would name the address, which may hold a secret.
        log.error("page: an error of our own at %s", request.endpoint, exc_info=error)
        return _of_status(500)


def _of_status(status: int) -> Response:
    known = _FAULTS.get(_LIKE.get(status, status)) or _FAULTS[400 if status < 500 else 500]
    return _shown(known, status)


def _shown(fault: Fault, status: int) -> Response:
    return Response(render_template("public/fault.html", fault=fault), status)
