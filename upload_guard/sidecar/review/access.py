"""Who may open a page. A view says so by `may`, `logged_in` or `anyone`; one that says nothing opens to none.

The browser has an opaque token in a signed cookie; what it opens is looked up at each request, so that an
ended session is dead at once.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeVar, cast
from urllib.parse import urlsplit

from flask import Response, current_app, g, redirect, render_template, request, session, url_for
from sqlalchemy import select
from werkzeug.exceptions import Forbidden
from werkzeug.wrappers import Response as AnyResponse

from upload_guard.moments import utc_now
from upload_guard.people.noting import note_even_so
from upload_guard.people.roles import Permission, Person
from upload_guard.people.sessions import Needs, Opened
from upload_guard.sidecar.auth import for_people
from upload_guard.sidecar.review.house import Review
from upload_guard.storage.journal import Act
from upload_guard.storage.vault_tables import AuditRow

View = TypeVar("View", bound=Callable[..., Any])
_MARK = "upload_guard_page_opens_to"
_ANYONE = "anyone"
_FILE = "a file"
_LOGGED_IN = "logged in"
_TOKEN = "token"  # noqa: S105 - what it is called in the cookie
# A page that renews itself sends this, so that nobody stays logged in by leaving it open.
POLL_HEADER = "X-Poll"
_REFUSED = "review.refused"
_NOTED_FOR = timedelta(hours=1)


def may(permission: Permission) -> Callable[[View], View]:
    """Only persons with this permission open the view; it finds its `person()`."""

    def marked(view: View) -> View:
        return _marked(view, permission)

    return marked


def logged_in(view: View) -> View:
    """Whoever is logged in opens the view."""
    return _marked(view, _LOGGED_IN)


def a_file(view: View) -> View:
    """The same for everybody, so that nobody is looked up."""
    return _marked(view, _FILE)


def anyone(view: View) -> View:
    """Also who is not logged in opens the view."""
    return _marked(view, _ANYONE)


def half_way(needs: Needs) -> Callable[[View], View]:
    """Who has shown a password and still needs this opens the view; it finds its `opened()`."""

    def marked(view: View) -> View:
        return _marked(view, needs)

    return marked


def person() -> Person:
    """Who asks, in a view that somebody has to be logged in for."""
    return opened().person


def person_or_none() -> Person | None:
    """The same where nobody need be."""
    found = cast("Opened | None", g.get("review_opened"))
    return found.person if found is not None and found.needs is Needs.NOTHING else None


def opened() -> Opened:
    """The session of who asks."""
    return cast(Opened, g.review_opened)


def token() -> str:
    """The token of that session; empty where there is none."""
    return str(session.get(_TOKEN, ""))


def keep_token(fresh: str) -> None:
    """Begin anew with this token: nothing of what the browser had before goes along."""
    session.clear()
    g.pop("csrf_token", None)
    session[_TOKEN] = fresh


def forget_token() -> None:
    session.clear()
    g.pop("csrf_token", None)


def admit(review: Review) -> AnyResponse | None:
    """Look who asks, and send away whoever may not: to log in, or with 403 and a row in the audit log."""
    mark = getattr(current_app.view_functions.get(request.endpoint or ""), _MARK, None)
    by_hand = POLL_HEADER not in request.headers
    looks = mark != _FILE and token()
    g.review_opened = found = review.gate.sessions.find(token(), by_hand=by_hand) if looks else None
    if mark == _FILE:
        return None
    if first := _led_on():
        return first
    if mark == _ANYONE:
        return None
    if found is None:
        return _sent_to_log_in()
    if found.needs is not Needs.NOTHING:
        return None if mark == found.needs else _sent_to_step(found.needs)
    if mark == _LOGGED_IN or (isinstance(mark, Permission) and found.person.may(mark)):
        return None
    if isinstance(mark, Needs):
        return redirect(url_for("review.home.start"))
    _note_refusal(review, found.person, mark)
    raise Forbidden


def _sent_to_step(needs: Needs) -> AnyResponse:
    is_step = bool(request.args.get("next")) or request.method != "GET"
    wanted = wanted_page() if is_step else request.full_path.rstrip("?")
    return redirect(url_for(f"review.steps.{needs}", next=wanted))


def _note_refusal(review: Review, who: Person, needed: object) -> None:
    rule = request.url_rule.rule if request.url_rule else ""
    details = {"needed": str(needed), "route": f"{request.method} {rule}"}
    lately = select(AuditRow.details).where(
        AuditRow.act == _REFUSED, AuditRow.person == who.name, AuditRow.at > utc_now() - _NOTED_FOR
    )
    with review.database.session() as rows:
        # The log keeps every row for ever, and a page can be asked for a thousand times a minute.
        if details not in rows.scalars(lately).all():
            note_even_so(rows, Act(who.name, _REFUSED, details=details))


def _sent_to_log_in() -> AnyResponse:
    wanted = request.full_path.rstrip("?") if request.method == "GET" else ""
    target = url_for("review.sign_in.log_in", next=wanted or None)
    if "HX-Request" not in request.headers:
        return redirect(target)
    # A fragment in the middle of a page would be the wrong place to log in.
    target = url_for("review.sign_in.log_in", next=local_path(request.headers.get("HX-Current-URL", "")))
    return Response(status=204, headers={"HX-Redirect": target})


def keep_cookie_of_before() -> None:
    """Where another site asks, the browser keeps the cookie back, and a new one would log its person out."""
    if _asked_by_another_site():
        session.modified = False


def _led_on() -> AnyResponse | None:
    """A page that leads on to this same one, where the browser came from another site without its cookie."""
    if not _comes_from_elsewhere():
        return None
    return Response(render_template("review/onwards.html", target=request.full_path.rstrip("?")))


def _asked_by_another_site() -> bool:
    return request.headers.get("Sec-Fetch-Site") == "cross-site"


def _comes_from_elsewhere() -> bool:
    """A link on another site: the browser keeps the cookie back until one of our own pages leads on."""
    return (
        request.method == "GET"
        and _asked_by_another_site()
        and request.headers.get("Sec-Fetch-Mode") == "navigate"
        and not request.cookies.get(current_app.config["SESSION_COOKIE_NAME"])
    )


def wanted_page() -> str:
    """Where to go next: a page of ours that the request names, or the first one."""
    named = request.form.get("next") or request.args.get("next") or ""
    return local_path(named) or url_for("review.home.start")


def local_path(address: str) -> str | None:
    """The path and query of one of our own pages, or nothing: a link must not lead anybody elsewhere."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return None
    if parts.netloc and parts.netloc != request.host:
        return None
    path = parts.path
    if not path.startswith("/review") or "\\" in address or any(ord(char) < 0x21 for char in address):
        return None
    return f"{path}?{parts.query}" if parts.query else path


def _marked(view: View, mark: object) -> View:
    setattr(view, _MARK, mark)
    return for_people(view)
