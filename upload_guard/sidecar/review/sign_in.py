"""Logging in and out."""

from __future__ import annotations

from flask import Blueprint, Response, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as AnyResponse

from upload_guard.errors import LogInFailed, LogInLocked
from upload_guard.sidecar.addresses import came_from
from upload_guard.sidecar.review.access import (
    anyone,
    forget_token,
    keep_token,
    person_or_none,
    token,
    wanted_page,
)
from upload_guard.sidecar.review.house import Review


def sign_in_pages(review: Review) -> Blueprint:
    pages = Blueprint("sign_in", __name__)
    gate = review.gate

    @pages.get("/log-in")
    @anyone
    def log_in() -> AnyResponse:
        if person_or_none() is not None:
            return redirect(wanted_page())
        return _asked("")

    @pages.post("/log-in")
    @anyone
    def try_log_in() -> AnyResponse:
        name, password = request.form.get("name", ""), request.form.get("password", "")
        try:
            admitted = gate.log_in.by_password(
                name.strip().lower()[:64], password, came_from(request.environ, review.settings)
            )
        except LogInLocked as fault:
            minutes = max(1, round(fault.retry_after / 60))
            said = gettext(
                "Too many log-ins went wrong. Nothing is heard from here for %(minutes)d minutes.",
                minutes=minutes,
            )
            return _asked(said, 429, {"Retry-After": str(fault.retry_after)})
        except LogInFailed:
            return _asked(gettext("That name and password do not belong together."), 401)
        # What the browser was logged in with before ends here.
        if token():
            gate.sessions.end(token())
        keep_token(admitted.token)
        return redirect(wanted_page())

    @pages.post("/log-out")
    @anyone
    def log_out() -> AnyResponse:
        gate.sessions.end(token())
        forget_token()
        return redirect(url_for("review.sign_in.log_in"))

    def _asked(said: str, status: int = 200, headers: dict[str, str] | None = None) -> Response:
        page = render_template(
            "review/log_in.html",
            said=said,
            name=request.form.get("name", "")[:64],
            wanted=wanted_page(),
            is_new=gate.people.is_nobody_there(),
        )
        return Response(page, status, headers)

    return pages
