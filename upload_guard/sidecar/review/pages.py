"""All pages under /review: what each one has, and what is the same on all of them."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Flask, Response, send_from_directory
from flask_wtf.csrf import CSRFProtect
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as AnyResponse

from upload_guard.keyring import Keyring, open_keyring
from upload_guard.sidecar.review.access import (
    POLL_HEADER,
    a_file,
    admit,
    keep_cookie_of_before,
    logged_in,
    person_or_none,
)
from upload_guard.sidecar.review.case.pages import case_pages
from upload_guard.sidecar.review.choice import choice_pages
from upload_guard.sidecar.review.customers import customer_pages
from upload_guard.sidecar.review.faults import answer_faults
from upload_guard.sidecar.review.home import home_pages
from upload_guard.sidecar.review.house import Review
from upload_guard.sidecar.review.lists import list_pages
from upload_guard.sidecar.review.me import my_pages
from upload_guard.sidecar.review.navigation import entries_for
from upload_guard.sidecar.review.persons import person_pages
from upload_guard.sidecar.review.queue.pages import queue_pages
from upload_guard.sidecar.review.sign_in import sign_in_pages
from upload_guard.sidecar.review.statistics import statistics_pages
from upload_guard.sidecar.review.steps import step_pages
from upload_guard.sidecar.review.vouching import vouching_pages

PREFIX = "/review"
# One line a page.
PAGES = (
    home_pages,
    queue_pages,
    case_pages,
    list_pages,
    statistics_pages,
    customer_pages,
    sign_in_pages,
    vouching_pages,
    step_pages,
    my_pages,
    person_pages,
    choice_pages,
)
_COOKIES = "review cookies"
# img-src has no data: either, so review.css names files where Pico has its icons inside.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), display-capture=(), geolocation=(), microphone=()",
    # The check against forged forms wants to see it, over TLS.
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex, nofollow",
}


def review_pages(app: Flask, review: Review) -> None:
    """Have `app` serve the pages. Its other routes go on without cookies, and with no check of forms.

    Raises `MasterKeyError`.
    """
    _sign_cookies(app, review, open_keyring(review.settings))
    csrf = _against_forged_forms(app)
    pages = Blueprint("review", __name__, url_prefix=PREFIX, template_folder="templates")
    _same_on_all(pages, review, csrf)
    for make in PAGES:
        pages.register_blueprint(make(review))
    app.register_blueprint(pages)


def _sign_cookies(app: Flask, review: Review, keyring: Keyring) -> None:
    # Derived, so that all workers and machines of an installation have the same.
    app.secret_key = keyring.subkey(_COOKIES)
    if keyring.previous is not None:
        app.config["SECRET_KEY_FALLBACKS"] = [Keyring(keyring.previous).subkey(_COOKIES)]
    secure = review.settings.sidecar.tls != "none"
    app.config.update(
        # By this prefix a browser takes it from this very host only, over TLS.
        SESSION_COOKIE_NAME="__Host-upload_guard" if secure else "upload_guard",
        SESSION_COOKIE_SECURE=secure,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Strict",
        SESSION_COOKIE_PATH="/",
    )


def _against_forged_forms(app: Flask) -> CSRFProtect:
    # Asked for page by page: a machine has no cookie that somebody could make it send. A token ends with its
    # session, so that nobody loses what they wrote by thinking about it for an hour.
    app.config.update(WTF_CSRF_CHECK_DEFAULT=False, WTF_CSRF_TIME_LIMIT=None)
    return CSRFProtect(app)


def _same_on_all(pages: Blueprint, review: Review, csrf: CSRFProtect) -> None:
    answer_faults(pages)

    @pages.before_request
    def check() -> AnyResponse | None:
        sent_away = admit(review)
        if sent_away is None:
            csrf.protect()
        return sent_away

    @pages.after_request
    def finish(response: Response) -> Response:
        keep_cookie_of_before()
        response.headers.update(_HEADERS)
        response.headers.setdefault("Cache-Control", "no-store")
        return response

    @pages.context_processor
    def shown_everywhere() -> dict[str, Any]:
        who = person_or_none()
        return {"who": who, "navigation": entries_for(who), "poll_header": POLL_HEADER}

    @pages.get("/static/<path:name>")
    @a_file
    def static(name: str) -> AnyResponse:
        """Asked for again each time, and then mostly not changed."""
        return send_from_directory(f"{pages.root_path}/static", name, max_age=0)

    @pages.route("/<path:_path>", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
    @logged_in
    def nowhere(_path: str) -> AnyResponse:
        """What no other page answers to, so that it is this door that says so."""
        raise NotFound
