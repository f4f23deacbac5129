"""Whether a new version of a list follows the one that acts by itself, or waits for a person."""

from __future__ import annotations

from collections.abc import Sequence

from upload_guard.lists.store import ListStore, Tell, say_nothing
from upload_guard.lists.versions import VersionInfo, Way
from upload_guard.matching.build import Progress, no_progress


def why_it_waits(version: VersionInfo, versions: Sequence[VersionInfo]) -> str:
    """Why `version`, just imported, is not to act by itself, as part of a sentence; empty if it may try.

    The gate has its say at the activation itself. `versions` are all of them, of this list and others.
    """
    ours = [one for one in versions if one.list_name == version.list_name]
    if not any(one.active for one in ours):
        return "no version of the list acts yet"
    activations = sorted((one for info in ours for one in info.activations), key=lambda one: one.at)
    # What was wrong with the version that was left is likely in the supplier's next one too.
    if activations[-1].way is Way.ROLLBACK:
        return f"the list was rolled back to version {activations[-1].number}"
    return ""


def follow(
    store: ListStore,
    version: VersionInfo,
    manual: bool,
    person: str,
    progress: Progress = no_progress,
    tell: Tell = say_nothing,
) -> str:
    """Let `version`, just imported, act if it may; why it waits, as part of a sentence, empty if it acts now.

    `manual` where its list is set to. Raises `ListHeld` where the gate holds it, `ListError` where that
    refuses it.
    """
    waits = f'activate = "manual" in [lists.{version.list_name}]' if manual else ""
    waits = waits or why_it_waits(version, store.versions())
    if not waits:
        store.activate(version.list_name, version.number, person, progress, tell, Way.AUTOMATIC)
    return waits
