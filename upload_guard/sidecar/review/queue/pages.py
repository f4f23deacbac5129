"""GET /review/queue: what waits for a person, one line a picture, without any picture."""

from __future__ import annotations

from hashlib import sha256

from flask import Blueprint, Response, render_template, request

from upload_guard.people.roles import Permission
from upload_guard.quarantine.states import CaseState
from upload_guard.sidecar.review.access import may, person
from upload_guard.sidecar.review.case.story import state_words
from upload_guard.sidecar.review.house import Review
from upload_guard.sidecar.review.queue import words
from upload_guard.sidecar.review.queue.asked import Asked, asked
from upload_guard.sidecar.review.queue.deciding import add_deciding


def queue_pages(review: Review) -> Blueprint:
    pages = Blueprint("queue", __name__, url_prefix="/queue")

    @pages.get("")
    @may(Permission.SEE)
    def show() -> str:
        wanted = asked(request.args, review.entries)
        lines, seen = _lines(review, wanted)
        return render_template(
            "review/queue.html",
            wanted=wanted,
            lines=lines,
            seen=seen,
            counts=review.queue.counts(),
            choices=review.queue.choices(),
            results=words.RESULTS,
            states=[state for state in CaseState if state is not CaseState.STORING],
            state_words=state_words,
            no_list=not any(version.active for version in review.lists.versions()),
            decides=person().may(Permission.DECIDE),
        )

    @pages.get("/lines")
    @may(Permission.SEE)
    def lines() -> Response:
        """Asked for now and then. Says nothing where all is as it was, so that nothing moves."""
        found, seen = _lines(review, asked(request.args, review.entries))
        if request.args.get("seen") == seen:
            return Response(status=204)
        return Response(f'{found}<input type="hidden" id="seen" name="seen" value="{seen}">')

    add_deciding(pages, review)
    return pages


def _lines(review: Review, wanted: Asked) -> tuple[str, str]:
    """The part of the page that changes, and a short digest of it."""
    page = review.queue.page(wanted.which, wanted.order, wanted.after)
    size, late = review.queue.size(wanted.which), review.queue.late()
    counts = review.queue.counts()
    shown = render_template(
        "review/queue_lines.html",
        wanted=wanted,
        lines=page.lines,
        following=page.next,
        how_much=words.how_much(size, late),
        words=words,
        state_words=state_words,
        ever=sum(counts.values()),
        proposed=counts[CaseState.RELEASE_PROPOSED],
        decides=person().may(Permission.DECIDE),
        here=wanted.path(),
    )
    return shown, sha256(shown.encode()).hexdigest()[:16]
