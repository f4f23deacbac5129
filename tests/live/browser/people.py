"""One person of each role, and how they log in."""

from __future__ import annotations

from playwright.sync_api import Page

from tests.live.browser.visiting import Visit
from upload_guard.compose import open_database_of
from upload_guard.people.opening import open_gate
from upload_guard.people.roles import Role
from upload_guard.settings import Settings

VIEWER, REVIEWER, LIST_MANAGER, ADMINISTRATOR = "vera", "ruth", "liam", "ann"
ROLES = {
    VIEWER: Role.VIEWER,
    REVIEWER: Role.REVIEWER,
    LIST_MANAGER: Role.LIST_MANAGER,
    ADMINISTRATOR: Role.ADMINISTRATOR,
}
PASSWORD = "nine clouds over an old harbour"  # noqa: S105 - of nobody


def add_people(settings: Settings) -> None:
    people = open_gate(settings, open_database_of(settings)).people
    for name, role in ROLES.items():
        people.add(name, role, PASSWORD, "tester")


def signed_in(visit: Visit, name: str, wanted: str = "/review/") -> Page:
    """Ask for a page as somebody who is not logged in, and log in; the page that was asked for."""
    page = visit.open(wanted)
    page.fill("#name", name)
    page.fill("#password", PASSWORD)
    page.locator("main button[type=submit]").click()
    page.wait_for_url(visit.url + wanted)
    return page
