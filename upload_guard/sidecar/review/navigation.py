"""Where one can go, in the order of the menu. One line a page."""

from __future__ import annotations

from dataclasses import dataclass

from flask_babel import LazyString, lazy_gettext

from upload_guard.people.roles import Permission, Person


@dataclass(frozen=True, slots=True)
class Entry:
    endpoint: str
    label: LazyString
    permission: Permission


ENTRIES = (
    Entry("review.home.start", lazy_gettext("Start"), Permission.SEE),
    Entry("review.queue.show", lazy_gettext("Queue"), Permission.SEE),
    Entry("review.reports.overview", lazy_gettext("Reports"), Permission.REPORT),
    Entry("review.incoming.overview", lazy_gettext("Notices"), Permission.DECIDE),
    Entry("review.lists.overview_page", lazy_gettext("Lists"), Permission.SEE),
    Entry("review.statistics.figures", lazy_gettext("Statistics"), Permission.SEE),
    Entry("review.customers.overview", lazy_gettext("Customers"), Permission.SEE),
    Entry("review.persons.overview", lazy_gettext("Persons"), Permission.ADMINISTER),
)


def entries_for(person: Person | None) -> tuple[Entry, ...]:
    """What this person's menu has; nothing before somebody is logged in."""
    return tuple(entry for entry in ENTRIES if person is not None and person.may(entry.permission))
