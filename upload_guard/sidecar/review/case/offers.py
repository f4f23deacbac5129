"""What a person may do about a case now, and in one sentence what exactly that will do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import chain

from upload_guard.quarantine.cases import CaseInfo
from upload_guard.quarantine.deciding.acts import RELEASED_FOR
from upload_guard.quarantine.deciding.foresight import Foresight
from upload_guard.quarantine.showing.dossier import Dispute, Dossier, Export, Hold
from upload_guard.quarantine.states import CaseState
from upload_guard.sidecar.review.case.words import day, gettext, ngettext
from upload_guard.sidecar.review.case.words import marked as _

# As they are kept with the act: in English whatever language the page is in.
REASONS: Mapping[str, tuple[str, ...]] = {
    "release": (
        _("What it matched is something else"),
        _("The list no longer has the entry"),
        _("A damaged or locked file without any other sign"),
    ),
    "false-positive": (
        _("Clearly something else than the list says"),
        _("A widely known harmless picture"),
    ),
    "confirm": (
        _("It is what the list says"),
        _("The list and its category are enough to go by"),
    ),
    "escalate": (
        _("It cannot be told from what is shown"),
        _("Somebody with more experience should decide"),
        _("It may have to be reported"),
    ),
    "reopen": (_("Decided by mistake"), _("There is news about it")),
    "dispute": (_("The entry names a harmless file"),),
    "hold": (_("An authority has asked for it"), _("A report was made")),
    "lift-hold": (_("The authority needs it no longer"),),
    "request-export": (_("An authority has asked for it"),),
    "uphold-appeal": (_("The appeal says nothing that changes it"),),
    "grant-appeal": (_("The appeal is right"),),
    "delay-statement": (_("An authority has asked for it"),),
    "reveal": (
        _("To tell whether the match is right"),
        _("To tell what a file shows that could not be read"),
        _("An authority has asked about it"),
    ),
}
BETWEEN = ": "
"""What stands between a chosen reason and words of one's own."""
_CHOICES = frozenset(chain.from_iterable(REASONS.values()))
_UNDECIDED = frozenset({CaseState.OPEN, CaseState.RELEASE_PROPOSED, CaseState.ESCALATED})
_DECIDED = frozenset({CaseState.RELEASED, CaseState.CONFIRMED, CaseState.ESCALATED})


def shown_reason(kept: str) -> str:
    """A reason as it is shown: what was chosen in the reader's language, own words as they were written."""
    chosen, between, words = kept.partition(BETWEEN)
    return f"{gettext(chosen)}{between}{words}" if chosen in _CHOICES else kept


@dataclass(frozen=True, slots=True)
class Offer:
    """One act. `says` is what it will do, `fixed` go along unseen, `key` opens its form.

    `more` other cases of the same picture, but of other files, are decided along where the person says so.
    """

    act: str
    label: str
    says: str
    key: str = ""
    fixed: Mapping[str, str] = field(default_factory=dict)
    more: int = 0
    wants_reason: bool = True
    wants_recipient: bool = False
    wants_answer: bool = False
    wants_until: bool = False

    @property
    def reasons(self) -> tuple[tuple[str, str], ...]:
        """Each as it is kept and as it is shown."""
        return tuple((reason, gettext(reason)) for reason in REASONS.get(self.act, ()))


@dataclass(frozen=True, slots=True)
class Deciding:
    """A case before `person`, who is to decide about it. `two_to_confirm`: where that takes two persons."""

    case: CaseInfo
    foresight: Foresight
    person: str
    two_to_confirm: bool

    def offers(self) -> tuple[Offer, ...]:
        """What settles it, or opens it again."""
        return tuple(self._offers())

    def _offers(self) -> Iterator[Offer]:
        said_by = self.foresight.confirm_said_by
        if self.case.state in _UNDECIDED:
            yield self._settling("release", gettext("Release"), self._release(), "r")
            yield self._settling(
                "false-positive",
                gettext("False positive"),
                gettext(
                    "This very file passes on every site from now on, when it is uploaded again. Copies of "
                    "it, the list and the entry stay as they are."
                ),
                "f",
            )
            # The second word has to be another person's.
            if said_by != (self.person,):
                yield self._settling("confirm", gettext("Confirm"), self._confirm(), "c")
        if self.case.state in _UNDECIDED and self.case.state is not CaseState.ESCALATED:
            yield self._settling(
                "escalate",
                gettext("Escalate"),
                gettext("Somebody else has to decide. The file stays held until then."),
                "e",
            )
        if self.case.state in _DECIDED:
            yield Offer(
                "reopen",
                gettext("Open again"),
                gettext(
                    "The decision is taken back, for all cases that were decided with it: they are open, "
                    "and what it let pass passes no more."
                ),
                "o",
            )
        elif said_by:
            yield Offer(
                "reopen",
                gettext("Take the confirmation back"),
                gettext("What was said to confirm it counts no more. The case stays open."),
                "o",
            )

    def _settling(self, act: str, label: str, says: str, key: str) -> Offer:
        along = self.foresight.same_file
        if along:
            says += " " + ngettext(
                "One other open case of this very file is decided with it.",
                "%(num)s other open cases of this very file are decided with it.",
                along,
            )
        told = {f"told_{reach.value}": mark for reach, mark in self.foresight.marks.items()}
        return Offer(act, label, says, key, fixed=told, more=self.foresight.same_picture)

    def _release(self) -> str:
        until = day(datetime.now(UTC) + RELEASED_FOR)
        sites = self.foresight.sites
        if len(sites) == 1:
            return gettext(
                "The file passes on the site %(site)s until %(date)s, when it is uploaded again. Nothing "
                "else changes.",
                site=sites[0],
                date=until,
            )
        return gettext(
            "The file passes on the sites %(sites)s until %(date)s, when it is uploaded again. Nothing else "
            "changes.",
            sites=", ".join(sites),
            date=until,
        )

    def _confirm(self) -> str:
        settled = gettext(
            "The case is settled as what the list says. The file stays held, and nothing is sent to anybody."
        )
        if not self.two_to_confirm:
            return settled
        others = [name for name in self.foresight.confirm_said_by if name != self.person]
        if others:
            return gettext("%(person)s has said so, too.", person=others[0]) + " " + settled
        return gettext(
            "You say that it is what the list says. The case stays open until a second person says the same."
        )


