"""What the address of the queue asks for: its filters, its order, and from where on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode

from flask import url_for

from upload_guard.quarantine.showing.entries import EntryName, EntryNames
from upload_guard.quarantine.showing.queue import Filter, Order
from upload_guard.quarantine.states import SHOWN, UNDECIDED, CaseState

ALL = "all"
_NAMES = ("state", "site", "list", "category", "result", "entry", "late", "appeal", "number", "sort")
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class Asked:
    """`given` are the parts of the address that say something; cases of `entry` alone, if there is one."""

    which: Filter
    order: Order
    after: str = ""
    entry: EntryName | None = None
    given: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_filtered(self) -> bool:
        """Whether anything is left out that waits for a person."""
        return any(name != "sort" for name in self.given)

    @property
    def address(self) -> dict[str, str]:
        """The same page again, for `url_for`."""
        return dict(self.given) | ({"after": self.after} if self.after else {})

    def path(self) -> str:
        """To come back to."""
        query = urlencode(self.address)
        return url_for("review.queue.show") + (f"?{query}" if query else "")

    def value(self, name: str) -> str:
        """What a field of the form shows."""
        return self.given.get(name, "")


def asked(arguments: Mapping[str, str], entries: EntryNames) -> Asked:
    """Raises `UsageError` for an entry that is none. A state or order that is none is the usual one."""
    found = ((name, arguments.get(name, "").strip()[:_LONGEST]) for name in _NAMES)
    given = {name: value for name, value in found if value}
    entry = entries.named(given["entry"]) if "entry" in given else None
    which = Filter(
        # What is appealed against was decided, so it waits in none of the usual states.
        states=_states(given.get("state", ALL if "appeal" in given else "")),
        site=given.get("site", ""),
        list_name=given.get("list", ""),
        category=given.get("category", ""),
        result=given.get("result", ""),
        entry=entry.number if entry else None,
        late="late" in given,
        appealed="appeal" in given,
        number=given.get("number", ""),
    )
    order = Order.NEWEST if given.get("sort") == Order.NEWEST.value else Order.DEADLINE
    return Asked(which, order, arguments.get("after", "")[:_LONGEST], entry, given)


def _states(word: str) -> frozenset[CaseState]:
    if word == ALL:
        return SHOWN
    return frozenset({CaseState(word)}) if word in SHOWN else UNDECIDED
