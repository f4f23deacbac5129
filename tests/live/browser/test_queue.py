"""The queue in a real browser: by keyboard, while it changes, and for who may only look."""

from __future__ import annotations

import re

import pytest
import requests
from playwright.sync_api import Browser, Page, expect

from tests.live.browser.furnished import TO_COME, Furnished
from tests.live.browser.keyboard import focused, tab_to
from tests.live.browser.people import REVIEWER, VIEWER, signed_in
from tests.live.browser.visiting import Visit, visiting
from tests.serving import Signs, key_of
from tests.support import picture_bytes
from upload_guard.compose import open_cases

pytestmark = pytest.mark.live

QUEUE = "/review/queue"


def test_a_case_is_decided_by_keyboard_alone(visit: Visit, furnished: Furnished) -> None:
    page = signed_in(visit, REVIEWER, QUEUE)
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    _walk_to(page, furnished.illegal)
    page.keyboard.press("c")
    page.wait_for_url("**/queue/decide?**")
    tab_to(page, page.get_by_label("Reason"))
    page.keyboard.press("ArrowDown")
    tab_to(page, page.get_by_role("button", name="Confirm"))
    page.keyboard.press("Enter")
    page.wait_for_url(visit.url + QUEUE)
    expect(page.get_by_text("One case is decided.")).to_be_visible()
    assert open_cases(furnished.settings).one(furnished.illegal).state == "confirmed"


def test_from_the_case_itself_by_keyboard_and_on_to_the_next(visit: Visit, furnished: Furnished) -> None:
    page = signed_in(visit, REVIEWER, QUEUE)
    _walk_to(page, furnished.unread)
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/cases/{furnished.unread}")
    page.keyboard.press("e")
    page.keyboard.press("ArrowDown")
    tab_to(page, page.get_by_role("button", name="Escalate", exact=True))
    page.keyboard.press("Enter")
    page.wait_for_url(f"**decided={furnished.unread}")
    expect(page.locator(".message.done strong")).to_have_text("escalated", ignore_case=True)
    assert open_cases(furnished.settings).one(furnished.unread).state == "escalated"


def test_back_and_forward_lead_where_they_say(visit: Visit, furnished: Furnished) -> None:
    page = signed_in(visit, REVIEWER, f"{QUEUE}?list=national")
    page.locator(f"#open-{furnished.alike}").click()
    page.wait_for_url(f"**/cases/{furnished.alike}")
    page.go_back()
    expect(page.locator("select[name=list]")).to_have_value("national")
    expect(page.locator(f"#open-{furnished.alike}")).to_be_visible()
    page.go_forward()
    expect(page.get_by_role("heading", level=1)).to_contain_text(furnished.alike)


def test_what_comes_in_meanwhile_is_shown_and_takes_nothing_out_of_hand(
    visit: Visit, furnished: Furnished, url: str
) -> None:
    visit.page.clock.install()
    page = signed_in(visit, REVIEWER, QUEUE)
    marked = page.locator(f"#mark-{furnished.alike}")
    marked.check()
    _walk_to(page, furnished.alike)
    page.evaluate("() => { window.same = true; }")
    requests.post(
        f"{url}/v1/check",
        data=picture_bytes(TO_COME),
        auth=Signs(key_of(furnished.config, "shop")),
        timeout=30,
    ).raise_for_status()
    number = open_cases(furnished.settings).newest(1)[0].number
    page.clock.run_for(16_000)
    expect(page.locator(f"#open-{number}")).to_be_visible()
    assert page.evaluate("() => window.same"), "the page was loaded anew"
    # Given back a moment after the new lines are there.
    expect(page.locator(f"#open-{furnished.alike}")).to_be_focused()
    expect(marked).to_be_checked()


def test_whoever_may_only_look_finds_no_button_and_the_door_behind_it_shut(
    visit: Visit, furnished: Furnished
) -> None:
    page = signed_in(visit, VIEWER, QUEUE)
    expect(page.locator(f"#open-{furnished.alike}")).to_be_visible()
    expect(page.get_by_role("checkbox", name=re.compile("Mark"))).to_have_count(0)
    expect(page.get_by_role("button", name=re.compile("Release|Confirm|Escalate"))).to_have_count(0)
    visit.open(f"/review/cases/{furnished.alike}")
    expect(page.get_by_text("Your role may see cases and not decide about them.")).to_be_visible()
    expect(page.get_by_role("heading", name="Look at it")).to_have_count(0)
    visit.open(f"{QUEUE}/decide?ruling=release&case={furnished.alike}")
    assert visit.watch.refused() == [403]


def test_without_any_script_cases_are_marked_and_decided(
    browser: Browser, url: str, furnished: Furnished
) -> None:
    with visiting(browser, url, javascript=False) as visit:
        page = signed_in(visit, REVIEWER, QUEUE)
        page.locator(f"#mark-{furnished.proposed}").check()
        page.get_by_role("button", name="Release …").click()
        form = page.locator("#decide-release")
        form.get_by_label("Reason").select_option(index=1)
        form.get_by_role("button", name="Release").click()
        expect(page.get_by_text("One case is decided.")).to_be_visible()
    assert open_cases(furnished.settings).one(furnished.proposed).state == "released"


def test_in_dutch_once_somebody_asks_for_it(visit: Visit) -> None:
    page = signed_in(visit, VIEWER, f"{QUEUE}?list=national")
    page.get_by_role("button", name="Nederlands").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Wachtrij")
    expect(page.locator("html")).to_have_attribute("lang", "nl")
    assert page.url == f"{visit.url}{QUEUE}?list=national"


def _walk_to(page: Page, number: str) -> None:
    """By j, from the top down."""
    for _ in range(page.locator("a.case").count()):
        page.keyboard.press("j")
        if focused(page) == f"open-{number}":
            return
    raise AssertionError(f"j does not lead to {number}")