def other_acts_on(case: CaseInfo, about: Dossier, person: str) -> tuple[Offer, ...]:
    """What concerns the entry behind it and the bytes."""
    return (
        *(offer for dispute in about.disputes for offer in _of_dispute(dispute, person)),
        *_of_holds(case, about),
        *_of_exports(about, person),
    )


def _of_dispute(dispute: Dispute, person: str) -> Iterator[Offer]:
    fixed = {"list": dispute.list_name}
    if not dispute.agreed_by and dispute.proposed_by != person:
        says = (
            gettext(
                "%(person)s has proposed it. With your word the entry of %(list)s acts no more here: what "
                "matches it alone passes, and is noted.",
                person=dispute.proposed_by,
                list=dispute.list_name,
            )
            if dispute.proposed_by
            else gettext(
                "You propose that the entry of %(list)s acts no more here. It goes on to act until a second "
                "person agrees.",
                list=dispute.list_name,
            )
        )
        label = gettext("Dispute the entry of %(list)s", list=dispute.list_name)
        yield Offer("dispute", label, says, fixed=fixed)
    if dispute.proposed_by:
        yield Offer(
            "lift-dispute",
            gettext("Lift the dispute of %(list)s", list=dispute.list_name),
            gettext("The entry of %(list)s acts again, as the list says.", list=dispute.list_name),
            fixed=fixed,
            wants_reason=False,
        )


def _of_holds(case: CaseInfo, about: Dossier) -> Iterator[Offer]:
    if case.kept.there:
        yield Offer(
            "hold",
            gettext("Place a legal hold"),
            gettext("The bytes are kept until the hold is lifted, whatever retention says."),
        )
    for hold in about.holds:
        yield Offer(
            "lift-hold",
            gettext("Lift the hold of %(person)s", person=hold.placed_by),
            _after(hold, about),
            fixed={"hold": str(hold.number)},
        )


def _after(hold: Hold, about: Dossier) -> str:
    if any(other != hold for other in about.holds):
        return gettext("This hold ends. Another one still keeps the bytes.")
    if about.expires_at is None:
        return gettext("This hold ends. No retention rule lets the bytes expire, so they stay.")
    if about.expires_at <= datetime.now(UTC):
        return gettext("This hold ends. The time of the bytes is up: they are shredded within two days.")
    date = day(about.expires_at)
    return gettext("This hold ends. The bytes are shredded on %(date)s or soon after.", date=date)


def _of_exports(about: Dossier, person: str) -> Iterator[Offer]:
    yield Offer(
        "request-export",
        gettext("Ask for an export"),
        gettext(
            "You ask that the case be handed to whoever has this age key. Nothing leaves before a second "
            "person gives it out."
        ),
        wants_recipient=True,
    )
    waiting = [one for one in about.exports if one.given_at is None and one.requested_by != person]
    yield from map(_give, {one.recipient: one for one in waiting}.values())


def _give(export: Export) -> Offer:
    return Offer(
        "export",
        gettext("Give the export out"),
        gettext(
            "%(person)s asked for this (%(because)s). You download an archive that only the holder of "
            "%(recipient)s can open. That you gave it out is noted.",
            person=export.requested_by,
            because=shown_reason(export.because),
            recipient=export.recipient,
        ),
        fixed={"recipient": export.recipient},
        wants_reason=False,
    )
