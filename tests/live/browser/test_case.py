"""The page of one case in a real browser: what a person is shown of a file, and what that leaves behind."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from tests.live.browser.axe import violations
from tests.live.browser.furnished import Furnished
from tests.live.browser.keyboard import tab_to
from tests.live.browser.people import ADMINISTRATOR, REVIEWER, signed_in
from tests.live.browser.visiting import Visit
from upload_guard.compose import open_database_of
from upload_guard.glimpses.reveals import REVEALED
from upload_guard.storage.vault_tables import AuditRow

pytestmark = pytest.mark.live

# Its pixels, as the browser has them: no colour, and how large.
# An image without its bytes yet is visible already and has no pixels: decode waits for them.
_SEEN = """async img => {
  await img.decode();
  const canvas = document.createElement('canvas');
  canvas.width = img.naturalWidth; canvas.height = img.naturalHeight;
  const paint = canvas.getContext('2d');
  paint.drawImage(img, 0, 0);
  const data = paint.getImageData(0, 0, canvas.width, canvas.height).data;
  let grey = true;
  for (let at = 0; at < data.length; at += 4) grey &&= data[at] === data[at + 1] && data[at] === data[at + 2];
  return {width: canvas.width, height: canvas.height, grey};
}"""


def test_a_glimpse_takes_a_reason_and_is_grey_small_and_gone_with_the_page(
    visit: Visit, furnished: Furnished
) -> None:
    path = f"/review/cases/{furnished.repeated}"
    page = signed_in(visit, REVIEWER, path)
    assert page.locator("img").count() == 0
    page.keyboard.press("v")
    button = page.get_by_role("button", name="Show step 1 of 2")
    button.click()
    # Where the browser asks for what is missing; without a reason nothing is sent.
    reason = page.locator("#reason-reveal")
    expect(reason).to_be_focused()
    assert page.locator("img").count() == 0
    reason.select_option(index=1)
    button.click()
    glimpse = page.locator("img.glimpse")
    expect(glimpse).to_be_visible()
    seen = glimpse.evaluate(_SEEN)
    assert seen["grey"]
    assert 0 < max(seen["width"], seen["height"]) <= 96
    address = str(glimpse.get_attribute("src"))
    assert page.request.get(visit.url + address).status == 404
    visit.open(path)
    assert page.locator("img").count() == 0
    expect(page.get_by_text("shown once, last to ruth")).to_be_visible()
    assert _revealed_to(furnished) == [REVIEWER]


def test_steps_come_one_after_another_up_to_what_the_role_may(visit: Visit, furnished: Furnished) -> None:
    page = signed_in(visit, REVIEWER, f"/review/cases/{furnished.alike}")
    for step in (1, 2):
        page.keyboard.press("v")
        page.locator("#reason-reveal").select_option(index=1)
        page.get_by_role("button", name=f"Show step {step} of 2").click()
        expect(page.locator("figure")).to_contain_text(f"Step {step}.")
    expect(page.get_by_role("button", name="Show step 3")).to_have_count(0)


def test_what_would_have_changed_this_comes_when_asked_for(visit: Visit, furnished: Furnished) -> None:
    page = signed_in(visit, ADMINISTRATOR, f"/review/cases/{furnished.alike}")
    page.get_by_role("link", name="What would have changed this?").click()
    expect(page.get_by_role("heading", name="What would have changed this")).to_be_visible()
    assert page.url.endswith(furnished.alike)
    assert violations(page) == []


def test_a_decision_can_be_taken_back_at_once(visit: Visit, furnished: Furnished) -> None:
    page = signed_in(visit, REVIEWER, f"/review/cases/{furnished.illegal}")
    _decide(page, "f", "False positive")
    page.get_by_role("button", name="Undo").click()
    page.wait_for_url(f"**/cases/{furnished.illegal}")
    expect(page.locator("h1 .state")).to_have_text("open", ignore_case=True)


def _decide(page: Page, key: str, name: str) -> None:
    page.keyboard.press(key)
    page.keyboard.press("ArrowDown")
    tab_to(page, page.get_by_role("button", name=name, exact=True))
    page.keyboard.press("Enter")


def _revealed_to(furnished: Furnished) -> list[str]:
    wanted = select(AuditRow.person).where(
        AuditRow.case_number == furnished.repeated, AuditRow.act == REVEALED
    )
    with open_database_of(furnished.settings).session() as session:
        return list(session.scalars(wanted))
