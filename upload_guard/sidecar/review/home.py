"""Where one arrives after logging in."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, url_for
from werkzeug.wrappers import Response

from upload_guard.people.roles import Permission
from upload_guard.sidecar.review.access import anyone, may
from upload_guard.sidecar.review.house import Review


def home_pages(_: Review) -> Blueprint:
    pages = Blueprint("home", __name__)

    @pages.get("/")
    @may(Permission.SEE)
    def start() -> str:
        return render_template("review/home.html")

    @pages.get("")
    @anyone
    def without_slash() -> Response:
        return redirect(url_for("review.home.start"))

    return pages
