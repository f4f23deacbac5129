"""From a case to a glimpse of the picture that it is about, or to why there is none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from upload_guard.errors import MasterKeyError, StorageFailed, Unavailable, VaultDamaged
from upload_guard.quarantine.cases import CaseInfo
from upload_guard.records import Analysis, Glimpse
from upload_guard.sandbox.pool import Sandbox
from upload_guard.vault.states import Kept


class Hindrance(StrEnum):
    """Why nothing can be shown of a case; none of these is another."""

    NOT_KEPT = "not_kept"
    COMING = "coming"
    LET_GO = "let_go"
    SHREDDED = "shredded"
    DAMAGED = "damaged"
    LOCKED = "locked"
    OUT_OF_REACH = "out_of_reach"
    NO_PICTURE = "no_picture"
    NOT_OPENED = "not_opened"
    UNKNOWN_FORMAT = "unknown_format"
    UNDECODABLE = "undecodable"
    OVER_LIMITS = "over_limits"
    BUSY = "busy"


_GONE = {
    Kept.NONE: Hindrance.NOT_KEPT,
    Kept.COMING: Hindrance.COMING,
    Kept.LET_GO: Hindrance.LET_GO,
    Kept.SHREDDING: Hindrance.SHREDDED,
    Kept.SHREDDED: Hindrance.SHREDDED,
}


@dataclass(frozen=True, slots=True)
class Sight:
    """`matched`: it is of the very view that a list names; else of the first in the file.

    Not `whole` is a file of which some could not be read.
    """

    glimpse: Glimpse
    matched: bool
    whole: bool


@dataclass(frozen=True, slots=True)
class Looker:
    """`sandbox` runs the task of `containers.glimpses`; each of its workers must see one file only, or one
    that a file has taken over could show its picture for another's."""

    sandbox: Sandbox

    def look(self, case: CaseInfo) -> Sight | Hindrance:
        if not case.kept.there:
            return _GONE[case.kept]
        try:
            found = self.sandbox.analyse(case.content)
        except VaultDamaged:
            return Hindrance.DAMAGED
        except MasterKeyError:
            return Hindrance.LOCKED
        except StorageFailed:
            return Hindrance.OUT_OF_REACH
        except Unavailable:
            return Hindrance.BUSY
        return _chosen(found, case)


def _chosen(found: Analysis, case: CaseInfo) -> Sight | Hindrance:
    if not found.glimpses:
        return _lack(found)
    whole = not (found.unscannable or found.unreadable)
    if not case.matches:
        return Sight(found.glimpses[0], matched=False, whole=whole)
    named = _named(found.glimpses, case.matches[0].view)
    return Sight(named or found.glimpses[0], matched=named is not None, whole=whole)


def _named(glimpses: Sequence[Glimpse], view: str) -> Glimpse | None:
    """That of the view, or the first in the file that an exact digest names so."""
    if not view:
        return glimpses[0]
    within = f"{view}, ", f"{view} > "
    return next((one for one in glimpses if one.view == view or one.view.startswith(within)), None)


def _lack(found: Analysis) -> Hindrance:
    reason = found.unscannable
    if reason == "unsupported_format":
        return Hindrance.UNKNOWN_FORMAT
    if reason == "timeout" or reason.startswith("too_m"):
        return Hindrance.OVER_LIMITS
    if reason:
        return Hindrance.UNDECODABLE
    return Hindrance.NOT_OPENED if found.unreadable else Hindrance.NO_PICTURE
