"""Logging in and out, in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pyotp
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.live.browser.axe import violations
from tests.live.browser.people import PASSWORD, REVIEWER, VIEWER, add_people
from tests.live.browser.visiting import Visit, visiting
from tests.serving import sidecar, write_config
from upload_guard.loading import load_settings

pytestmark = pytest.mark.live


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A sidecar as it comes: whoever decides needs a telephone to log in."""
    config = write_config(tmp_path_factory.mktemp("door") / "sidecar.toml", {}, data_dir="data")
    add_people(load_settings(config))
    with sidecar(config) as address:
        yield address


def test_whoever_decides_logs_in_with_a_password_and_a_telephone(browser: Browser, url: str) -> None:
    with visiting(browser, url) as visit:
        page = _at_the_door(visit)
        _try(page, REVIEWER, PASSWORD)
        expect(page.get_by_role("heading", level=1)).to_have_text("Your phone")
        assert violations(page) == []
        telephone = pyotp.TOTP(_typed_off(page))
        _send_code(page, telephone.now())
        expect(page.locator(".codes li")).to_have_count(10)
        assert violations(page) == []
        page.get_by_role("button", name="I have kept them").click()
        expect(page.locator("header")).to_contain_text(REVIEWER)
    with visiting(browser, url) as visit:
        page = _at_the_door(visit)
        _try(page, REVIEWER, PASSWORD)
        _send_code(page, "000000")
        assert visit.watch.refused() == [401]
        assert violations(page) == []
        # The code of this half minute was used to enrol, and no code is heard twice.
        _send_code(page, telephone.at(datetime.now(UTC), counter_offset=1))
        page.wait_for_url(f"{url}/review/")


def test_whoever_logs_out_is_out_also_for_the_back_button(browser: Browser, url: str) -> None:
    with visiting(browser, url) as visit:
        page = _at_the_door(visit)
        _try(page, VIEWER, PASSWORD)
        expect(page.locator("header")).to_contain_text(VIEWER)
        page.get_by_role("button", name="Log out").click()
        page.wait_for_url("**/review/log-in")
        page.go_back()
        page.wait_for_url("**/review/log-in**")
        expect(page.locator("header")).not_to_contain_text(VIEWER)


def test_after_six_wrong_passwords_the_right_one_is_not_heard_either(browser: Browser, url: str) -> None:
    with visiting(browser, url) as visit:
        for _ in range(6):
            _try(_at_the_door(visit), VIEWER, "not this one")
        assert visit.watch.refused() == [401] * 5 + [429]
        page = _at_the_door(visit)
        _try(page, VIEWER, PASSWORD)
        assert visit.watch.refused() == [429]
        expect(page.get_by_role("main")).to_contain_text("Please wait a while")
        assert violations(page) == []


def _at_the_door(visit: Visit) -> Page:
    return visit.open("/review/log-in")


def _try(page: Page, name: str, password: str) -> None:
    page.fill("#name", name)
    page.fill("#password", password)
    with page.expect_navigation():
        page.keyboard.press("Enter")


def _typed_off(page: Page) -> str:
    return page.locator("code.secret").inner_text().replace(" ", "")


def _send_code(page: Page, code: str) -> None:
    page.fill("#code", code)
    with page.expect_navigation():
        page.keyboard.press("Enter")
