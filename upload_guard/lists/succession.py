"""Whether a new version of a list follows the one that acts by itself, or waits for a person."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from upload_guard.lists.versions import VersionInfo, Way


@dataclass(frozen=True, slots=True)
class Examination:
    """What the gate says of a version: the reasons to hold it back, none if it may act."""

    reasons: tuple[str, ...] = ()


Examine = Callable[[VersionInfo], Examination]


def pass_always(_version: VersionInfo) -> Examination:
    """A gate that stands open."""
    return Examination()


def why_it_waits(version: VersionInfo, versions: Sequence[VersionInfo], examine: Examine) -> str:
    """Why `version`, just imported, is not to act by itself, as part of a sentence; empty if it may.

    `versions` are all of them, of this list and others.
    """
    ours = [one for one in versions if one.list_name == version.list_name]
    if not any(one.active for one in ours):
        return "no version of the list acts yet"
    activations = sorted((one for info in ours for one in info.activations), key=lambda one: one.at)
    # What was wrong with the version that was left is likely in the supplier's next one too.
    if activations[-1].way is Way.ROLLBACK:
        return f"the list was rolled back to version {activations[-1].number}"
    return "; ".join(examine(version).reasons)
