"""One form for every decision from the queue: what it is about, how many cases, what it does, and why.

The same for one line, for those that are marked, for all of an entry and for all that are proposed for
release. Nothing is decided on the way there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from werkzeug.exceptions import BadRequest
from werkzeug.wrappers import Response as AnyResponse

from upload_guard.errors import NumberChanged, UsageError
from upload_guard.people.roles import Permission
from upload_guard.quarantine.deciding.acts import Decided
from upload_guard.quarantine.deciding.bulk import Bulk, Marked, OfEntry, Proposed, Selection
from upload_guard.quarantine.deciding.rulings import Reach, Ruling, Word
from upload_guard.quarantine.showing.entries import EntryName
from upload_guard.sidecar.review.access import local_path, may, person
from upload_guard.sidecar.review.case.offers import REASONS
from upload_guard.sidecar.review.case.reasons import given_reason
from upload_guard.sidecar.review.case.words import gettext, ngettext
from upload_guard.sidecar.review.house import Review

RULINGS: Mapping[str, Ruling] = {
    "release": Ruling.RELEASED,
    "false-positive": Ruling.FALSE_POSITIVE,
    "confirm": Ruling.CONFIRMED,
    "escalate": Ruling.ESCALATED,
}


@dataclass(frozen=True, slots=True)
class Meant:
    """Which cases a form is about: those of `numbers`, or all of `entry`, or all that are proposed."""

    numbers: tuple[str, ...] = ()
    entry: EntryName | None = None

    @classmethod
    def by_request(cls, review: Review) -> Meant:
        """Raises `UsageError` for an entry that is none, and `BadRequest` where nothing is named."""
        numbers = tuple(dict.fromkeys(number[:32] for number in request.values.getlist("case")))
        token = request.values.get("entry", "")
        if not numbers and not token and "proposed" not in request.values:
            raise BadRequest
        return cls(numbers, review.entries.named(token) if token and not numbers else None)

    @property
    def can_reach_farther(self) -> bool:
        """Whether the person may mean the whole picture."""
        return bool(self.numbers)

    def selection(self, reach: Reach, exempts: bool) -> Selection:
        """`exempts`: to let files pass; a wrong entry is no reason for that where another list names them."""
        if self.numbers:
            return Marked(self.numbers, reach)
        return OfEntry(self.entry.number, alone=exempts) if self.entry else Proposed()


def add_deciding(pages: Blueprint, review: Review) -> None:
    bulk = Bulk(review.decisions)

    @pages.get("/decide")
    @may(Permission.DECIDE)
    def weigh() -> Response:
        return _form(review, bulk, Meant.by_request(review))

    @pages.post("/decide")
    @may(Permission.DECIDE)
    def decide() -> AnyResponse:
        meant, act = Meant.by_request(review), request.form.get("ruling", "")
        try:
            flash(_told(_decided(bulk, meant, act)), "done")
        except NumberChanged:
            said = gettext(
                "What would be decided has changed since you saw it, so nothing was decided. Look again."
            )
            return _form(review, bulk, meant, said, 409)
        except UsageError as fault:
            return _form(review, bulk, meant, str(fault), 400)
        return redirect(_back(), 303)


def _decided(bulk: Bulk, meant: Meant, act: str) -> Decided:
    if act not in RULINGS:
        raise BadRequest
    word = Word(person().name, given_reason(act))
    picture = meant.can_reach_farther and request.form.get("reach") == Reach.PICTURE.value
    reach = Reach.PICTURE if picture else Reach.FILE
    told = request.form.get(f"told_{reach.value}", "")
    if len(meant.numbers) == 1:
        return bulk.decisions.decide(RULINGS[act], meant.numbers[0], word, reach, told)
    ruling = RULINGS[act]
    return bulk.decide(meant.selection(reach, ruling.exempts), ruling, told, word)


def _told(done: Decided) -> str:
    said = []
    if done.decided:
        said.append(ngettext("One case is decided.", "%(num)s cases are decided.", len(done.decided)))
    if done.proposed:
        said.append(
            ngettext(
                "One case is noted: it is open until a second person says the same.",
                "%(num)s cases are noted: they are open until a second person says the same.",
                len(done.proposed),
            )
        )
    return " ".join(said) or gettext("Nothing was left to decide.")


def _form(review: Review, bulk: Bulk, meant: Meant, said: str = "", status: int = 200) -> Response:
    chosen = request.values.get("ruling", "")
    chosen = chosen if chosen in RULINGS else "release"
    exempts = RULINGS[chosen].exempts
    seen = {reach.value: bulk.seen(meant.selection(reach, exempts)) for reach in Reach}
    every = bulk.seen(meant.selection(Reach.FILE, exempts=False))
    page = render_template(
        "review/queue_decide.html",
        meant=meant,
        acts=_acts(review, chosen),
        chosen=chosen,
        seen=seen,
        left_out=every.count - seen[Reach.FILE.value].count,
        back=_back(),
        said=said,
        given=request.form,
    )
    return Response(page, status)


@dataclass(frozen=True, slots=True)
class Offer:
    """One ruling that the form offers. `says` is what it does."""

    act: str
    label: str
    says: str

    @property
    def reasons(self) -> tuple[tuple[str, str], ...]:
        """Each as it is kept and as it is shown."""
        return tuple((reason, gettext(reason)) for reason in REASONS[self.act])


def _acts(review: Review, chosen: str) -> tuple[Offer, ...]:
    """What was chosen; both ways to let a file pass stand side by side, since they differ."""
    release = Offer(
        "release",
        gettext("Release"),
        gettext(
            "Each file passes for 30 days on the sites that it was sent to, when it is uploaded again. "
            "Elsewhere it is held as before."
        ),
    )
    harmless = Offer(
        "false-positive",
        gettext("False positive"),
        gettext(
            "Each file passes on every site from now on, when it is uploaded again, until a list says "
            "something new of it. Copies of it, the list and the entry stay as they are."
        ),
    )
    others = {
        "confirm": Offer("confirm", gettext("Confirm"), _confirm(review)),
        "escalate": Offer(
            "escalate",
            gettext("Escalate"),
            gettext("Somebody else has to decide. The files stay held until then."),
        ),
    }
    return (others[chosen],) if chosen in others else (release, harmless)


def _confirm(review: Review) -> str:
    settled = gettext(
        "The cases are settled as what the list says. The files stay held, and nothing is sent to anybody."
    )
    if Ruling.CONFIRMED not in review.decisions.second_person:
        return settled
    two = gettext(
        "It takes two persons: what another one has said this of is settled, the rest waits for a second one."
    )
    return f"{settled} {two}"


def _back() -> str:
    """Where the person came from, filters and all."""
    return local_path(request.values.get("back", "")) or url_for(".show")
