"""What the person who retracts hashes is told: one mistyped digit, and the right hash goes on acting."""

from __future__ import annotations

from typing import TYPE_CHECKING

from upload_guard.errors import SnapshotDamaged

if TYPE_CHECKING:
    from upload_guard.lists.formats import ListedHash
    from upload_guard.lists.store import ListStore


def effect_of_retraction(store: ListStore, name: str, hashes: tuple[ListedHash, ...]) -> str:
    """How many of `hashes`, each there once, act where, in a sentence."""
    try:
        holders = list(store.holders(hashes))
    except SnapshotDamaged:
        return "What is active is not built here, so it cannot be told how many of them act."
    acting = sum(name in names for names in holders)
    on_none = {(one.signal_type, one.value) for one, names in zip(hashes, holders, strict=True) if not names}
    others = len(hashes) - acting - len(on_none)
    # Looking for these means reading the whole version.
    aside = {(one.signal_type, one.value) for one in store.put_aside(name)} & on_none if on_none else set()
    told = [f"{acting} in the active version, which stop acting within a second"]
    if others:
        told.append(f"{others} not in it, but in other lists, where they go on acting")
    if aside:
        told.append(f"{len(aside)} in it, but put aside by the gate, which did not act")
    if unknown := len(on_none) - len(aside):
        told.append(f"{unknown} on no active list (check for a mistyped digit)")
    return "; ".join(told) + "."
