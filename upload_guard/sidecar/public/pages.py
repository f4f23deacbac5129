"""All pages under /public: what each one has, and what is the same on all of them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import Blueprint, Flask, Response, g, request, send_from_directory
from werkzeug.exceptions import LengthRequired, NotFound
from werkzeug.wrappers import Response as AnyResponse

from upload_guard.settings import Settings
from upload_guard.sidecar import review
from upload_guard.sidecar.addresses import came_from
from upload_guard.sidecar.public.appeals import appeal_pages, are_appeals_on
from upload_guard.sidecar.public.faults import answer_faults
from upload_guard.sidecar.public.forms import TOKEN, TRAP
from upload_guard.sidecar.public.house import Public
from upload_guard.sidecar.public.marks import stranger
from upload_guard.sidecar.public.notices import is_form_on, notice_form
from upload_guard.sidecar.public.visits import Visit
from upload_guard.sidecar.review.languages import LANGUAGES, NAMED

PREFIX = "/public"


@dataclass(frozen=True, slots=True)
class PublicPage:
    """Made only where the settings say so: what nobody asked for opens no door to strangers."""

    enabled: Callable[[Settings], bool]
    make: Callable[[Public], Blueprint]


# One line a page.
PUBLIC_PAGES: tuple[PublicPage, ...] = (
    PublicPage(are_appeals_on, appeal_pages),
    PublicPage(is_form_on, notice_form),
)
# Of the pages for people the styles that both have, and no script.
_SHARED = Path(review.__file__).parent / "static"
_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), display-capture=(), geolocation=(), microphone=()",
    # An address may hold a secret.
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex, nofollow",
}


def enabled_pages(settings: Settings) -> tuple[PublicPage, ...]:
    """Those that these settings ask for."""
    return tuple(page for page in PUBLIC_PAGES if page.enabled(settings))


def public_pages(app: Flask, public: Public, wanted: tuple[PublicPage, ...]) -> None:
    """Have `app` serve these pages. Nothing is kept in the browser by any of them."""
    pages = Blueprint("public", __name__, url_prefix=PREFIX, template_folder="templates")
    _same_on_all(pages, public)
    for page in wanted:
        pages.register_blueprint(page.make(public))
    app.register_blueprint(pages)


def _same_on_all(pages: Blueprint, public: Public) -> None:
    answer_faults(pages)
    _bound_visits(pages, public)
    _speak(pages)

    @pages.after_request
    def finish(response: Response) -> Response:
        response.headers.update(_HEADERS)
        response.headers.setdefault("Cache-Control", "no-store")
        return response

    @pages.context_processor
    def shown_everywhere() -> dict[str, Any]:
        return {"form_token": public.forms.token, "token_field": TOKEN, "trap_field": TRAP}

    @pages.get("/static/<path:name>")
    @stranger
    def static(name: str) -> AnyResponse:
        """Asked for again each time, and then mostly not changed."""
        own = Path(f"{pages.root_path}/static")
        return send_from_directory(own if (own / name).is_file() else _SHARED, name, max_age=0)

    @pages.route("/<path:_path>", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
    @stranger
    def nowhere(_path: str) -> AnyResponse:
        """What no other page answers to, so that it is this door that says so."""
        raise NotFound


def _bound_visits(pages: Blueprint, public: Public) -> None:
    """Before anything of a request is read: how large it may be, how often it may come, a thread for it."""

    @pages.before_request
    def admit() -> None:
        request.max_content_length = int(public.settings.public.max_form)
        request.max_form_memory_size = int(public.settings.public.max_form)
        g.public_place = place = ExitStack()
        if request.endpoint == "public.static":
            return
        visit = Visit.LOOK if request.method in {"GET", "HEAD"} else Visit.SEND
        if visit is Visit.SEND and request.content_length is None:
            # Every browser says it. One that does not could be cut at the limit unnoticed.
            raise LengthRequired
        place.enter_context(public.strangers.one())
        public.visits.count(came_from(request.environ, public.settings), visit)

    @pages.teardown_request
    def leave(_: BaseException | None) -> None:
        g.pop("public_place", ExitStack()).close()


def _speak(pages: Blueprint) -> None:
    """A language that was chosen goes along in addresses, for there is nothing in the browser to keep it."""

    @pages.url_defaults
    def go_on_in(endpoint: str, values: dict[str, Any]) -> None:
        chosen = request.args.get(NAMED, "")
        if chosen in LANGUAGES and endpoint != "public.static":
            values.setdefault(NAMED, chosen)
