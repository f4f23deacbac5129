"""GET /review/queue: what waits for a person, one line a picture, without any picture."""

from __future__ import annotations

from dataclasses import dataclass
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

STATES = tuple(state for state in CaseState if state is not CaseState.STORING)


def queue_pages(review: Review) -> Blueprint:
    pages = Blueprint("queue", __name__, url_prefix="/queue")

    @pages.get("")
    @may(Permission.SEE)
    def show() -> str:
        wanted = asked(request.args, review.entries)
        return render_template(
            "review/queue.html",
            wanted=wanted,
            now=_now(review, wanted),
            choices=review.queue.choices(),
            results=words.RESULTS,
            states=STATES,
            state_words=state_words,
            no_list=not review.settings.upstreams
            and not any(version.active for version in review.lists.versions()),
            decides=person().may(Permission.DECIDE),
        )

    @pages.get("/lines")
    @may(Permission.SEE)
    def lines() -> Response:
        """Asked for now and then. Says nothing where all is as it was, so that nothing moves."""
        now = _now(review, asked(request.args, review.entries), apart=True)
        if request.args.get("seen") == now.digest:
            return Response(status=204)
        seen = f'<input type="hidden" id="seen" name="seen" value="{now.digest}">'
        return Response(now.lines + seen + now.states)

    add_deciding(pages, review)
    return pages


@dataclass(frozen=True, slots=True)
class Now:
    """The parts of the page that change, and a short digest of what they say."""

    lines: str
    states: str
    digest: str


def _now(review: Review, wanted: Asked, apart: bool = False) -> Now:
    """`apart`: to be put in place on a page that is there."""
    page = review.queue.page(wanted.which, wanted.order, wanted.after)
    counts = review.queue.counts()
    lines = render_template(
        "review/queue_lines.html",
        wanted=wanted,
        lines=page.lines,
        following=page.next,
        how_much=words.how_much(review.queue.size(wanted.which), review.queue.late()),
        words=words,
        state_words=state_words,
        ever=sum(counts.values()),
        proposed=counts[CaseState.RELEASE_PROPOSED],
        appeals=len(review.appeals.waiting()),
        decides=person().may(Permission.DECIDE),
        here=wanted.path(),
    )
    states = render_template(
        "review/queue_states.html",
        wanted=wanted,
        states=STATES,
        counts=counts,
        state_words=state_words,
        apart=apart,
    )
    said = lines + repr([counts[state] for state in STATES])
    return Now(lines, states, sha256(said.encode()).hexdigest()[:16])
