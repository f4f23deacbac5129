"""Why a case was held, in sentences for whoever has to decide; and why that is no proof."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from flask_babel import lazy_gettext

from upload_guard.notices.opening import ROUTE
from upload_guard.quarantine.cases import CaseInfo
from upload_guard.quarantine.rows import SHA256_UNKNOWN
from upload_guard.quarantine.showing.dossier import Dispute
from upload_guard.quarantine.showing.outcomes import LateAction
from upload_guard.quarantine.states import CaseState
from upload_guard.records import NOT_DECODED, Match, Result, Standing
from upload_guard.sidecar.review.case.words import gettext
from upload_guard.vault.states import Kept

_REASONS = {
    "truncated": lazy_gettext("it ends too early"),
    "undecodable": lazy_gettext("it is damaged, or not what it claims to be"),
    "damaged": lazy_gettext("it is damaged"),
    "encrypted": lazy_gettext("it is encrypted"),
    "bomb": lazy_gettext("it unpacks to far more than its size"),
    "too_deep": lazy_gettext("files are packed in files too deep"),
    "timeout": lazy_gettext("reading it took too long"),
    "worker_failed": lazy_gettext("the decoder broke down over it"),
    "plugin_failed": lazy_gettext("a plug-in failed at it"),
    "too_much_memory": lazy_gettext("reading it takes too much memory"),
    "unsupported_format": lazy_gettext("its format is not decoded here"),
    "unsupported_archive": lazy_gettext("this kind of archive is not opened here"),
    "unsupported_compression": lazy_gettext("this kind of compression is not opened here"),
    "too_large": lazy_gettext("it is too large"),
}
_STATES = {
    CaseState.OPEN: lazy_gettext("Open"),
    CaseState.RELEASE_PROPOSED: lazy_gettext("Release proposed"),
    CaseState.RELEASED: lazy_gettext("Released"),
    CaseState.CONFIRMED: lazy_gettext("Confirmed"),
    CaseState.ESCALATED: lazy_gettext("Escalated"),
    CaseState.EXPIRED: lazy_gettext("Expired"),
}
_BYTES = {
    Kept.COMING: lazy_gettext("not stored yet"),
    Kept.SEALED: lazy_gettext("held, sealed"),
    Kept.PLAIN: lazy_gettext("held, not sealed yet"),
    Kept.NONE: lazy_gettext("not kept: the retention rule forbids it, or the file was never here"),
    Kept.LET_GO: lazy_gettext("let go of when their time was up"),
    Kept.SHREDDING: lazy_gettext("shredded"),
    Kept.SHREDDED: lazy_gettext("shredded"),
}
_LATE = {
    LateAction.REMOVED: lazy_gettext("The site removed the file, which it had let pass."),
    LateAction.HIDDEN: lazy_gettext("The site hides the file, which it had let pass."),
    LateAction.KEPT: lazy_gettext("The site has let the file pass and leaves it in place."),
    LateAction.GONE: lazy_gettext("The site had let the file pass, and it was gone already."),
    LateAction.FAILED: lazy_gettext("The site has let the file pass and could not remove it."),
}
_BITS = 8


def state_words(state: CaseState) -> str:
    return str(_STATES.get(state, state.words))


def bytes_words(kept: Kept) -> str:
    return str(_BYTES[kept])


def late_words(action: LateAction) -> str:
    return str(_LATE[action])


def why(case: CaseInfo) -> tuple[str, ...]:
    """What was found: the match that decided first, else what could not be read."""
    return tuple(_why(case))


def doubts(case: CaseInfo, disputes: Sequence[Dispute], confirmed: str) -> tuple[str, ...]:
    """What to bear in mind: none of what was found says by itself what a picture shows.

    `confirmed` is another case on which this very file was confirmed, if any.
    """
    return tuple(dict.fromkeys(_doubts(case, disputes, confirmed)))


@dataclass(frozen=True, slots=True)
class Bar:
    """A distance as a bar, in hundredths of its scale, which ends at twice the limit or at the distance."""

    distance: int
    limit: int
    bits: int

    @property
    def measured_share(self) -> float:
        return self._share(self.distance)

    @property
    def limit_share(self) -> float:
        return self._share(self.limit)

    @property
    def words(self) -> str:
        return gettext(
            "%(distance)s of %(bits)s bits differ; up to %(limit)s count as alike",
            distance=self.distance,
            bits=self.bits,
            limit=self.limit,
        )

    def _share(self, bits: int) -> float:
        return round(100 * bits / max(2 * self.limit, self.distance, 1), 1)


def bar_of(match: Match) -> Bar | None:
    """None for an exact match, which has no distance."""
    return None if match.exact else Bar(match.distance, match.limit, match.signal_type.size * _BITS)


def _why(case: CaseInfo) -> Iterator[str]:
    if case.state is CaseState.RELEASE_PROPOSED:
        yield gettext(
            "Nothing holds this upload any more: since it came, a list or a setting has changed. "
            "Its release is proposed."
        )
    told = case.route.removeprefix(ROUTE) if case.route.startswith(ROUTE) else ""
    if told:
        yield gettext("It lies on the site, and a notice told of it: %(number)s.", number=told)
    if case.matches:
        yield _of_match(case.matches[0])
        origins = {one.origin for one in case.matches if one.within_limit}
        if case.reason == "corroborated" and len(origins) > 1:
            yield gettext("Lists of %(count)s different origins have this picture.", count=len(origins))
    yield from _unread(case)
    if case.matches or case.unscannable or case.unreadable:
        return
    if told and case.result == Result.CLEAN:
        yield gettext("No list in force has it, which says nothing of what it shows.")
    elif told:
        yield gettext("It could not be checked when it was put in this case: %(reason)s.", reason=case.reason)
    else:
        yield gettext("It was held for this reason: %(reason)s.", reason=case.reason)


def _of_match(match: Match) -> str:
    said = {
        "list": match.list_name,
        "version": match.version,
        "category": match.category,
        "type": match.signal_type.value,
        "entry": match.entry,
        "view": match.view,
        "distance": match.distance,
        "bits": match.signal_type.size * _BITS,
        "limit": match.limit,
    }
    if match.told:
        return _of_telling(match, said)
    if match.exact and match.view:
        return gettext(
            "The file “%(view)s” inside this upload is on the list %(list)s (version %(version)s, category "
            "%(category)s): its %(type)s digest is the same as that of entry %(entry)s.",
            **said,
        )
    if match.exact:
        return gettext(
            "This very file is on the list %(list)s (version %(version)s, category %(category)s): its "
            "%(type)s digest is the same as that of entry %(entry)s.",
            **said,
        )
    if match.within_limit:
        return gettext(
            "The picture “%(view)s” looks like entry %(entry)s of the list %(list)s (version %(version)s, "
            "category %(category)s), measured by %(type)s: %(distance)s of %(bits)s bits differ, and up to "
            "%(limit)s count as alike.",
            **said,
        )
    return gettext(
        "The picture “%(view)s” is near entry %(entry)s of the list %(list)s (version %(version)s, category "
        "%(category)s), measured by %(type)s: %(distance)s of %(bits)s bits differ, which is beyond the "
        "limit of %(limit)s.",
        **said,
    )


def _of_telling(match: Match, said: Mapping[str, object]) -> str:
    if match.exact and match.view:
        return gettext(
            "The check service %(list)s knows the file “%(view)s” inside this upload by its %(type)s digest "
            "(category %(category)s).",
            **said,
        )
    if match.exact:
        return gettext(
            "The check service %(list)s knows this very file by its %(type)s digest (category %(category)s).",
            **said,
        )
    return gettext(
        "The check service %(list)s knows a picture that looks like one in this file (category "
        "%(category)s).",
        **said,
    )


def _unread(case: CaseInfo) -> Iterator[str]:
    if case.unscannable:
        yield gettext(
            "An image could not be read whole: %(reason)s. What was not read was not checked.",
            reason=reason_words(case.unscannable),
        )
    if case.unreadable:
        yield gettext(
            "A file could not be opened: %(reason)s. What was not opened was not checked.",
            reason=reason_words(case.unreadable),
        )


def reason_words(reason: str) -> str:
    if reason.startswith("too_many_"):
        return gettext("there is more in it than is looked at")
    return str(_REASONS.get(reason, reason.replace("_", " ")))


def _doubts(case: CaseInfo, disputes: Sequence[Dispute], confirmed: str) -> Iterator[str]:
    if confirmed:
        yield gettext("This very file was confirmed before, on case %(case)s.", case=confirmed)
    if case.matches:
        yield _of_proof(case.matches[0])
    elif case.unscannable or case.unreadable:
        yield gettext(
            "That it could not be read is no sign of what it shows. Most such files are merely damaged, "
            "locked or unusual."
        )
    if case.lowered:
        yield gettext(
            "The flood breaker has lowered an entry behind this: it suddenly matched many uploads, as "
            "entries do that are wrong."
        )
    for dispute in disputes:
        yield from _of_dispute(dispute)
    for match in case.matches:
        yield from _of_doubt(match)
    if SHA256_UNKNOWN in case.degraded:
        yield gettext(
            "The file passed before a list knew it, and was never kept here: of its digests only those are "
            "known that a list has named."
        )
    if NOT_DECODED in case.degraded:
        yield gettext("The file was not opened, since its digest settled it: its look was not measured.")


def _of_proof(match: Match) -> str:
    if match.exact:
        return gettext(
            "The same digest means the same file. Whether the list is right about that file, no digest says."
        )
    if match.within_limit:
        return gettext("This is not proof: two different pictures can be this near each other.")
    return gettext("This is not proof but a hint: most pictures this far from an entry are other pictures.")


def _of_dispute(dispute: Dispute) -> Iterator[str]:
    if dispute.agreed_by:
        yield gettext(
            "%(first)s and %(second)s dispute the entry of %(list)s: it acts no more here.",
            first=dispute.proposed_by,
            second=dispute.agreed_by,
            list=dispute.list_name,
        )
    elif dispute.proposed_by:
        yield gettext(
            "%(person)s disputes the entry of %(list)s. It acts until a second person agrees.",
            person=dispute.proposed_by,
            list=dispute.list_name,
        )


def _of_doubt(match: Match) -> Iterator[str]:
    if match.benign is not None:
        yield gettext(
            "The benign bank holds a harmless picture that is the same or looks alike: %(name)s.",
            name=match.benign.name,
        )
    if match.standing is Standing.DISPUTED:
        yield gettext("An entry of %(list)s behind this was disputed when it came.", list=match.list_name)
