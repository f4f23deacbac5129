"""Lists in a real browser: a version that waits is let pass, acts, and makes room for the one before it."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.live.browser.axe import violations
from tests.live.browser.furnished import NATIONAL, PARTNER, Furnished
from tests.live.browser.people import LIST_MANAGER, REVIEWER, signed_in
from tests.live.browser.tour import LOOKS, picture
from tests.live.browser.visiting import Visit
from upload_guard.compose import open_lists

pytestmark = pytest.mark.live

# Activations are built by a process of its own.
PATIENCE = 120_000


def test_a_held_version_is_let_pass_activated_and_rolled_back(visit: Visit, furnished: Furnished) -> None:
    page = signed_in(visit, LIST_MANAGER, "/review/lists")
    page.get_by_role("link", name="Version 2 waits: look at it.").click()
    page.get_by_role("button", name="Ask the gate now").click()
    _comes_to(page, "The gate holds it: it shrinks from 69 to 6 acting entries.")
    page.get_by_role("link", name=f"Version 2 of {PARTNER}").click()
    expect(page.get_by_role("button", name="Let version 2 pass the gate")).to_be_visible()
    expect(page.get_by_role("button", name="Activate version 2")).to_have_count(0)
    page.get_by_label("Reason").fill("merged with another list, says J. Doe")
    page.get_by_role("button", name="Let version 2 pass the gate").click()
    page.get_by_role("button", name="Activate version 2").click()
    _comes_to(page, "Version 2 acts now, with 6 entries.")
    picture(page, "list-task", LOOKS[0])
    assert violations(page) == []
    assert _active(furnished) == 2
    visit.open(f"/review/lists/{PARTNER}/1")
    page.get_by_role("button", name="Go back to version 1").click()
    _comes_to(page, re.compile("Version 1 acts now"))
    assert _active(furnished) == 1


def test_what_the_breaker_lowered_is_decided_with_a_reason(visit: Visit) -> None:
    page = signed_in(visit, LIST_MANAGER, f"/review/lists/{NATIONAL}")
    lowered = page.get_by_role("article")
    before = lowered.count()
    first = lowered.first
    first.get_by_label("Reason").fill("our own logo")
    first.get_by_role("button", name="Confirm: keep it lowered").click()
    expect(lowered).to_have_count(before)
    expect(page.get_by_text(f"{LIST_MANAGER} said that it is doubtful: our own logo")).to_be_visible()


def test_whoever_reviews_may_look_at_lists_and_not_touch_them(visit: Visit) -> None:
    page = signed_in(visit, REVIEWER, f"/review/lists/{PARTNER}/2")
    expect(page.get_by_text("Your role may look, and not change lists.")).to_be_visible()
    expect(page.locator("main").get_by_role("button")).to_have_count(0)


def _comes_to(page: Page, said: str | re.Pattern[str]) -> None:
    """The page of a task looks by itself until it is done."""
    expect(page.locator("#state")).to_contain_text(said, timeout=PATIENCE)


def _active(furnished: Furnished) -> int:
    versions = open_lists(furnished.settings).versions()
    return next(one.number for one in versions if one.list_name == PARTNER and one.active)
