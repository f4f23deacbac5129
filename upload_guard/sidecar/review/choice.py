"""The choice of a language, for which nobody needs to be logged in."""

from __future__ import annotations

from flask import Blueprint, make_response, redirect, request
from werkzeug.exceptions import BadRequest
from werkzeug.wrappers import Response

from upload_guard.sidecar.review.access import anyone, wanted_page
from upload_guard.sidecar.review.house import Review
from upload_guard.sidecar.review.languages import LANGUAGES, keep_language


def choice_pages(review: Review) -> Blueprint:
    pages = Blueprint("choice", __name__)

    @pages.post("/language")
    @anyone
    def language() -> Response:
        wanted = request.form.get("language", "")
        if wanted not in LANGUAGES:
            raise BadRequest
        response = make_response(redirect(wanted_page()))
        keep_language(response, wanted, secure=review.settings.sidecar.tls != "none")
        return response

    return pages
